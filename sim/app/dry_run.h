#pragma once

#include <atomic>
#include <filesystem>
#include <iosfwd>

#include <semlink/app/job.h>

namespace semlink {

/// How fast a job is: trials of a few points, evenly spread over the grid, on all its threads.
struct SpeedProbe {
  std::size_t num_points = 0;
  double seconds_per_trial = 0;  ///< mean over the points
};

/// Runs up to eight points for about `seconds` in all, at least one trial of each; ends early when `stop` becomes true.
/// Throws what a trial throws.
SpeedProbe probe_speed(Job& job, double seconds, const std::atomic<bool>& stop);

/// What `semlink run --dry-run` prints: the points, trials and time as the probe foresees them, and the size of the
/// result.
void print_plan(std::ostream& out, const Job& job, const SpeedProbe& probe, const std::filesystem::path& output);

}  // namespace semlink
