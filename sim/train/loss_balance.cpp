#include <semlink/train/loss_balance.h>

#include <algorithm>
#include <cmath>

namespace semlink::train {

namespace {

constexpr double kLowestBits = 0.5;
constexpr double kHighestBits = 90;
constexpr double kDecay = 0.99;
constexpr double kReference = 0.004;

}  // namespace

std::size_t LossBalance::bin(double snr_db, Index width, double kept_share) {
  const double bits = static_cast<double>(width) * kept_share * std::log2(1 + std::pow(10, snr_db / 10));
  const double position = std::log(std::clamp(bits, kLowestBits, kHighestBits) / kLowestBits) /
                          std::log(kHighestBits / kLowestBits) * static_cast<double>(kBins - 1);
  return static_cast<std::size_t>(std::lround(position));
}

std::array<double, LossBalance::kBins> LossBalance::starting_point() {
  // From about 15 dB with next to nothing sent to about 30 dB: a guess that the measured errors soon replace.
  std::array<double, kBins> typical{};
  for (std::size_t i = 0; i < kBins; ++i)
    typical[i] = std::pow(10, -(15 + 15 * static_cast<double>(i) / static_cast<double>(kBins - 1)) / 10);
  return typical;
}

double LossBalance::weight(std::size_t bin, double exponent) const {
  return std::pow(kReference / typical_[bin], exponent);
}

void LossBalance::add(std::size_t bin, double mse) { typical_[bin] = kDecay * typical_[bin] + (1 - kDecay) * mse; }

}  // namespace semlink::train
