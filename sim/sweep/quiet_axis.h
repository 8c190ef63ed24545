#pragma once

#include <optional>
#include <vector>

#include <semlink/sweep/sweep.h>

namespace semlink {

/// The lines of points along `run.quiet_axis`. The first point of a line that ends without an error is the last that is
/// run.
class QuietAxis {
 public:
  /// Does nothing without such an axis. `grid` must outlive it; `settings` have passed `check_stop_rules`.
  QuietAxis(const Grid& grid, const RunSettings& settings);

  /// The points that the end of `point` with these sums silences, in axis order: none when it saw an error.
  std::vector<std::size_t> silenced_by(std::size_t point, const TrialSums& sums) const;

 private:
  const Grid& grid_;
  const RunSettings& settings_;
  std::optional<std::size_t> dimension_;
};

/// Drops what is stored of points behind a finished one without an error, whatever was computed earlier, and marks
/// them.
void silence_stored_points(SweepState& state, const RunSettings& settings);

}  // namespace semlink
