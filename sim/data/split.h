#pragma once

#include <string>
#include <string_view>

#include <semlink/core/types.h>

namespace semlink {

/// Disjoint parts of a data set. Early stopping, tables and thresholds see `validation` and `calibration` only.
enum class Split { train, validation, calibration, test };

inline constexpr Split kSplits[] = {Split::train, Split::validation, Split::calibration, Split::test};

/// As `source.split` names it.
std::string split_name(Split split);

/// Throws Error(bad_scenario) for an unknown name.
Split parse_split(std::string_view text);

/// A run of records [first, first + count).
struct RecordRange {
  Index first = 0;
  Index count = 0;
};

/// The records of a split within the file set it comes from: `test` is all of the test records; the last twentieth of
/// the training records (rounded down) are `calibration`, the twentieth before them `validation`, the rest `train`. For
/// the 50,000 training images of CIFAR-10: 0-44,999 train, 45,000-47,499 validation, 47,500-49,999 calibration.
RecordRange split_range(Split split, Index num_records);

}  // namespace semlink
