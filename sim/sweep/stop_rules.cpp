#include <semlink/sweep/stop_rules.h>

#include <bit>

namespace semlink {
namespace {

constexpr std::int64_t kMinBlocks = 4;

bool enough_errors(const RunSettings& settings, const TrialSums& sums) {
  return sums.columns[column_index("header_error_rate")].sum >= static_cast<double>(*settings.min_errors);
}

bool psnr_known(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters) {
  const Estimate psnr = estimate_column(column_index("psnr_db"), sums, clusters);
  return (psnr.high - psnr.low) / 2 <= *settings.target_psnr_ci_db;  // false where it was not measured
}

bool error_rate_known(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters) {
  const Estimate rate = estimate_column(column_index("header_error_rate"), sums, clusters);
  return rate.value > 0 && (rate.high - rate.low) / 2 <= *settings.target_rel_ci * rate.value;
}

}  // namespace

bool has_no_trials(StopReason reason) { return reason == StopReason::excluded; }

bool is_look(std::int64_t num_blocks) {
  if (num_blocks <= 32) return true;
  const int shift = std::bit_width(static_cast<std::uint64_t>(num_blocks)) - 5;
  return num_blocks % (std::int64_t{1} << shift) == 0;
}

bool has_targets(const RunSettings& settings) { return settings.min_errors || needs_interval(settings); }

bool needs_interval(const RunSettings& settings) { return settings.target_psnr_ci_db || settings.target_rel_ci; }

StopReason ask_stop_rules(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                          std::int64_t num_blocks) {
  if (sums.num_trials >= settings.max_trials) return StopReason::max_trials;
  if (num_blocks < kMinBlocks || !is_look(num_blocks)) return StopReason::unfinished;
  if (!has_targets(settings)) return StopReason::unfinished;
  if (settings.min_errors && !enough_errors(settings, sums)) return StopReason::unfinished;
  if (settings.target_psnr_ci_db && !psnr_known(settings, sums, clusters)) return StopReason::unfinished;
  if (settings.target_rel_ci && !error_rate_known(settings, sums, clusters)) return StopReason::unfinished;
  return StopReason::targets;
}

}  // namespace semlink
