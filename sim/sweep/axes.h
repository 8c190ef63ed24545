#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/core/keys.h>

namespace semlink {

/// What stands between the commas of a list.
enum class ListItems {
  values,  ///< of keys that are no numbers: every item is a value, whatever colons are in it
  ranges,  ///< of numbers: an item with a colon is a range
};

/// The values of a list as a scenario writes it: items between commas, each a value or a range `a:step:b`.
///
/// A range is a, a + step, a + 2 step, ...; b belongs to it when it is hit within 1e-6 step. Its values are rounded to 12
/// significant digits, so that `0:0.1:0.3` ends with 0.3 and equals `0, 0.1, 0.2, 0.3`. Text values are taken as they are,
/// without the blanks around them. Throws Error(bad_scenario) for an empty list or item, a step of zero or of the wrong sign,
/// and more than 10^6 values.
std::vector<std::string> expand_list(std::string_view list, ListItems items = ListItems::ranges);

/// One swept key and its values.
struct Axis {
  enum class Kind { number, integer, text };

  std::string key;                  ///< `channel.snr_db`
  Kind kind = Kind::text;
  std::vector<std::string> texts;   ///< one form per value: numbers as the shortest text that reads back to the same number
  std::vector<double> numbers;      ///< the same as numbers; empty for text
  std::string unit;                 ///< "1" where there is none
  std::string long_name;

  /// Name in result files: the key with dots as underscores.
  std::string variable() const;
  std::size_t size() const { return texts.size(); }
};

/// The axis that sets `key` to each value of `list`. Every value passes the key's own check; the keys are as before afterwards.
/// Throws Error(bad_scenario) for an unknown key, a bad value, and a key that is no part of a result's identity.
Axis make_axis(Keys& keys, std::string_view key, std::string_view list);

}  // namespace semlink
