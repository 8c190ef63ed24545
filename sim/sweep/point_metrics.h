#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <semlink/sweep/sweep.h>

namespace semlink {

/// A quantity of a finished point: a column of the trials, or something derived from sums of several.
struct PointMetric {
  std::string name;
  std::string units;
  std::string long_name;
  bool has_interval = true;
  std::optional<std::size_t> count_column;  ///< the column whose count is the metric's own; empty: every trial counts
  std::function<Estimate(const PointState&)> estimate;

  /// Trials that measured it.
  std::int64_t count(const PointState& point) const;
};

/// All metrics, in the order of result files.
std::vector<PointMetric> point_metrics();

}  // namespace semlink
