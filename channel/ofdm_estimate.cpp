#include <semlink/channel/ofdm_estimate.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <numbers>
#include <numeric>
#include <vector>

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

/// A pilot that arrived as exactly 0 was lost on the way.
bool is_lost(std::complex<double> pilot) { return pilot == 0.0; }

bool any_lost(const PilotGrid& grid) { return (grid.gain.array() == 0.0).any(); }

/// A place between two others: (1 - share) times what is at `left` and share times what is at `right`.
struct Between {
  Index left, right;
  double share;
  double squares() const { return left == right ? 1 : (1 - share) * (1 - share) + share * share; }
};

/// Where `place` is between `places` (ascending, not empty): on a straight line, the nearest one held outside.
Between between(const std::vector<Index>& places, Index place) {
  const Index right = std::upper_bound(places.begin(), places.end(), place) - places.begin();
  const auto count = static_cast<Index>(places.size());
  if (right == 0 || right == count) return {right == 0 ? 0 : right - 1, right == 0 ? 0 : right - 1, 0};
  const auto span = static_cast<double>(places[right] - places[right - 1]);
  return {right - 1, right, static_cast<double>(place - places[right - 1]) / span};
}

/// Gains and the sums of their squared weights on every subcarrier of the OFDM symbols with pilots: straight lines
/// between the pilots that arrived.
struct Columns {
  Matrix gain;
  Eigen::MatrixXd squares;
  std::vector<Index> symbol;  ///< those of which a pilot arrived
};

Columns along_frequency(const PilotGrid& grid, Index num_subcarriers) {
  Columns columns{Matrix(num_subcarriers, grid.gain.cols()), Eigen::MatrixXd(num_subcarriers, grid.gain.cols()), {}};
  for (Index t = 0; t < grid.gain.cols(); ++t) {
    std::vector<Index> places, rows;
    for (Index f = 0; f < grid.gain.rows(); ++f) {
      if (is_lost(grid.gain(f, t))) continue;
      places.push_back(grid.subcarrier[f]);
      rows.push_back(f);
    }
    if (places.empty()) continue;
    const auto column = static_cast<Index>(columns.symbol.size());
    columns.symbol.push_back(grid.symbol[t]);
    for (Index i = 0; i < num_subcarriers; ++i) {
      const Between at = between(places, i);
      columns.gain(i, column) = (1 - at.share) * grid.gain(rows[at.left], t) + at.share * grid.gain(rows[at.right], t);
      columns.squares(i, column) = at.squares();
    }
  }
  return columns;
}

struct NoiseEstimate {
  double noise_var = 0;
  double degrees_of_freedom = 0;  ///< 0: there was nothing to measure it by
  bool over_frequency = true;     ///< between neighbours in frequency
};

/// Mean of |e|^2 / 1.5 with e a pilot against the mean of its neighbours along a column, where all three arrived.
NoiseEstimate noise_along_columns(const Matrix& gain) {
  double energy = 0, count = 0;
  for (Index t = 0; t < gain.cols(); ++t)
    for (Index f = 1; f + 1 < gain.rows(); ++f) {
      if (is_lost(gain(f - 1, t)) || is_lost(gain(f, t)) || is_lost(gain(f + 1, t))) continue;
      energy += std::norm(gain(f, t) - 0.5 * (gain(f - 1, t) + gain(f + 1, t)));
      ++count;
    }
  if (count == 0) return {};
  // Residuals share pilots: their squares are correlated by (2/3)^2 and (1/6)^2, which costs half of them.
  return {energy / (1.5 * count), std::max(1.0, count / 2)};
}

/// Of what arrived around its mean; half the energy where it is one pilot, 1 where it is none.
NoiseEstimate noise_around_mean(const Matrix& gain) {
  std::vector<std::complex<double>> arrived;
  std::copy_if(gain.data(), gain.data() + gain.size(), std::back_inserter(arrived), std::not_fn(is_lost));
  if (arrived.empty()) return {1, 1};
  if (arrived.size() == 1) return {std::norm(arrived.front()) / 2, 1};
  const auto count = static_cast<double>(arrived.size());
  const std::complex<double> mean = std::accumulate(arrived.begin(), arrived.end(), std::complex<double>(0)) / count;
  double energy = 0;
  for (const std::complex<double>& pilot : arrived) energy += std::norm(pilot - mean);
  return {energy / (count - 1), count - 1};
}

NoiseEstimate estimate_noise(const Matrix& gain) {
  NoiseEstimate noise = noise_along_columns(gain);
  if (noise.degrees_of_freedom > 0) return noise;
  noise = noise_along_columns(gain.transpose());
  noise.over_frequency = false;
  return noise.degrees_of_freedom > 0 ? noise : noise_around_mean(gain);
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
  std::vector<PilotGrid> grids;      ///< of every pair
  std::vector<bool> over_frequency;  ///< whether its noise was measured between neighbours in frequency
  NoiseEstimate noise;               ///< mean over the pairs, all their degrees of freedom
};

