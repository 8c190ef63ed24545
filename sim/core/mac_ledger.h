#pragma once

#include <cstdint>

namespace semlink {

class Profile;

/// Compute of one side of the link, counted where it happens from the sizes at the call.
/// A MAC is one multiply-accumulate of a matrix product, convolution or attention score; norms, activations, softmax and
/// bias are scalar operations.
struct MacLedger {
  std::int64_t macs = 0;
  std::int64_t scalar_ops = 0;
  Profile* profile = nullptr;  ///< where stages note their time beside their MACs; null when nobody asks

  void product(std::int64_t rows, std::int64_t inner, std::int64_t cols) { macs += rows * inner * cols; }
};

}  // namespace semlink
