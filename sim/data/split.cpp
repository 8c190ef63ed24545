#include <semlink/data/split.h>

#include <string>

#include <semlink/core/error.h>

namespace semlink {

Split parse_split(std::string_view text) {
  if (text == "train") return Split::train;
  if (text == "validation") return Split::validation;
  if (text == "calibration") return Split::calibration;
  if (text == "test") return Split::test;
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
