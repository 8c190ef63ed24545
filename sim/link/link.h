#pragma once

#include <memory>
#include <string>

#include <semlink/channel/bit_transport.h>
#include <semlink/channel/channel.h>
#include <semlink/channel/framer.h>
#include <semlink/channel/front_end.h>
#include <semlink/channel/snr_settings.h>
#include <semlink/channel/waveform/flex_frame.h>
#include <semlink/codecs/codec.h>
#include <semlink/core/profile.h>
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
  std::unique_ptr<const BitTransport> transport;  ///< carries the bits of a digital codec; null where payloads are analog
  /// Packets of liquid-dsp in place of framer, transport and front end; null: none. Their channel is a WaveformChannel.
  std::unique_ptr<const FlexFrame> packets;
  std::unique_ptr<const FrontEnd> front_end;
  std::unique_ptr<const Channel> channel;
  std::string transmitter_snr = "average";  ///< average | instantaneous | delayed | none | a number in dB; see `snr_report`
  double report_error_db = 0;     ///< standard deviation of a normal error of measured reports
  double report_step_db = 0;      ///< grid of reports; 0: not rounded
  double report_correlation = 0;  ///< of the scattered gain told by `delayed` with that of the frame
  ChannelPoint point;
  LabelPower label_power = LabelPower::frame;  ///< what power the point's SNR is about
  double batch_power = 1;                      ///< of LabelPower::batch: see `mean_unscaled_power`
  std::string point_name;  ///< how errors call the point, e.g. "point 3 (channel.snr_db = 10)"; may be empty
};

/// What the transmitter is told of the SNR in dB before it encodes:
///   average        the point's Es/N0
///   instantaneous  Es/N0 times |h|^2 of the first channel use of this frame (with block fading: of the whole frame)
///   delayed        the same of an earlier gain, `Channel::earlier_gain`: rho is the correlation of the scattered part
///   over
///                  the delay of the report (J0(2 pi f_D tau) by Jakes); 0: worth no more than the direct path, which
///                  stays. The label itself where nothing fades
///   none           nothing
///   a number       that number, right or wrong
/// Reports other than a number then get a normal error of `report_error_db` and are rounded to multiples of
/// `report_step_db`. Throws Error(bad_scenario) for any other text.
SnrReport snr_report(const Link& link, const TrialRng& rng);

/// Mean power that the payloads of trials 0 to `num_trials` - 1 have before they are scaled to power 1: the power of a
/// batch for a `link` whose labels are about one. `rng` is that of any trial. Throws as `run_trial` does.
double mean_unscaled_power(const Link& link, const TrialRng& rng, std::uint64_t num_trials);

/// What a trial saw on the way, for replay and pictures.
struct TrialTrace {
  Sample sample;
  Payload payload;
  ChannelState state;
  Received received;
  Output output;
  DecisionTrace encoder_decisions;
  DecisionTrace decoder_decisions;
};

/// One trial: a sample through the whole link. The same arguments give the same result, to the bit.
/// `trace` may be null; else it receives the intermediate values. `profile` may be null; else the stages' times are added to it.
/// Throws Error(non_finite), naming seed, point and trial, when a NaN or infinity appears on the way.
TrialResult run_trial(const Link& link, const TrialRng& rng, TrialTrace* trace = nullptr,
                      Profile* profile = nullptr);

}  // namespace semlink
