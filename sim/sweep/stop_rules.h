#pragma once

#include <cstdint>

#include <semlink/sweep/run_settings.h>
#include <semlink/sweep/statistics.h>

namespace semlink {

/// Why a point has as many trials as it has.
enum class StopReason : std::int8_t {
  unfinished = 0,  ///< interrupted; `--resume` goes on
  max_trials = 1,  ///< `run.max_trials` are done
  targets = 2,     ///< every target that was given is reached
  excluded = 3,    ///< no point of the sweep: a rule takes it out
};

/// The last of them.
inline constexpr StopReason kLastStopReason = StopReason::excluded;

/// Whether a point that ended so was never run.
bool has_no_trials(StopReason reason);

/// Whether the rules are asked after so many blocks: at every block up to 32, then 16 times until the
/// number has doubled.
/// A function of the number alone, so that threads change nothing; few looks, because each is a chance to stop by luck.
bool is_look(std::int64_t num_blocks);

/// Whether the point is done after these trials. Targets count from four blocks on, the first place where an interval
/// deserves trust; intervals of runs that stop by them are a little too narrow, as with every sequential rule.
StopReason ask_stop_rules(const RunSettings& settings, const TrialSums& sums, const ClusterVariance& clusters,
                          std::int64_t num_blocks);

/// Whether a rule may end a point before `run.max_trials`.
bool has_targets(const RunSettings& settings);

/// Whether a rule needs the interval, and with it the cluster variance.
bool needs_interval(const RunSettings& settings);

}  // namespace semlink
