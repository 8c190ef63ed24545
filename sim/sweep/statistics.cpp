#include <semlink/sweep/statistics.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMaxPsnrDb = 100;

// Variance of a column's mean and the degrees of freedom it was estimated with; none below two independent units.
struct Scatter {
  double mean_var;
  double degrees;
};

std::optional<Scatter> scatter(std::size_t column, const TrialSums& sums, const ClusterVariance& clusters) {
  if (clusters.num_samples >= 2)
    return Scatter{clusters.mean_var[column], static_cast<double>(clusters.num_samples - 1)};
  const Moments& moments = sums.columns[column];
  if (moments.count < 2) return std::nullopt;
  return Scatter{moments.mean_var(), static_cast<double>(moments.count - 1)};
}

Estimate around(double value, const std::optional<Scatter>& scatter) {
  if (!scatter) return {value, -kInfinity, kInfinity};
  const double half = scatter->mean_var > 0 ? t_quantile_975(scatter->degrees) * std::sqrt(scatter->mean_var) : 0;
  return {value, value - half, value + half};
}

// Korn, Graubard: Confidence intervals for proportions with small expected number of positive counts, Survey
// Methodology 24 (1998): trials are worth n / deff, corrected for the degrees of freedom of the variance.
double effective_trials(double trials, double share, double mean_var, double num_samples) {
  // Without a success or a failure there is no variance to see: count samples, not trials.
  if (mean_var <= 0 || share <= 0 || share >= 1) return std::min(trials, num_samples);
  const double correction = t_quantile_975(trials - 1) / t_quantile_975(num_samples - 1);
  return std::min(trials, share * (1 - share) / mean_var * correction * correction);
}

Estimate estimate_share(std::size_t column, const TrialSums& sums, const ClusterVariance& clusters) {
  const Moments& moments = sums.columns[column];
  double trials = static_cast<double>(moments.count);
  const double share = moments.mean();
  if (clusters.num_samples >= 2)
    trials = effective_trials(trials, share, clusters.mean_var[column], static_cast<double>(clusters.num_samples));
  const Estimate interval = clopper_pearson(share * trials, trials);
  return {share, interval.low, interval.high};
}

// Many outcomes to a trial: worth as many independent ones as the scatter between trials allows, corrected as above for
// how little a few trials tell of it; no more than there are, and no fewer than trials, for a share cannot scatter more
// than a Bernoulli outcome of its mean. One outcome to a trial is a Bernoulli share; without an error there is no
// scatter to see, and each trial counts as one outcome.
Estimate estimate_mean_share(std::size_t column, const TrialSums& sums, const ClusterVariance& clusters) {
  const Moments& moments = sums.columns[column];
  if (moments.sum_squares == moments.sum || clusters.num_samples >= 2) return estimate_share(column, sums, clusters);
  const double share = moments.mean();
  const double n = static_cast<double>(moments.count);
  const double mean_var = n < 2 ? 0 : moments.mean_var();
  double outcomes = n;
  if (mean_var > 0) {
    const double correction = t_quantile_975(kInfinity) / t_quantile_975(n - 1);
    const double worth = share * (1 - share) / mean_var * correction * correction;
    outcomes = std::max(n, std::min(worth, num_outcomes(column, sums)));
  }
  const Estimate interval = clopper_pearson(share * outcomes, outcomes);
  return {share, interval.low, interval.high};
}

// Channel uses of a trial, and half their interval: errors of the parts add up, whatever their correlation.
struct Uses {
  double mean = 0;
  double half = 0;

  /// Half the interval of so many bits over them; unbounded as that of the uses is, also of none.
  double half_of(double per_use) const { return std::isinf(half) ? half : per_use * half / mean; }
};

