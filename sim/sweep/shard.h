#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <semlink/sweep/run_settings.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// A part of a sweep that is run on its own, to be merged with the others.
struct Shard {
  /// What is dealt out: whole points in turn, or to every shard an equal share of the blocks of each point.
  enum class By { points, blocks };

  std::int64_t index = 1;  ///< 1 to `count`
  std::int64_t count = 1;
  By by = By::points;

  /// `2/7`.
  std::string text() const;
  bool operator==(const Shard&) const = default;
};

/// Reads `2/7`. Throws Error(bad_scenario) unless 1 <= index <= count <= 100000.
Shard parse_shard(std::string_view text);

/// How the sweep is split: by blocks when the number of trials is fixed, every shard gets at least a block of each point and no
/// point has more trials than `min_samples`, the smallest size of a source (0: no end to them); else by points. Sums by sample
/// cannot be added up over shards to the same bits. Throws Error(bad_scenario) for rules that look at several points at once
/// (adaptive allocation, a quiet axis).
Shard::By choose_split(const Shard& shard, const RunSettings& settings, std::int64_t min_samples);

/// Trials of each point that the shard runs of `max_trials`: all of them when points are dealt out.
struct TrialShare {
  std::int64_t first = 0;
  std::int64_t count = 0;
};
TrialShare trial_share(const Shard& shard, std::int64_t max_trials);

/// Marks the points that other shards run.
void leave_to_others(SweepState& state, const Shard& shard);

}  // namespace semlink
