#include <semlink/channel/ofdm_estimate.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <semlink/channel/linear_algebra.h>

namespace semlink {
namespace {

using Matrix = DoubleMatrix;

/// The received pilots that form a rectangle: full sets only, or the one there is.
struct PilotGrid {
  Matrix gain;  ///< [num_subcarriers with pilots, num_symbols with pilots]
  std::vector<Index> subcarrier;
  std::vector<Index> symbol;
};

PilotGrid read_pilots(const Symbols& y, Index antenna, const OfdmPilots& pilots, Index stream) {
  const Index width = pilots.num_subcarriers();
  PilotGrid grid{.subcarrier = pilots.subcarriers(stream)};
  for (Index start = 0; start + grid.subcarrier.back() < y.rows(); start += pilots.symbol_step() * width)
    grid.symbol.push_back(start / width);
  if (grid.symbol.empty()) {
    grid.symbol.push_back(0);
    while (grid.subcarrier.back() >= y.rows()) grid.subcarrier.pop_back();
  }
  grid.gain.resize(static_cast<Index>(grid.subcarrier.size()), static_cast<Index>(grid.symbol.size()));
  for (Index t = 0; t < grid.gain.cols(); ++t)
    for (Index f = 0; f < grid.gain.rows(); ++f)
      grid.gain(f, t) = std::complex<double>(y(grid.symbol[t] * width + grid.subcarrier[f], antenna));
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
};

/// Mean of |e|^2 / 1.5 with e a pilot against the mean of its neighbours along a column.
NoiseEstimate noise_along_columns(const Matrix& gain) {
  const Index inner = gain.rows() - 2;
  const Matrix residual = gain.middleRows(1, inner) - 0.5 * (gain.topRows(inner) + gain.bottomRows(inner));
  const auto count = static_cast<double>(residual.size());
  // Residuals share pilots: their squares are correlated by (2/3)^2 and (1/6)^2, which costs half of them.
  return {residual.squaredNorm() / (1.5 * count), std::max(1.0, count / 2)};
}

/// Whether the noise is measured between neighbours in frequency.
bool measures_over_frequency(const Matrix& gain) { return gain.rows() >= 3 || gain.cols() < 3; }

NoiseEstimate estimate_noise(const Matrix& gain) {
  if (gain.rows() >= 3) return noise_along_columns(gain);
  if (gain.cols() >= 3) return noise_along_columns(gain.transpose());
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

/// What a frame's pilots say before anything is estimated from them.
struct Sounding {
  std::vector<PilotGrid> grids;  ///< of every pair
  NoiseEstimate noise;           ///< mean over the pairs, all their degrees of freedom
};

Sounding sound(const Symbols& y, const OfdmPilots& pilots) {
  Sounding sounding{.noise = {.degrees_of_freedom = 0}};
  for (Index antenna = 0; antenna < y.cols(); ++antenna)
    for (Index stream = 0; stream < pilots.num_streams(); ++stream) {
      sounding.grids.push_back(read_pilots(y, antenna, pilots, stream));
      const NoiseEstimate noise = estimate_noise(sounding.grids.back().gain);
      sounding.noise.noise_var += noise.noise_var;
      sounding.noise.degrees_of_freedom += noise.degrees_of_freedom;
    }
  sounding.noise.noise_var /= static_cast<double>(sounding.grids.size());
  return sounding;
}

/// For an empty frame.
OfdmEstimates without_data(const Sounding& sounding) {
  return OfdmEstimates(sounding.grids.size(), {.gain = Eigen::VectorXcf(0),
                                               .error_var = Eigen::VectorXf(0),
                                               .noise_var = std::max(sounding.noise.noise_var, 1e-12),
                                               .snr = 1});
}

double mean_gain_power(const OfdmEstimates& estimates) {
  double sum = 0;
  for (const GainEstimate& pair : estimates) sum += pair.gain.squaredNorm() / static_cast<double>(pair.gain.size());
  return sum / static_cast<double>(estimates.size());
}

double mean_error(const OfdmEstimates& estimates) {
  double sum = 0;
  for (const GainEstimate& pair : estimates) sum += static_cast<double>(pair.error_var.mean());
  return sum / static_cast<double>(estimates.size());
}

/// Enters N0_hat and the SNR. `power_over_gain`: E|h|^2 less E|h_hat|^2, over N0.
void finish(OfdmEstimates& estimates, double noise_var, double degrees_of_freedom, double gain_power,
            double power_over_gain) {
  const double correction = degrees_of_freedom >= 2 ? (degrees_of_freedom - 1) / degrees_of_freedom : 1.0;
  const double snr = std::clamp(correction * gain_power / noise_var + power_over_gain, kMinSnr, kMaxSnr);
  for (GainEstimate& pair : estimates) {
    pair.noise_var = noise_var;
    pair.snr = snr;
  }
}

double above_floor(double noise_var, double gain_power) { return std::max({noise_var, gain_power / kMaxSnr, 1e-12}); }

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
  const HermitianEigen eigen = hermitian_eigen(among);
  return {eigen.values.cwiseMax(0.0), eigen.vectors, product(across, eigen.vectors)};
}

/// The LMMSE estimate from the pilots of one stream, whatever the antenna.
class LmmseFilter {
 public:
  LmmseFilter(const PilotGrid& grid, Index frame_slots, const OfdmPilots& pilots, const OfdmStatistics& statistics,
              double noise_var)
      : frequency_(decompose(pilots.num_subcarriers(), grid.subcarrier,
                             [&](Index distance) { return statistics.over_frequency(distance); })),
        time_(decompose((frame_slots + pilots.num_subcarriers() - 1) / pilots.num_subcarriers(), grid.symbol,
                        [&](Index distance) { return statistics.over_time(distance); })),
        inverse_(((frequency_.eigenvalues * time_.eigenvalues.transpose()).array() + noise_var).inverse().matrix()) {}

