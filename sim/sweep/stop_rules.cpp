#include <semlink/sweep/stop_rules.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::int64_t kMinBlocks = 8;
constexpr double kMinErrorsOfRate = 50;

bool is_rate(std::size_t column) {
  return columns()[column].estimate == Column::Estimate::bernoulli || columns()[column].name.ends_with("_error_rate");
}

/// The first of these columns that there is and that was measured; the last one otherwise.
std::size_t first_measured(std::initializer_list<std::string_view> names, const TrialSums& sums) {
  std::size_t last = 0;
  for (const std::string_view name : names)
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      if (columns()[i].name != name) continue;
      last = i;
      if (sums.columns[i].count > 0) return i;
    }
  return last;
}

bool is_auto(const RunSettings& settings) { return settings.target_metric == "auto"; }

std::size_t error_column(const RunSettings& settings, const TrialSums& sums) {
  if (!is_auto(settings) && is_rate(column_index(settings.target_metric))) return column_index(settings.target_metric);
  return first_measured({"block_error_rate", "header_error_rate"}, sums);
}

std::size_t absolute_column(const RunSettings& settings) {
  return column_index(is_auto(settings) ? "psnr_db" : settings.target_metric);
}

std::size_t relative_column(const RunSettings& settings, const TrialSums& sums) {
  return is_auto(settings) ? error_column(settings, sums) : column_index(settings.target_metric);
}

double errors_of(std::size_t column, const TrialSums& sums) {
  const Moments& moments = sums.columns[column];
  if (columns()[column].name == "block_error_rate") return sums.columns[column_index("num_block_errors")].sum;
  if (columns()[column].name == "bit_error_rate") return sums.columns[column_index("num_bit_errors")].sum;
  // A trial's share of its blocks is no number of errors.
  if (columns()[column].estimate == Column::Estimate::share && moments.count > 0)
    return std::round(moments.mean() * num_outcomes(column, sums));
  return columns()[column].name == "accuracy" ? static_cast<double>(moments.count) - moments.sum : moments.sum;
}

double half_width(const Estimate& estimate) { return (estimate.high - estimate.low) / 2; }

// Comparisons are false where nothing was measured (NaN).
bool reaches_absolute(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters) {
  return half_width(estimate_column(absolute_column(settings), sums, clusters)) <= *settings.target_abs_ci;
}

bool reaches_relative(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters) {
  const std::size_t column = relative_column(settings, sums);
  if (is_rate(column) && errors_of(column, sums) < kMinErrorsOfRate) return false;
  const Estimate estimate = estimate_column(column, sums, clusters);
  return half_width(estimate) <= *settings.target_rel_ci * std::abs(estimate.value);
}

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::bad_scenario, what); }

}  // namespace

bool has_no_trials(StopReason reason) {
  return reason == StopReason::excluded || reason == StopReason::quiet || reason == StopReason::elsewhere;
}

bool is_look(std::int64_t num_blocks) {
  if (num_blocks <= 32) return true;
  const int shift = std::bit_width(static_cast<std::uint64_t>(num_blocks)) - 5;
  return num_blocks % (std::int64_t{1} << shift) == 0;
}

bool needs_interval(const RunSettings& settings) { return settings.target_abs_ci || settings.target_rel_ci; }

bool has_targets(const RunSettings& settings) { return settings.min_errors || needs_interval(settings); }

StopReason ask_stop_rules(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                          std::int64_t num_blocks, double seconds) {
  if (sums.num_trials >= settings.max_trials) return StopReason::max_trials;
  if (is_look(num_blocks) && reaches_targets(settings, sums, clusters, num_blocks)) return StopReason::targets;
  if (settings.max_time_s && num_blocks > 0 && seconds >= *settings.max_time_s) return StopReason::max_time;
  return StopReason::unfinished;
}

bool reaches_targets(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                     std::int64_t num_blocks) {
  if (!has_targets(settings) || num_blocks < kMinBlocks) return false;
  if (settings.min_errors && num_errors(settings, sums) < static_cast<double>(*settings.min_errors)) return false;
  if (settings.target_abs_ci && !reaches_absolute(settings, sums, clusters)) return false;
  return !settings.target_rel_ci || reaches_relative(settings, sums, clusters);
}

double target_half_width(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters) {
  const bool wants_rate = settings.target_rel_ci || settings.min_errors;
  std::size_t column = wants_rate ? relative_column(settings, sums) : absolute_column(settings);
  if (is_auto(settings) && sums.columns[column].count == 0) column = error_column(settings, sums);
  const Moments& moments = sums.columns[column];
  if (moments.count == 0) return 0;
  const Estimate estimate = estimate_column(column, sums, clusters);
  if (!is_rate(column)) return half_width(estimate);
  return half_width(estimate) / std::max(estimate.value, 1 / static_cast<double>(moments.count));
}

double num_errors(const RunSettings& settings, const TrialSums& sums) {
  return errors_of(error_column(settings, sums), sums);
}

void check_stop_rules(const RunSettings& settings, const Grid& grid) {
  const std::span<const Column, kNumColumns> table = columns();
  if (!is_auto(settings) && std::none_of(table.begin(), table.end(), [&](const Column& column) {
        return column.name == settings.target_metric && column.estimate != Column::Estimate::total;
      })) {
    std::string known = "auto";
    for (const Column& column : table)
      if (column.estimate != Column::Estimate::total) known += " " + std::string(column.name);
    fail("run.target_metric = " + settings.target_metric + ": expected one of " + known);
  }
  if (settings.total_trials && !settings.is_adaptive())
    fail("run.total_trials = " + std::to_string(*settings.total_trials) +
         ": expected run.allocation = adaptive with it");
  const std::int64_t first_round = std::min<std::int64_t>(settings.max_trials, kMinBlocks * kUnitTrials) *
                                   static_cast<std::int64_t>(grid.num_points() - grid.num_excluded());
  if (settings.total_trials && *settings.total_trials < first_round)
    fail("run.total_trials = " + std::to_string(*settings.total_trials) + ": expected at least " +
         std::to_string(first_round) + ", the first blocks of every point");
  if (!settings.has_quiet_axis()) return;
  std::string known;
  for (const Axis& axis : grid.axes()) known += " " + axis.key;
  if (std::none_of(grid.axes().begin(), grid.axes().end(),
                   [&](const Axis& axis) { return axis.key == settings.quiet_axis; }))
    fail("run.quiet_axis = " + settings.quiet_axis +
         ": expected an axis of the sweep; axes:" + (known.empty() ? " none" : known));
  if (settings.is_adaptive())
    fail("run.quiet_axis = " + settings.quiet_axis +
         ": expected none with run.allocation = adaptive, which needs all points");
}

}  // namespace semlink
