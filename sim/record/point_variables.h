#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <semlink/sweep/point_metrics.h>

namespace semlink {

/// Everything that stands in a file for a point, computed once.
struct PointSummary {
  const PointState& state;
  std::vector<Estimate> metrics;     ///< as `point_metrics`
  std::vector<std::int64_t> counts;  ///< of each metric
  ClusterVariance clusters;
  LedgerReport ledger;

  PointSummary(const PointState& point, const std::vector<PointMetric>& table);
};

/// A variable over the sweep axes.
struct PointVariable {
  enum class Type { real, integer, flags };

  std::string name;
  std::string units;
  std::string long_name;
  Type type = Type::real;
  /// Left out of the file where this metric was measured at no point.
  std::optional<std::size_t> needs_metric;
  /// Meanings of the values 0, 1, ... of flags, separated by blanks.
  std::string flag_meanings;
  std::function<double(const PointSummary&)> value;
};

/// All variables over the sweep axes, in the order of the file.
std::vector<PointVariable> point_variables(const std::vector<PointMetric>& metrics);

}  // namespace semlink
