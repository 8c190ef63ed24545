#pragma once

#include <memory>

#include <semlink/channel/awgn.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/none/uncoded.h>
#include <semlink/link/link.h>

namespace semlink {

/// Images of 8x8 with values uniform in [0, 1]; endless.
class NoiseImages final : public Source {
 public:
  Sample sample(const TrialRng& rng) const override {
    Sample sample;
    sample.id = static_cast<std::int64_t>(rng.trial);
    sample.image.height = 8;
    sample.image.width = 8;
    sample.image.values.resize(192);
    Stream stream = rng.stream(Purpose::sample);
    for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
    return sample;
  }
  Index size() const override { return 0; }
};

/// Uncoded images over AWGN with a genie receiver.
inline Link uncoded_awgn_link(double snr_db) {
  Link link;
  link.source = std::make_unique<NoiseImages>();
  link.codec = std::make_unique<UncodedCodec>();
  link.encoder_gate = std::make_unique<AlwaysOpen>();
  link.gate = std::make_unique<AlwaysOpen>();
  link.framer = std::make_unique<Framer>(Framer::Settings{});
  link.front_end = std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing);
  link.channel = std::make_unique<AwgnChannel>();
  link.point.snr_db = snr_db;
  return link;
}

}  // namespace semlink
