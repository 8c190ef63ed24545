#pragma once

#include <array>
#include <cstdint>

#include <semlink/core/types.h>

namespace semlink::train {

/// Running squared error by how much a channel can carry, so that losses of good and bad channels can be weighed
/// against one another: without it a bad channel, whose error is a hundred times that of a good one, is nearly all of
/// the gradient.
class LossBalance {
 public:
  static constexpr std::size_t kBins = 24;

  /// Bits that the payload could carry per token of the image, width * kept share * log2(1 + SNR), as a bin.
  static std::size_t bin(double snr_db, Index width, double kept_share);

  /// (0.004 / typical squared error of the bin)^exponent; 0.004 is 24 dB.
  double weight(std::size_t bin, double exponent) const;
  void add(std::size_t bin, double mse);

  /// For checkpoints.
  const std::array<double, kBins>& typical() const { return typical_; }
  void restore(const std::array<double, kBins>& typical) { typical_ = typical; }

 private:
  std::array<double, kBins> typical_ = starting_point();
  static std::array<double, kBins> starting_point();
};

}  // namespace semlink::train
