#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <semlink/sweep/columns.h>
#include <semlink/sweep/intervals.h>
#include <semlink/sweep/ledger.h>

namespace semlink {

/// Count, sum and sum of squares of a quantity over the trials that measured it.
struct Moments {
  std::int64_t count = 0;
  double sum = 0;
  double sum_squares = 0;

  void add(double value) {
    ++count;
    sum += value;
    sum_squares += value * value;
  }
  void merge(const Moments& other);
  double mean() const { return sum / static_cast<double>(count); }
  /// Variance of the mean for independent values, from the sample variance; 0 for equal values, count >= 2.
  double mean_var() const;
};

/// Partial sums of a block of trials, or of all blocks of a point. Blocks are merged in their order, so that threads,
/// interruptions and shards give the same bits.
struct TrialSums {
  std::int64_t num_trials = 0;
  std::array<Moments, kNumColumns> columns;
  LedgerSums ledger;

  /// Throws Error(non_finite) that names the quantity when it is infinite, or NaN where a column must be measured.
  void add(const TrialResult& result);
  void merge(const TrialSums& other);
};

/// How far the means of a point scatter when trials of one sample are alike. Filled once there are more trials than samples.
struct ClusterVariance {
  std::int64_t num_samples = 0;                ///< distinct samples seen; 0: trials count as independent
  std::array<double, kNumColumns> mean_var{};  ///< of the mean of each column
};

/// Sums by sample: memory grows with the number of samples, not of trials.
class ClusterSums {
 public:
  struct Sample {
    std::array<std::int64_t, kNumColumns> count{};
    std::array<double, kNumColumns> sum{};
  };

  /// `max_samples` is the size of the source; more distinct samples are an Error(bad_argument).
  explicit ClusterSums(std::int64_t max_samples) : max_samples_(max_samples) {}

  void add(const TrialResult& result);
  /// The same from the values of the columns, NaN where a quantity was not measured.
  void add(std::int64_t sample_id, const std::array<double, kNumColumns>& values);
  /// Between-sample variance C / (C - 1) sum_c (S_c - n_c mean)^2 / n^2 of each mean; 0 for a single sample.
  ClusterVariance variance() const;

  /// In order of first appearance, for the record.
  const std::vector<std::int64_t>& ids() const { return ids_; }
  const std::vector<Sample>& samples() const { return samples_; }
  std::int64_t max_samples() const { return max_samples_; }
  void restore(std::vector<std::int64_t> ids, std::vector<Sample> samples);

 private:
  std::int64_t max_samples_;
  std::unordered_map<std::int64_t, std::size_t> index_;
  std::vector<std::int64_t> ids_;
  std::vector<Sample> samples_;
};

/// What the intervals of a point are over.
enum class IntervalOver : std::int8_t {
  trials = 0,   ///< every trial has a sample and a channel draw of its own
  samples = 1,  ///< more trials than samples: errors are clustered by sample
  draws = 2,    ///< one sample only: channel draws
};
IntervalOver interval_over(const ClusterVariance& clusters);

/// Outcomes that a column of `Column::Estimate::share` is about, over all trials: bits or blocks.
double num_outcomes(std::size_t column, const TrialSums& sums);

/// Estimate of a column. The value is NaN where nothing was measured; without a known variance (one trial) the interval
/// of a mean is unbounded. Clustered shares, and shares of many outcomes to a trial, use Clopper-Pearson with the
/// effective number of trials of Korn and Graubard (1998).
Estimate estimate_column(std::size_t column, const TrialSums& sums, const ClusterVariance& clusters);

/// 10 log10(255^2 / mean mse), at most 100 dB; the interval by the delta method.
Estimate estimate_psnr_mean_mse_db(const TrialSums& sums, const ClusterVariance& clusters);

/// Information bits of right blocks over all channel uses, both summed over trials. The interval adds that of the share
/// of wrong blocks and that of the uses, which is too wide rather than too narrow whatever their correlation; trials
/// have equally many bits.
Estimate estimate_throughput(const TrialSums& sums, const ClusterVariance& clusters);

/// Measured Es/N0 from the sums of the ledger in dB, the interval by the delta method; NaN where no payload was sent.
Estimate estimate_snr_measured_db(const TrialSums& sums);

}  // namespace semlink