Sounding sound(const Symbols& y, const OfdmPilots& pilots) {
  Sounding sounding;
  for (Index antenna = 0; antenna < y.cols(); ++antenna)
    for (Index stream = 0; stream < pilots.num_streams(); ++stream) {
      sounding.grids.push_back(read_pilots(y, antenna, pilots, stream));
      const NoiseEstimate noise = estimate_noise(sounding.grids.back().gain);
      sounding.over_frequency.push_back(noise.over_frequency);
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
  const double snr =
      gain_power > 0 ? std::clamp(correction * gain_power / noise_var + power_over_gain, kMinSnr, kMaxSnr) : kMinSnr;
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

/// The LMMSE estimate of a pair from the pilots that arrived, some being lost: their covariance is no product then.
GainEstimate lmmse_from_some(const PilotGrid& grid, const Symbols& y, const OfdmPilots& pilots,
                             const OfdmStatistics& statistics, double noise_var) {
  const Index num_slots = pilots.num_slots(y.rows()), width = pilots.num_subcarriers();
  std::vector<std::array<Index, 2>> places;  // subcarrier and OFDM symbol
  std::vector<std::complex<double>> received;
  for (Index t = 0; t < grid.gain.cols(); ++t)
    for (Index f = 0; f < grid.gain.rows(); ++f) {
      if (is_lost(grid.gain(f, t))) continue;
      places.push_back({grid.subcarrier[f], grid.symbol[t]});
      received.push_back(grid.gain(f, t));
    }
  GainEstimate estimate{Eigen::VectorXcf::Zero(num_slots), Eigen::VectorXf::Ones(num_slots)};
  const auto count = static_cast<Index>(places.size());
  if (count == 0) return estimate;
  const auto covariance = [&](const std::array<Index, 2>& a, const std::array<Index, 2>& b) {
    return statistics.over_frequency(a[0] - b[0]) * statistics.over_time(a[1] - b[1]);
  };
  Matrix among(count, count), across(count, num_slots);
  for (Index a = 0; a < count; ++a)
    for (Index b = 0; b < count; ++b) among(a, b) = covariance(places[a], places[b]);
  among.diagonal().array() += noise_var;
  Index slot = 0;
  for (Index row = 0; row < y.rows(); ++row) {
    if (pilots.is_pilot(row)) continue;
    for (Index b = 0; b < count; ++b) across(b, slot) = covariance(places[b], {row % width, row / width});
    ++slot;
  }
  const Matrix weights = solve_hermitian(among, across);
  const Eigen::Map<const Eigen::VectorXcd> pilot_gains(received.data(), count);
  for (Index i = 0; i < num_slots; ++i) {
    estimate.gain(i) = Complex(weights.col(i).dot(pilot_gains));
    estimate.error_var(i) = static_cast<float>(std::max(0.0, 1 - across.col(i).dot(weights.col(i)).real()));
  }
  return estimate;
}

/// N0_hat without what the statistics say that the straight lines miss.
double less_unexplained(const Sounding& sounding, const OfdmPilots& pilots, const OfdmStatistics& statistics) {
  double missed = 0;
  for (const bool over_frequency : sounding.over_frequency) missed += unexplained(pilots, statistics, over_frequency);
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
    Matrix gain = Matrix::Zero(pilots.num_subcarriers(), num_symbols);
    Eigen::MatrixXd squares = Eigen::MatrixXd::Ones(pilots.num_subcarriers(), num_symbols);
    const Columns columns = along_frequency(grid, pilots.num_subcarriers());
    for (Index t = 0; t < num_symbols && !columns.symbol.empty(); ++t) {
      const Between at = between(columns.symbol, t);
      const double left = 1 - at.share, right = at.share;
      gain.col(t) = left * columns.gain.col(at.left) + right * columns.gain.col(at.right);
      squares.col(t) = left * left * columns.squares.col(at.left) + right * right * columns.squares.col(at.right);
    }
    GainEstimate& pair = estimates.emplace_back(GainEstimate{Eigen::VectorXcf(num_slots), Eigen::VectorXf(num_slots)});
    take_data(gain, y.rows(), pilots, pair.gain);
    take_data(squares, y.rows(), pilots, pair.error_var);
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
      if (any_lost(sounding.grids[pair])) {
        estimates[pair] = lmmse_from_some(sounding.grids[pair], y, pilots, statistics, noise_var);
        continue;
      }
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
