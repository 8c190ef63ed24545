#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/core/keys.h>

namespace semlink {

/// A condition on the keys of a point: `channel.model = awgn and channel.snr_db > 10 or gate.depth > codec.depth`.
///
/// Comparisons are `KEY OP VALUE` with OP one of = != < <= > >=, VALUE a value of the key or the name of another key;
/// `and` binds closer than `or`. Numbers compare as numbers, everything else as text and for equality only; a number is
/// neither above nor below a word (`none`).
class PointRule {
 public:
  /// The value of a key as axes have it, from the value as a rule has it: a path from where theirs start.
  using Resolve = std::function<std::string(const Key& key, const std::string& value)>;

  /// Throws Error(bad_scenario) for a wrong form, an unknown key, a value that the key would not take, and an order of
  /// texts. The keys are as before afterwards.
  PointRule(Keys& keys, std::string_view text, const Resolve& resolve = nullptr);

  /// Whether the condition holds; `value_of` gives the value of a key at the point.
  bool holds(const std::function<std::string(const std::string& key)>& value_of) const;
  /// The rule written out again, its values resolved.
  std::string text() const;

 private:
  enum class Operator { equal, not_equal, less, less_equal, greater, greater_equal };
  struct Comparison {
    std::string key;
    Operator op = Operator::equal;
    std::string value;  // of the key, or the name of another key
    bool is_key = false;
  };
  static Comparison parse(Keys& keys, const std::string& text, const Resolve& resolve);
  static bool holds(const Comparison& comparison, const std::string& left, const std::string& right);

  std::vector<std::vector<Comparison>> any_of_;  // lists whose comparisons all hold
};

}  // namespace semlink
