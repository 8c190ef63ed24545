#include <semlink/channel/snr_settings.h>

#include <cmath>

#include <semlink/core/error.h>

namespace semlink {

void SnrSettings::declare(Keys& keys) {
  keys.number("channel.snr_db", snr_db)
      .unit("dB")
      .range(-50, 100)
      .help("average Es/N0 at the receiver; channel.snr_convention can give the label another meaning");
  keys.optional_number("channel.ebn0_db", ebn0_db)
      .unit("dB")
      .range(-50, 100)
      .help(
          "average Eb/N0 per information bit instead of channel.snr_db, for payloads of bits; as in "
          "fec.info_bits, the CRC of a block counts as information; header and pilots are not in it");
  keys.choice("channel.snr_convention", convention,
              {"esn0", "deep_jscc_pytorch", "deepjscc_v", "kaira", "swinjscc", "deepsc", "oceanbloom", "vl_vfe"})
      .help(
          "what the label means: Es/N0, Es/N0 - 3.01 dB, Es/N0 + 3.01 dB, the SNR after the fade of each frame, Es/N0 "
          "at "
          "the mean power of a batch of images, that - 3.01 dB, that + 18.06 dB, or peak power over noise");
}

ChannelPoint SnrSettings::point(std::optional<double> esn0_over_ebn0_db) const {
  if (ebn0_db) {
    const std::string got = "channel.ebn0_db = " + std::to_string(*ebn0_db) + ": ";
    if (!esn0_over_ebn0_db)
      throw Error(ErrorCode::bad_scenario, got + "expected channel.snr_db; an analog payload has no energy per bit");
    if (convention != "esn0")
      throw Error(ErrorCode::bad_scenario, got + "expected channel.snr_convention = esn0 with it, not " + convention);
    return {.snr_db = *ebn0_db + *esn0_over_ebn0_db};
  }
  ChannelPoint point{.snr_db = snr_db};
  const double factor_two_db = 10 * std::log10(2.0);
  if (convention == "deep_jscc_pytorch" || convention == "deepsc") point.snr_db += factor_two_db;
  if (convention == "deepjscc_v") point.snr_db -= factor_two_db;
  if (convention == "oceanbloom") point.snr_db -= 6 * factor_two_db;  // a 64th
  point.noise_follows_gain = convention == "kaira";
  return point;
}

LabelPower SnrSettings::label_power() const {
  if (convention == "vl_vfe") return LabelPower::peak;
  const bool is_batch = convention == "swinjscc" || convention == "deepsc" || convention == "oceanbloom";
  return is_batch ? LabelPower::batch : LabelPower::frame;
}

}  // namespace semlink