  /// Gains everywhere, [num_subcarriers, num_symbols], from those at the pilots.
  Matrix gain(const Matrix& pilots) const {
    const Matrix in_eigenvectors = product(product(frequency_.vectors.adjoint(), pilots), time_.vectors.conjugate());
    const Matrix weighted = in_eigenvectors.cwiseProduct(inverse_.cast<std::complex<double>>());
    return product(product(frequency_.projection, weighted), time_.projection.transpose());
  }

  Eigen::MatrixXd error_var() const {
    const Eigen::MatrixXd explained =
        frequency_.projection.cwiseAbs2() * inverse_ * time_.projection.cwiseAbs2().transpose();
    return 1 - explained.array();
  }

 private:
  Side frequency_, time_;
  Eigen::MatrixXd inverse_;
};

/// N0_hat without what the statistics say that the straight lines miss.
double less_unexplained(const Sounding& sounding, const OfdmPilots& pilots, const OfdmStatistics& statistics) {
  double missed = 0;
  for (const PilotGrid& grid : sounding.grids)
    missed += unexplained(pilots, statistics, measures_over_frequency(grid.gain));
  missed /= static_cast<double>(sounding.grids.size());
  return std::max({sounding.noise.noise_var - missed, 0.1 * sounding.noise.noise_var, 1e-12});
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

OfdmEstimates estimate_ofdm_least_squares(const Symbols& y, const OfdmPilots& pilots) {
  const Index num_slots = pilots.num_slots(y.rows());
  const Sounding sounding = sound(y, pilots);
  if (num_slots == 0) return without_data(sounding);

  const Index num_symbols = (y.rows() + pilots.num_subcarriers() - 1) / pilots.num_subcarriers();
  OfdmEstimates estimates;
  for (const PilotGrid& grid : sounding.grids) {
    const Eigen::MatrixXd over_frequency = line_weights(pilots.num_subcarriers(), grid.subcarrier);
    const Eigen::MatrixXd over_time = line_weights(num_symbols, grid.symbol);
    GainEstimate& pair = estimates.emplace_back(GainEstimate{Eigen::VectorXcf(num_slots), Eigen::VectorXf(num_slots)});
    const Matrix along_frequency = product(over_frequency.cast<std::complex<double>>(), grid.gain);
    take_data(product(along_frequency, over_time.transpose().cast<std::complex<double>>()), y.rows(), pilots,
              pair.gain);
    const Eigen::VectorXd squares = over_frequency.rowwise().squaredNorm();
    take_data(Eigen::MatrixXd(squares * over_time.rowwise().squaredNorm().transpose()), y.rows(), pilots,
              pair.error_var);
  }
  const double gain_power = mean_gain_power(estimates);
  const double noise_var = above_floor(sounding.noise.noise_var, gain_power);
  // The power of a least-squares estimate holds that of its error.
  finish(estimates, noise_var, sounding.noise.degrees_of_freedom, gain_power, -mean_error(estimates));
  for (GainEstimate& pair : estimates) pair.error_var *= static_cast<float>(noise_var);
  return estimates;
}

OfdmEstimates estimate_ofdm_lmmse(const Symbols& y, const OfdmPilots& pilots, const OfdmStatistics& statistics) {
  const Index num_slots = pilots.num_slots(y.rows());
  const Sounding sounding = sound(y, pilots);
  if (num_slots == 0) return without_data(sounding);
  const double noise_var = less_unexplained(sounding, pilots, statistics);

  OfdmEstimates estimates(sounding.grids.size());
  for (Index stream = 0; stream < pilots.num_streams(); ++stream) {
    const LmmseFilter filter(sounding.grids[stream], y.rows(), pilots, statistics, noise_var);
    Eigen::VectorXf error_var(num_slots);
    take_data(filter.error_var(), y.rows(), pilots, error_var);
    for (std::size_t pair = stream; pair < estimates.size(); pair += pilots.num_streams()) {
      estimates[pair] = {.gain = Eigen::VectorXcf(num_slots), .error_var = error_var.cwiseMax(0.0f)};
      take_data(filter.gain(sounding.grids[pair].gain), y.rows(), pilots, estimates[pair].gain);
    }
  }
  const double gain_power = mean_gain_power(estimates);
  const double floored = above_floor(noise_var, gain_power);
  // The power of an LMMSE estimate lacks that of its error.
  finish(estimates, floored, sounding.noise.degrees_of_freedom, gain_power, mean_error(estimates) / floored);
  return estimates;
}

}  // namespace semlink
