#include <semlink/channel/snr_settings.h>

#include <cmath>

namespace semlink {

void SnrSettings::declare(Keys& keys) {
  keys.number("channel.snr_db", snr_db)
      .unit("dB")
      .range(-50, 100)
      .help("average Es/N0 at the receiver; channel.snr_convention can give the label another meaning");
  keys.choice("channel.snr_convention", convention, {"esn0", "deep_jscc_pytorch", "deepjscc_v", "kaira"})
      .help("what the label means: Es/N0, Es/N0 - 3.01 dB, Es/N0 + 3.01 dB, or the SNR after the fade of each frame");
}

ChannelPoint SnrSettings::point() const {
  ChannelPoint point{.snr_db = snr_db};
  const double factor_two_db = 10 * std::log10(2.0);
  if (convention == "deep_jscc_pytorch") point.snr_db += factor_two_db;
  if (convention == "deepjscc_v") point.snr_db -= factor_two_db;
  point.noise_follows_gain = convention == "kaira";
  return point;
}

}  // namespace semlink
