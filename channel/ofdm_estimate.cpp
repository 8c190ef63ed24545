#include <semlink/channel/ofdm_estimate.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace semlink {
namespace {

using Matrix = Eigen::MatrixXcd;

/// The received pilots that form a rectangle: full sets only, or the one there is.
struct PilotGrid {
  Matrix gain;  ///< [num_subcarriers with pilots, num_symbols with pilots]
  std::vector<Index> subcarrier;
  std::vector<Index> symbol;
};

PilotGrid read_pilots(const Symbols& y, const OfdmPilots& pilots) {
  const Index width = pilots.num_subcarriers();
  const Index step = pilots.symbol_step() * width;
  const Index last_pilot = (pilots.pilots_per_symbol() - 1) * pilots.subcarrier_step();
  PilotGrid grid;
  for (Index start = 0; start + last_pilot < y.rows(); start += step) grid.symbol.push_back(start / width);
  Index count = pilots.pilots_per_symbol();
  if (grid.symbol.empty()) {
    grid.symbol.push_back(0);
    count = (y.rows() + pilots.subcarrier_step() - 1) / pilots.subcarrier_step();
  }
  for (Index i = 0; i < count; ++i) grid.subcarrier.push_back(i * pilots.subcarrier_step());
  grid.gain.resize(count, static_cast<Index>(grid.symbol.size()));
  for (Index t = 0; t < grid.gain.cols(); ++t)
    for (Index f = 0; f < count; ++f)
      grid.gain(f, t) = std::complex<double>(y(grid.symbol[t] * width + grid.subcarrier[f], 0) / OfdmPilots::kPilot);
  return grid;
}

/// Straight lines through values at `places` (ascending), held outside: row i has the weights for place i.
Eigen::MatrixXd line_weights(Index num_places, const std::vector<Index>& places) {
  Eigen::MatrixXd weights = Eigen::MatrixXd::Zero(num_places, static_cast<Index>(places.size()));
  for (Index i = 0; i < num_places; ++i) {
    const auto above = std::upper_bound(places.begin(), places.end(), i);
    const Index right = above - places.begin();
    if (right == 0 || right == weights.cols()) {
      weights(i, right == 0 ? 0 : right - 1) = 1;
      continue;
    }
    const auto span = static_cast<double>(places[right] - places[right - 1]);
    weights(i, right) = static_cast<double>(i - places[right - 1]) / span;
    weights(i, right - 1) = 1 - weights(i, right);
  }
  return weights;
}

struct NoiseEstimate {
  double noise_var = 0;
  double degrees_of_freedom = 1;
  bool over_frequency = true;  ///< from neighbours in frequency
};

/// Mean of |e|^2 / 1.5 with e a pilot against the mean of its neighbours along a column.
NoiseEstimate noise_along_columns(const Matrix& gain) {
  const Index inner = gain.rows() - 2;
  const Matrix residual = gain.middleRows(1, inner) - 0.5 * (gain.topRows(inner) + gain.bottomRows(inner));
  const auto count = static_cast<double>(residual.size());
  // Residuals share pilots: their squares are correlated by (2/3)^2 and (1/6)^2, which costs half of them.
  return {residual.squaredNorm() / (1.5 * count), std::max(1.0, count / 2)};
}

NoiseEstimate estimate_noise(const Matrix& gain) {
  if (gain.rows() >= 3) return noise_along_columns(gain);
  if (gain.cols() >= 3) {
    NoiseEstimate noise = noise_along_columns(gain.transpose());
    noise.over_frequency = false;
    return noise;
  }
  if (gain.size() == 1) return {std::norm(gain(0, 0)) / 2, 1};
  const auto nu = static_cast<double>(gain.size() - 1);
  return {(gain.array() - gain.mean()).matrix().squaredNorm() / nu, nu};
}

/// E|e|^2 / 1.5 of a pilot against the mean of its neighbours, from the channel alone.
double unexplained(const OfdmPilots& pilots, const OfdmStatistics& statistics, bool over_frequency) {
  std::complex<double> one, two;
  if (over_frequency) {
    one = statistics.over_frequency(pilots.subcarrier_step());
    two = statistics.over_frequency(2 * pilots.subcarrier_step());
  } else {
    one = statistics.over_time(pilots.symbol_step());
    two = statistics.over_time(2 * pilots.symbol_step());
  }
  return std::max(0.0, (1.5 - 2 * one.real() + 0.5 * two.real()) / 1.5);
}

/// Takes the values at the places of data off the grid [num_subcarriers, num_symbols].
template <typename Grid, typename Out>
void take_data(const Grid& grid, Index frame_uses, const OfdmPilots& pilots, Out& out) {
  Index next = 0;
  for (Index row = 0; row < frame_uses; ++row) {
    if (pilots.is_pilot(row)) continue;
    out(next++) =
        static_cast<typename Out::Scalar>(grid(row % pilots.num_subcarriers(), row / pilots.num_subcarriers()));
  }
}

/// What holds for both estimators once gain and relative error variances are there.
void finish(GainEstimate& estimate, double noise_var, double degrees_of_freedom) {
  const auto count = static_cast<double>(std::max<Index>(estimate.gain.size(), 1));
  const double gain_power = estimate.gain.squaredNorm() / count;
  estimate.noise_var = std::max({noise_var, gain_power / kMaxSnr, 1e-12});
  const double correction = degrees_of_freedom >= 2 ? (degrees_of_freedom - 1) / degrees_of_freedom : 1.0;
  estimate.snr = correction * gain_power / estimate.noise_var;
}

GainEstimate of_empty_frame(double noise_var) {
  return {
      .gain = Eigen::VectorXcf(0), .error_var = Eigen::VectorXf(0), .noise_var = std::max(noise_var, 1e-12), .snr = 1};
}

/// Eigenvectors of one side of the covariance of the pilots, and their covariance with every place.
struct Side {
  Eigen::VectorXd eigenvalues;
  Matrix vectors;     ///< [num_pilots, num_pilots]
  Matrix projection;  ///< covariance of place and pilots times the vectors, [num_places, num_pilots]
};

template <typename Covariance>
Side decompose(Index num_places, const std::vector<Index>& pilot_places, const Covariance& covariance) {
  const auto count = static_cast<Index>(pilot_places.size());
  Matrix among(count, count), across(num_places, count);
  for (Index b = 0; b < count; ++b) {
    for (Index a = 0; a < count; ++a) among(a, b) = covariance(pilot_places[a] - pilot_places[b]);
    for (Index i = 0; i < num_places; ++i) across(i, b) = covariance(i - pilot_places[b]);
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(among);
  return {solver.eigenvalues().cwiseMax(0.0), solver.eigenvectors(), across * solver.eigenvectors()};
}

}  // namespace

std::complex<double> OfdmStatistics::over_frequency(Index subcarriers) const {
  std::complex<double> sum = 0;
  for (const DelayTap& tap : taps)
    sum +=
        std::polar(tap.power, -2 * std::numbers::pi * static_cast<double>(subcarriers) * grid.spacing_hz * tap.delay_s);
  return sum;
}

double OfdmStatistics::over_time(Index symbols) const {
  return std::cyl_bessel_j(
      0, 2 * std::numbers::pi * doppler_hz * std::abs(static_cast<double>(symbols)) * grid.symbol_s());
}

GainEstimate estimate_ofdm_least_squares(const Symbols& y, const OfdmPilots& pilots) {
  const Index num_uses = pilots.num_symbols(y.rows());
  const PilotGrid grid = read_pilots(y, pilots);
  const NoiseEstimate noise = estimate_noise(grid.gain);
  if (num_uses == 0) return of_empty_frame(noise.noise_var);

  const Index num_symbols = (y.rows() + pilots.num_subcarriers() - 1) / pilots.num_subcarriers();
  const Eigen::MatrixXd over_frequency = line_weights(pilots.num_subcarriers(), grid.subcarrier);
  const Eigen::MatrixXd over_time = line_weights(num_symbols, grid.symbol);
  GainEstimate estimate{.gain = Eigen::VectorXcf(num_uses), .error_var = Eigen::VectorXf(num_uses)};
  take_data(Matrix(over_frequency * grid.gain * over_time.transpose()), y.rows(), pilots, estimate.gain);
  const Eigen::VectorXd squares = over_frequency.rowwise().squaredNorm();
  take_data(Eigen::MatrixXd(squares * over_time.rowwise().squaredNorm().transpose()), y.rows(), pilots,
            estimate.error_var);
  finish(estimate, noise.noise_var, noise.degrees_of_freedom);
  estimate.snr = std::clamp(estimate.snr - static_cast<double>(estimate.error_var.mean()), kMinSnr, kMaxSnr);
  estimate.error_var *= static_cast<float>(estimate.noise_var);
  return estimate;
}

GainEstimate estimate_ofdm_lmmse(const Symbols& y, const OfdmPilots& pilots, const OfdmStatistics& statistics) {
  const Index num_uses = pilots.num_symbols(y.rows());
  const PilotGrid grid = read_pilots(y, pilots);
  const NoiseEstimate noise = estimate_noise(grid.gain);
  if (num_uses == 0) return of_empty_frame(noise.noise_var);
  const double noise_var =
      std::max({noise.noise_var - unexplained(pilots, statistics, noise.over_frequency), 0.1 * noise.noise_var, 1e-12});

  const Index num_symbols = (y.rows() + pilots.num_subcarriers() - 1) / pilots.num_subcarriers();
  const Side frequency = decompose(pilots.num_subcarriers(), grid.subcarrier,
                                   [&](Index distance) { return statistics.over_frequency(distance); });
  const Side time = decompose(num_symbols, grid.symbol, [&](Index distance) { return statistics.over_time(distance); });
  const Eigen::MatrixXd inverse =
      ((frequency.eigenvalues * time.eigenvalues.transpose()).array() + noise_var).inverse().matrix();
  const Matrix pilots_in_eigenvectors = frequency.vectors.adjoint() * grid.gain * time.vectors.conjugate();

  GainEstimate estimate{.gain = Eigen::VectorXcf(num_uses), .error_var = Eigen::VectorXf(num_uses)};
  const Matrix weighted = pilots_in_eigenvectors.cwiseProduct(inverse.cast<std::complex<double>>());
  take_data(Matrix(frequency.projection * weighted * time.projection.transpose()), y.rows(), pilots, estimate.gain);
  const Eigen::MatrixXd explained =
      frequency.projection.cwiseAbs2() * inverse * time.projection.cwiseAbs2().transpose();
  take_data(Eigen::MatrixXd(1 - explained.array()), y.rows(), pilots, estimate.error_var);
  estimate.error_var = estimate.error_var.cwiseMax(0.0f);
  finish(estimate, noise_var, noise.degrees_of_freedom);
  // The power of an LMMSE estimate lacks that of its error.
  const double correction = estimate.error_var.mean() / estimate.noise_var;
  estimate.snr = std::clamp(estimate.snr + correction, kMinSnr, kMaxSnr);
  return estimate;
}

}  // namespace semlink
