#pragma once

#include <cstdint>
#include <vector>

#include <semlink/sweep/sweep.h>

namespace semlink {

/// Which points get the next blocks under `run.allocation = adaptive`: a function of the blocks' sums alone, so that
/// threads and interruptions change nothing.
///
/// Rounds follow each other. The first gives every point eight blocks. Each further one deals out a sixteenth of all
/// blocks so far, one at a time, to the point whose interval is then expected to be widest (`target_half_width` times
/// the square root of trials over trials with those dealt out). Stop rules are asked between rounds.
class AdaptivePlan {
 public:
  AdaptivePlan(const SweepState& state, const RunSettings& settings);

  /// Goes on over the rounds whose blocks `state` holds, from the round it is in. False when there are no more rounds;
  /// else `limits` tells what the round it stands at needs.
  bool advance(const SweepState& state);
  /// Trials that each point is to have at the end of the round.
  const std::vector<std::int64_t>& limits() const { return limits_; }

  /// Why the point has no more than `num_blocks` blocks; unfinished where it may get more.
  StopReason stop(std::size_t point) const { return points_[point].stop; }
  std::size_t num_blocks(std::size_t point) const { return points_[point].num_blocks; }

 private:
  struct Point {
    TrialSums total;
    std::size_t num_blocks = 0;
    StopReason stop = StopReason::unfinished;
  };
  bool take_round(const SweepState& state);
  void deal_first_round();
  void deal_round();
  bool deal_block(std::size_t point);

  const RunSettings& settings_;
  std::vector<Point> points_;
  std::vector<std::int64_t> limits_;
  std::int64_t num_dealt_ = 0;  // trials of all points
};

}  // namespace semlink
