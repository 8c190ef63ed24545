#include <semlink/sweep/quiet_axis.h>

namespace semlink {

QuietAxis::QuietAxis(const Grid& grid, const RunSettings& settings) : grid_(grid), settings_(settings) {
  if (!settings.has_quiet_axis()) return;
  for (std::size_t i = 0; i < grid.dimensions().size(); ++i)
    for (const std::size_t axis : grid.dimensions()[i].axes)
      if (grid.axes()[axis].key == settings.quiet_axis) dimension_ = i;
}

std::vector<std::size_t> QuietAxis::silenced_by(std::size_t point, const TrialSums& sums) const {
  if (!dimension_ || sums.num_trials == 0 || num_errors(settings_, sums) > 0) return {};
  const std::size_t stride = grid_.stride(*dimension_), size = grid_.dimensions()[*dimension_].size;
  std::vector<std::size_t> out;
  for (std::size_t i = point / stride % size + 1; i < size; ++i) {
    point += stride;
    if (!grid_.is_excluded(point)) out.push_back(point);
  }
  return out;
}

void silence_stored_points(SweepState& state, const RunSettings& settings) {
  const QuietAxis axis(state.grid, settings);
  for (std::size_t i = 0; i < state.points.size(); ++i) {
    if (!state.points[i].finished()) continue;
    for (const std::size_t later : axis.silenced_by(i, state.points[i].total)) {
      state.points[later] = PointState();
      state.points[later].stop = StopReason::quiet;
    }
  }
}

}  // namespace semlink
