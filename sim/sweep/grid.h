#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <semlink/sweep/axes.h>

namespace semlink {

/// Keys of axes that run together, one list per group.
using AxisGroups = std::vector<std::vector<std::string>>;

/// The groups of a line `zip = channel.snr_db + codec.keep_ratio, gate.policy + gate.depth`; none for an empty text.
/// Throws Error(bad_scenario) for an empty name, a group of one key, and a key that stands twice.
AxisGroups parse_axis_groups(std::string_view text);

/// One direction of the grid: a single axis, or several that run together.
struct Dimension {
  std::string name;  ///< in result files: the axis' variable, or `zip_1`, `zip_2`, ... where axes run together
  std::vector<std::size_t> axes;  ///< indices into `Grid::axes`, ascending
  std::size_t size = 0;

  bool is_zip() const { return axes.size() > 1; }
};

/// The points of a sweep: all combinations of the dimensions' values, the first slowest, some of them excluded. Without
/// axes there is one point. Excluded points keep their number, so that files stay rectangular.
class Grid {
 public:
  Grid() = default;
  /// Axes of a group share a dimension that stands where the first of them would. Throws Error(bad_scenario) for more
  /// than 10^6 points, for one that stands twice, and for a group that names no axis, an axis twice, or axes of
  /// different lengths.
  explicit Grid(std::vector<Axis> axes, const AxisGroups& zipped = {});

  const std::vector<Axis>& axes() const { return axes_; }
  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  /// Keys of the axes in their order.
  std::vector<std::string> keys() const;
  /// The groups as a scenario writes them; empty where every axis stands alone.
  std::string zip_text() const;

  /// Takes points out; one flag per point. Throws Error(bad_scenario) when none is left.
  void exclude(std::vector<bool> excluded);
  bool is_excluded(std::size_t point) const { return !excluded_.empty() && excluded_[point]; }

  /// All points, the excluded ones too.
  std::size_t num_points() const { return num_points_; }
  std::size_t num_excluded() const { return num_excluded_; }
  /// Number of values along each dimension.
  std::vector<std::size_t> shape() const;
  /// Index of the point's value on each axis.
  std::vector<std::size_t> position(std::size_t point) const;
  /// Distance between the numbers of two points that are neighbours along the dimension.
  std::size_t stride(std::size_t dimension) const;
  /// Key and value for each axis: what to `set` to be at the point.
  std::vector<std::pair<std::string, std::string>> settings(std::size_t point) const;
  /// For people: `channel.snr_db = 5, codec.keep_ratio = 0.5`; empty without axes.
  std::string label(std::size_t point) const;
  /// Salt of the point's random streams with `run.common_random = false`: a hash of its axis values by name, whatever
  /// their order, so that other values on the axes change nothing here. Never 0.
  std::uint64_t salt(std::size_t point) const;

 private:
  void group(const AxisGroups& zipped);
  void refuse_repetitions() const;

  std::vector<Axis> axes_;
  std::vector<Dimension> dimensions_;
  std::vector<bool> excluded_;  // empty: none
  std::size_t num_points_ = 1;
  std::size_t num_excluded_ = 0;
};

/// How two grids differ, as the end of a sentence about the first; empty when they are the same.
std::string difference(const Grid& stored, const Grid& current);

}  // namespace semlink
