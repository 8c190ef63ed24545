#pragma once

#include <memory>
#include <string>

#include <semlink/channel/channel.h>
#include <semlink/channel/framer.h>
#include <semlink/channel/front_end.h>
#include <semlink/codecs/codec.h>
#include <semlink/data/source.h>
#include <semlink/link/trial_result.h>

namespace semlink {

/// One of each: everything a trial needs, const once built, shared by all threads.
struct Link {
  std::unique_ptr<const Source> source;
  std::unique_ptr<const Codec> codec;
  std::unique_ptr<const GatePolicy> encoder_gate;
  std::unique_ptr<const GatePolicy> gate;
  std::unique_ptr<const Framer> framer;
  std::unique_ptr<const FrontEnd> front_end;
  std::unique_ptr<const Channel> channel;
  std::string transmitter_snr = "average";  ///< average | instantaneous | delayed | none | a number in dB
  ChannelPoint point;
};

/// What a trial saw on the way, for replay and pictures.
struct TrialTrace {
  Sample sample;
  Payload payload;
  ChannelState state;
  Received received;
  Output output;
};

/// One trial: a sample through the whole link. The same arguments give the same result, to the bit.
/// `trace` may be null; else it receives the intermediate values.
TrialResult run_trial(const Link& link, const TrialRng& rng, TrialTrace* trace = nullptr);

}  // namespace semlink
