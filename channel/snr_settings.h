#pragma once

#include <optional>
#include <string>

#include <semlink/channel/channel.h>
#include <semlink/core/keys.h>

namespace semlink {

/// The SNR label of a scenario and what it means. Published codes print the same word for different things; each
/// convention that is a shift or a normalisation of one frame can be had by name, so that a published curve can be run
/// at its own labels. By `channel.snr_convention`:
///   - `esn0` (default; ADJSCC, DeepJSCC-l++): the label is Es/N0 of a complex symbol.
///   - `deep_jscc_pytorch` (chunbaobao/Deep-JSCC-PyTorch and its forks): unit power per real dimension over the noise
///     power of both; Es/N0 = label + 3.01 dB.
///   - `deepjscc_v` (wyzhang-ustb's PADC and DeepJSCC-V): noise of variance 2/snr on every real of unit power;
///     Es/N0 = label - 3.01 dB.
///   - `kaira` (Kaira's flat fading): the noise follows the received power; the SNR of every frame is the label.
/// Conventions that depend on the power of a whole batch (SwinJSCC, WITT, NTSCC, DeepSC) or on peak power are not label
/// shifts and are not here.
struct SnrSettings {
  double snr_db = 10;
  std::optional<double> ebn0_db;  ///< instead of snr_db, per information bit
  std::string convention = "esn0";

  /// Declares `channel.snr_db`, `channel.ebn0_db` and `channel.snr_convention`.
  void declare(Keys& keys);
  /// The point with the true Es/N0. `esn0_over_ebn0_db` is 10 log10 of the information bits per payload symbol; empty
  /// for analog payloads, which have no energy per bit: Eb/N0 is refused for them, and together with a convention, by
  /// Error(bad_scenario).
  ChannelPoint point(std::optional<double> esn0_over_ebn0_db = std::nullopt) const;
};

}  // namespace semlink