Uses all_uses(const TrialSums& sums, const ClusterVariance& clusters) {
  static const std::array<std::size_t, 4> kParts = {column_index("payload_uses"), column_index("position_uses"),
                                                    column_index("header_uses"), column_index("pilot_uses")};
  Uses uses;
  for (const std::size_t part : kParts) {
    const Estimate estimate = around(sums.columns[part].mean(), scatter(part, sums, clusters));
    uses.mean += estimate.value;
    uses.half += estimate.high - estimate.value;
  }
  return uses;
}

// Bits over uses, both summed over trials, which have equally many bits.
Estimate estimate_bits_per_use(const TrialSums& sums, const ClusterVariance& clusters) {
  static const std::size_t num_bits = column_index("num_bits");
  const Uses uses = all_uses(sums, clusters);
  const double value = sums.columns[num_bits].mean() / uses.mean;
  const double half = uses.half_of(value);
  return {value, value - half, value + half};
}

}  // namespace

void Moments::merge(const Moments& other) {
  count += other.count;
  sum += other.sum;
  sum_squares += other.sum_squares;
}

double Moments::mean_var() const {
  const double n = static_cast<double>(count);
  const double residual = sum_squares - sum * sum / n;
  // Equal values differ only by the rounding of their sums.
  if (residual <= 4 * n * std::numeric_limits<double>::epsilon() * sum_squares) return 0;
  return residual / (n - 1) / n;
}

void TrialSums::add(const TrialResult& result) {
  ++num_trials;
  const std::span<const Column, kNumColumns> table = semlink::columns();
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    const Column& column = table[i];
    const double value = column.value(result);
    if (std::isnan(value) && column.optional) continue;
    if (!std::isfinite(value))
      throw Error(ErrorCode::non_finite, std::string(column.name) + " = " + std::to_string(value) + ": expected a finite number");
    columns[i].add(value);
  }
  const PowerLedger& power = result.power;
  const double energy =
      power.payload_energy + power.header_energy + power.pilot_energy + power.gain_energy + power.noise_energy;
  if (!std::isfinite(energy))
    throw Error(ErrorCode::non_finite, "power ledger: an energy is not finite");
  ledger.add(power);
}

void TrialSums::merge(const TrialSums& other) {
  num_trials += other.num_trials;
  for (std::size_t i = 0; i < kNumColumns; ++i) columns[i].merge(other.columns[i]);
  ledger.merge(other.ledger);
}

void ClusterSums::add(const TrialResult& result) {
  add(result.sample_id, column_values(result));
}

void ClusterSums::add(std::int64_t sample_id, const std::array<double, kNumColumns>& values) {
  const auto [entry, is_new] = index_.try_emplace(sample_id, samples_.size());
  if (is_new) {
    if (static_cast<std::int64_t>(samples_.size()) >= max_samples_)
      throw Error(ErrorCode::bad_argument, "source: more than " + std::to_string(max_samples_) + " distinct samples, its size");
    ids_.push_back(sample_id);
    samples_.emplace_back();
  }
  Sample& sample = samples_[entry->second];
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    if (std::isnan(values[i])) continue;
    ++sample.count[i];
    sample.sum[i] += values[i];
  }
}

ClusterVariance ClusterSums::variance() const {
  ClusterVariance out{.num_samples = static_cast<std::int64_t>(samples_.size())};
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    double n = 0, sum = 0, squares = 0, residual = 0, clusters = 0;
    for (const Sample& sample : samples_) {
      n += static_cast<double>(sample.count[i]);
      sum += sample.sum[i];
      clusters += sample.count[i] > 0;
    }
    if (clusters < 2) continue;
    for (const Sample& sample : samples_) {
      const double expected = static_cast<double>(sample.count[i]) * (sum / n);
      residual += (sample.sum[i] - expected) * (sample.sum[i] - expected);
      squares += sample.sum[i] * sample.sum[i];
    }
    // Equal values differ only by the rounding of their sums.
    if (residual > 1e-14 * squares) out.mean_var[i] = clusters / (clusters - 1) * residual / (n * n);
  }
  return out;
}

