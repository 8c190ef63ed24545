#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace semlink::test {

/// Kolmogorov-Smirnov test of independent values against a continuous distribution function: sqrt(n) times the largest
/// distance exceeds 2.7 once in a million samples (2 exp(-2 2.7^2) = 9e-7).
template <typename Distribution>
void expect_distributed(std::vector<double> values, const Distribution& distribution) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = distribution(values[i]);
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, expected - rank / n, (rank + 1) / n - expected});
  }
  EXPECT_LT(std::sqrt(n) * distance, 2.7);
}

}  // namespace semlink::test
