#include <semlink/channel/gain_estimate.h>

#include <algorithm>
#include <cmath>

namespace semlink {
namespace {

/// The pilots that arrived, divided by what was sent.
struct PilotGains {
  Eigen::VectorXcf gain;
  std::vector<Index> row;
};

PilotGains pilot_gains(const Symbols& y, const PilotPattern& pattern, Index num_pilots) {
  PilotGains pilots{Eigen::VectorXcf(num_pilots), {}};
  for (Index k = 0; k < num_pilots; ++k) {
    const Index row = pattern.pilot_row(k, y.rows());
    if (y(row, 0) == Complex(0)) continue;  // lost on the way
    pilots.gain(static_cast<Index>(pilots.row.size())) = y(row, 0) / PilotPattern::kPilot;
    pilots.row.push_back(row);
  }
  pilots.gain.conservativeResize(static_cast<Index>(pilots.row.size()));
  return pilots;
}

struct NoiseEstimate {
  double noise_var;
  Index degrees_of_freedom;
};

NoiseEstimate noise_around_mean(const PilotGains& pilots, Complex mean) {
  const Index nu = pilots.gain.size() - 1;
  if (nu == 0) return {std::norm(mean) / 2, 1};
  double energy = 0;
  for (const Complex& gain : pilots.gain) energy += std::norm(gain - mean);
  return {energy / static_cast<double>(nu), nu};
}

NoiseEstimate noise_around_lines(const PilotGains& pilots) {
  const Index nu = pilots.gain.size() - 2;
  double sum = 0;
  for (Index k = 1; k <= nu; ++k) {
    const auto span = static_cast<float>(pilots.row[k + 1] - pilots.row[k - 1]);
    const float b = static_cast<float>(pilots.row[k] - pilots.row[k - 1]) / span;
    const float a = 1 - b;
    sum += std::norm(pilots.gain(k) - a * pilots.gain(k - 1) - b * pilots.gain(k + 1)) / (1 + a * a + b * b);
  }
  return {sum / static_cast<double>(nu), nu};
}

/// Fills `gain` and the sum of squared weights (into `error_var`) by the straight line between neighbouring pilots, the
/// nearest one held where there is none on one side.
void interpolate(const PilotGains& pilots, const PilotPattern& pattern, GainEstimate& estimate) {
  const Index num_pilots = pilots.gain.size();
  Index right = 0;  // the first pilot behind the symbol
  for (Index i = 0; i < estimate.gain.size(); ++i) {
    while (right < num_pilots && pilots.row[right] < pattern.symbol_row(i)) ++right;
    if (right == 0 || right == num_pilots) {
      estimate.gain(i) = pilots.gain(right == 0 ? 0 : right - 1);
      estimate.error_var(i) = 1;
      continue;
    }
    const Index left = right - 1, span = pilots.row[right] - pilots.row[left];
    const float b = static_cast<float>(pattern.symbol_row(i) - pilots.row[left]) / static_cast<float>(span);
    const float a = 1 - b;
    estimate.gain(i) = a * pilots.gain(left) + b * pilots.gain(right);
    estimate.error_var(i) = a * a + b * b;
  }
}

double estimate_snr(const GainEstimate& estimate, double mean_square_weight, Index nu) {
  const double gain_power = estimate.gain.squaredNorm() / static_cast<double>(estimate.gain.size());
  const double correction = nu >= 2 ? static_cast<double>(nu - 1) / static_cast<double>(nu) : 1.0;
  const double snr = correction * gain_power / estimate.noise_var - mean_square_weight;
  return std::clamp(snr, kMinSnr, kMaxSnr);
}

}  // namespace

GainEstimate estimate_least_squares(const Symbols& y, const PilotPattern& pattern, Interpolation interpolation) {
  const Index num_uses = pattern.num_symbols(y.rows());
  const PilotGains pilots = pilot_gains(y, pattern, pattern.num_pilots(num_uses));
  const Index num_pilots = pilots.gain.size();

  GainEstimate estimate{.gain = Eigen::VectorXcf(num_uses), .error_var = Eigen::VectorXf(num_uses)};
  if (num_pilots == 0) {
    estimate.gain.setZero();
    estimate.error_var.setOnes();
    estimate.noise_var = 1;
    estimate.snr = kMinSnr;
    return estimate;
  }
  if (num_uses == 0) {
    estimate.noise_var = std::norm(pilots.gain(0)) / 2;
    estimate.snr = 1;
    return estimate;
  }
  const Complex mean = pilots.gain.mean();
  const bool by_lines = interpolation == Interpolation::linear && num_pilots >= 3;
  const NoiseEstimate noise = by_lines ? noise_around_lines(pilots) : noise_around_mean(pilots, mean);
  if (interpolation == Interpolation::linear) {
    interpolate(pilots, pattern, estimate);
  } else {
    estimate.gain.setConstant(mean);
    estimate.error_var.setConstant(1 / static_cast<float>(num_pilots));
  }
  // Noise-free pilots are possible in tests only; a floor keeps every later division finite.
  estimate.noise_var =
      std::max(noise.noise_var, static_cast<double>(estimate.gain.squaredNorm()) / (num_uses * kMaxSnr));
  estimate.noise_var = std::max(estimate.noise_var, 1e-12);
  estimate.snr = estimate_snr(estimate, estimate.error_var.mean(), noise.degrees_of_freedom);
  estimate.error_var *= static_cast<float>(estimate.noise_var);
  return estimate;
}

GainEstimate shrink_to_lmmse(GainEstimate estimate) {
  const Eigen::ArrayXf shrink = (1 + estimate.error_var.array()).inverse();
  estimate.gain.array() *= shrink.cast<Complex>();
  estimate.error_var.array() *= shrink;
  return estimate;
}

}  // namespace semlink