void ClusterSums::restore(std::vector<std::int64_t> ids, std::vector<Sample> samples) {
  ids_ = std::move(ids);
  samples_ = std::move(samples);
  index_.clear();
  for (std::size_t i = 0; i < ids_.size(); ++i) index_.emplace(ids_[i], i);
}

double num_outcomes(std::size_t column, const TrialSums& sums) {
  static const std::size_t bit_errors = column_index("bit_error_rate"), num_bits = column_index("num_bits"),
                           num_blocks = column_index("num_blocks");
  return sums.columns[column == bit_errors ? num_bits : num_blocks].sum;
}

IntervalOver interval_over(const ClusterVariance& clusters) {
  if (clusters.num_samples == 0) return IntervalOver::trials;
  return clusters.num_samples == 1 ? IntervalOver::draws : IntervalOver::samples;
}

Estimate estimate_column(std::size_t column, const TrialSums& sums, const ClusterVariance& clusters) {
  const Moments& moments = sums.columns[column];
  switch (columns()[column].estimate) {
    case Column::Estimate::total:
      return {moments.sum, moments.sum, moments.sum};
    case Column::Estimate::bernoulli:
      if (moments.count == 0) return {kNan, kNan, kNan};
      return estimate_share(column, sums, clusters);
    case Column::Estimate::share:
      if (moments.count == 0) return {kNan, kNan, kNan};
      return estimate_mean_share(column, sums, clusters);
    case Column::Estimate::per_use:
      if (moments.count == 0) return {kNan, kNan, kNan};
      return estimate_bits_per_use(sums, clusters);
    case Column::Estimate::mean:
      break;
  }
  if (moments.count == 0) return {kNan, kNan, kNan};
  return around(moments.mean(), scatter(column, sums, clusters));
}

Estimate estimate_psnr_mean_mse_db(const TrialSums& sums, const ClusterVariance& clusters) {
  static const std::size_t mse = column_index("mse");
  const Moments& moments = sums.columns[mse];
  if (moments.count == 0) return {kNan, kNan, kNan};
  if (moments.sum <= 0) return {kMaxPsnrDb, kMaxPsnrDb, kMaxPsnrDb};
  const double value = std::min(kMaxPsnrDb, 10 * std::log10(255.0 * 255.0 / moments.mean()));
  std::optional<Scatter> error = scatter(mse, sums, clusters);
  if (error) {
    const double slope = 10 / std::log(10.0) / moments.mean();
    error->mean_var *= slope * slope;
  }
  return around(value, error);
}

Estimate estimate_throughput(const TrialSums& sums, const ClusterVariance& clusters) {
  static const std::size_t block_errors = column_index("block_error_rate"), num_bits = column_index("num_bits");
  if (sums.columns[block_errors].count == 0) return {kNan, kNan, kNan};
  const Estimate lost = estimate_column(block_errors, sums, clusters);
  const Uses uses = all_uses(sums, clusters);
  const double per_use = sums.columns[num_bits].mean() / uses.mean;
  const double value = per_use * (1 - lost.value);
  const double half = uses.half_of(value);
  return {value, value - per_use * (lost.high - lost.value) - half, value + per_use * (lost.value - lost.low) + half};
}

Estimate estimate_snr_measured_db(const TrialSums& sums) {
  const LedgerReport report = measure_ledger(sums.ledger, std::nullopt);
  const LedgerPart& snr = report.effective_snr();
  if (std::isnan(snr.measured)) return {kNan, kNan, kNan};
  std::optional<Scatter> error;
  if (sums.ledger.count >= 2) {
    const double std_error_db = 10 / std::log(10.0) * snr.std_error / snr.measured;
    error = Scatter{std_error_db * std_error_db, static_cast<double>(sums.ledger.count - 1)};
  }
  return around(10 * std::log10(snr.measured), error);
}

}  // namespace semlink
