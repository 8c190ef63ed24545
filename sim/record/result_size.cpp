#include <semlink/record/point_variables.h>
#include <semlink/record/result_size.h>
#include <semlink/record/trial_rows.h>
#include <semlink/sweep/statistics.h>

namespace semlink {
namespace {

constexpr double kCell = 8;          // bytes of a number
constexpr double kObject = 1500;     // header and attributes of a variable, from files of one point
constexpr double kAttributes = 2e4;  // scenario text and provenance
constexpr double kChunks = 1.02;     // index of the chunks

// Number, first trial, number of trials, largest payload error and the scale; per column count, sum and sum of squares.
constexpr double kBlockCells =
    5 + 3 * static_cast<double>(kNumColumns) + LedgerSums::kNumQuantities + LedgerSums::kNumProducts;

}  // namespace

double estimate_result_bytes(const Grid& grid, const ResultExtent& extent) {
  const auto num_variables = static_cast<double>(point_variables(point_metrics()).size());
  double cells = num_variables * static_cast<double>(grid.num_points());
  for (const Axis& axis : grid.axes()) cells += 4 * static_cast<double>(axis.size());
  cells += kBlockCells * static_cast<double>(extent.num_blocks);
  cells += (kNumTrialVariables + 1) * static_cast<double>(extent.num_rows);
  const double num_objects = num_variables + static_cast<double>(grid.axes().size()) + 20 +
                             (extent.num_rows > 0 ? static_cast<double>(kNumTrialVariables) : 0);
  return kAttributes + kObject * num_objects + kChunks * kCell * cells;
}

}  // namespace semlink
