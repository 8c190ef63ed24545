#pragma once

#include <optional>
#include <string>

#include <semlink/channel/channel.h>
#include <semlink/core/keys.h>

namespace semlink {

/// Which power of a payload the label of a point is about.
enum class LabelPower {
  frame,  ///< the mean power of this very payload: its Es/N0 is the point's
  batch,  ///< the mean over many images, of which this one has more or less: its Es/N0 goes with its share
  peak,   ///< that of its largest real part: Es/N0 is lower by how far the mean of its reals' squares is below it
};

/// The SNR label of a scenario and what it means. Published codes print the same word for different things; each
/// convention can be had by name, so that a published curve can be run at its own labels. By `channel.snr_convention`:
///   - `esn0` (default; ADJSCC, DeepJSCC-l++): the label is Es/N0 of a complex symbol.
///   - `deep_jscc_pytorch` (chunbaobao/Deep-JSCC-PyTorch and its forks): unit power per real dimension over the noise
///     power of both; Es/N0 = label + 3.01 dB.
///   - `deepjscc_v` (wyzhang-ustb's PADC and DeepJSCC-V): noise of variance 2/snr on every real of unit power;
///     Es/N0 = label - 3.01 dB.
///   - `kaira` (Kaira's flat fading): the noise follows the received power; the SNR of every frame is the label.
///   - `swinjscc` (SwinJSCC, WITT, NTSCC, MambaJSCC): power 1 over a whole batch; an image's Es/N0 is the label times
///   its
///     share of the batch's power.
///   - `deepsc` (13274086/DeepSC and zyy598/DeepSC): the same with unit power per real dimension, as
///     `deep_jscc_pytorch`; their batches may also have less than that, which no label tells.
///   - `oceanbloom` (OceanBloom/DeepJSCC-for-Wireless-Image-Transmission): a batch of 64 is scaled to the energy of one
///     image; Es/N0 = label - 18.06 dB, times the share.
///   - `vl_vfe` (VL-VFE's "PSNR"): peak power of a real over the noise variance per real; the average SNR is lower by
///     the payload's peak-to-average ratio.
/// In the last four the SNR of a frame depends on its content; header and pilots meet the payload's noise. They are for
/// analog payloads only.
struct SnrSettings {
  double snr_db = 10;
  std::optional<double> ebn0_db;  ///< instead of snr_db, per information bit
  std::string convention = "esn0";

  /// Declares `channel.snr_db`, `channel.ebn0_db` and `channel.snr_convention`.
  void declare(Keys& keys);
  /// The point with the true Es/N0. `esn0_over_ebn0_db` is 10 log10 of the information bits per payload slot; empty
  /// for analog payloads, which have no energy per bit: Eb/N0 is refused for them, and together with a convention, by
  /// Error(bad_scenario).
  ChannelPoint point(std::optional<double> esn0_over_ebn0_db = std::nullopt) const;
  LabelPower label_power() const;
};

}  // namespace semlink
