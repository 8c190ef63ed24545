#pragma once

#include <cstdint>

#include <semlink/sweep/grid.h>

namespace semlink {

/// What a result file will hold.
struct ResultExtent {
  std::int64_t num_blocks = 0;  ///< of all points
  std::int64_t num_rows = 0;    ///< rows of single trials
};

/// Size in bytes of the result file of a sweep, from above: as if nothing in it were compressed. Sums by sample of
/// unfinished points are not in it.
double estimate_result_bytes(const Grid& grid, const ResultExtent& extent);

}  // namespace semlink
