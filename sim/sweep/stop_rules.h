#pragma once

#include <cstdint>

#include <semlink/sweep/blocks.h>
#include <semlink/sweep/grid.h>
#include <semlink/sweep/run_settings.h>
#include <semlink/sweep/statistics.h>

namespace semlink {

/// Why a point has as many trials as it has.
enum class StopReason : std::int8_t {
  unfinished = 0,  ///< interrupted; `--resume` goes on
  max_trials = 1,  ///< `run.max_trials` are done
  targets = 2,     ///< every target that was given is reached
  excluded = 3,    ///< no point of the sweep: a rule takes it out
  max_time = 4,    ///< `run.max_time_s` has passed
  quiet = 5,       ///< not run: an earlier point along `run.quiet_axis` had no error
  budget = 6,      ///< `run.total_trials` are done
  elsewhere = 7,   ///< another shard runs it
};

/// The last of them.
inline constexpr StopReason kLastStopReason = StopReason::elsewhere;

/// Whether a point that ended so was never run (here).
bool has_no_trials(StopReason reason);

/// Whether the rules are asked after so many blocks: at every block up to 32, then 16 times until the
/// number has doubled.
/// A function of the number alone, so that threads change nothing; few looks, because each is a chance to stop by luck.
bool is_look(std::int64_t num_blocks);

/// Whether the point is done after these trials, which took `seconds`.
StopReason ask_stop_rules(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                          std::int64_t num_blocks, double seconds);

/// Whether every target that was given is reached. Targets count from eight blocks on, the first place where an interval deserves
/// trust, and `run.target_rel_ci` of a rate from 50 errors on; intervals of runs that stop by them are a little too narrow, as
/// with every sequential rule.
bool reaches_targets(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                     std::int64_t num_blocks);

/// Whether a rule may end a point before `run.max_trials`.
bool has_targets(const RunSettings& settings);

/// Whether a rule needs the interval, and with it the cluster variance.
bool needs_interval(const RunSettings& settings);

/// Half the width of the interval of the target metric, relative to the value for rates (to one error where there is none yet);
/// 0 where nothing was measured.
double target_half_width(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters);

/// Errors that `run.min_errors` and `run.quiet_axis` count.
double num_errors(const RunSettings& settings, const TrialSums& sums);

/// Throws Error(bad_scenario) where the rules do not go together, or a metric or axis is unknown.
void check_stop_rules(const RunSettings& settings, const Grid& grid);

}  // namespace semlink
