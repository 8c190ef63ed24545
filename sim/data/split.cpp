#include <semlink/data/split.h>

#include <semlink/core/error.h>

namespace semlink {

std::string split_name(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::validation:
      return "validation";
    case Split::calibration:
      return "calibration";
    case Split::test:
      break;
  }
  return "test";
}

Split parse_split(std::string_view text) {
  for (const Split split : kSplits)
    if (text == split_name(split)) return split;
  throw Error(ErrorCode::bad_scenario,
              "source.split = " + std::string(text) + ": expected one of train validation calibration test");
}

RecordRange split_range(Split split, Index num_records) {
  const Index held_out = num_records / 20;
  switch (split) {
    case Split::train:
      return {0, num_records - 2 * held_out};
    case Split::validation:
      return {num_records - 2 * held_out, held_out};
    case Split::calibration:
      return {num_records - held_out, held_out};
    case Split::test:
      break;
  }
  return {0, num_records};
}

}  // namespace semlink
