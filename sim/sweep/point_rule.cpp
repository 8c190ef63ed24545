#include <semlink/sweep/point_rule.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include <semlink/core/error.h>

namespace semlink {
namespace {

// The longer signs first, so that none is taken for the beginning of another.
constexpr std::string_view kSigns[] = {"!=", "<=", ">=", "==", "=", "<", ">"};

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::bad_scenario, what); }

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::vector<std::string> split(std::string_view text, std::string_view word) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(word);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + word.size());
  }
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const Key& find_key(const Keys& keys, const std::string& name) {
  for (const Key& key : keys.list())
    if (key.name == name) return key;
  const std::string nearest = keys.nearest(name);
  fail("unknown key " + name + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

bool is_number(const Key& key) { return key.type == "number" || key.type == "integer"; }

// `1/12` and `5.0` as the key itself would write them; throws when it would not take them.
std::string canonical(Keys& keys, const std::string& key, const std::string& value) {
  const std::string before = keys.get(key);
  try {
    keys.set(key, value);
  } catch (...) {
    keys.set(key, before);
    throw;
  }
  const std::string out = keys.get(key);
  keys.set(key, before);
  return out;
}

}  // namespace

PointRule::PointRule(Keys& keys, std::string_view text, const Resolve& resolve) {
  for (const std::string& group : split(text, " or ")) {
    std::vector<Comparison>& all_of = any_of_.emplace_back();
    for (const std::string& comparison : split(group, " and ")) all_of.push_back(parse(keys, comparison, resolve));
  }
}

PointRule::Comparison PointRule::parse(Keys& keys, const std::string& text, const Resolve& resolve) {
  const std::size_t at = text.find_first_of("=!<>");
  const auto sign = std::find_if(std::begin(kSigns), std::end(kSigns), [&](std::string_view candidate) {
    return at != std::string::npos && std::string_view(text).substr(at).starts_with(candidate);
  });
  if (sign == std::end(kSigns)) fail("\"" + text + "\": expected KEY = VALUE, or != < <= > >= in the place of =");
  Comparison out{.key = trimmed(text.substr(0, at)), .value = trimmed(text.substr(at + sign->size()))};
  out.op = *sign == "!="   ? Operator::not_equal
           : *sign == "<"  ? Operator::less
           : *sign == "<=" ? Operator::less_equal
           : *sign == ">"  ? Operator::greater
           : *sign == ">=" ? Operator::greater_equal
                           : Operator::equal;
  const Key& key = find_key(keys, out.key);
  out.is_key = keys.contains(out.value);
  const bool is_order = out.op != Operator::equal && out.op != Operator::not_equal;
  if (is_order && (!is_number(key) || (out.is_key && !is_number(find_key(keys, out.value)))))
    fail("\"" + text + "\": expected = or !=, for texts have no order");
  if (!out.is_key) out.value = canonical(keys, out.key, resolve ? resolve(key, out.value) : out.value);
  return out;
}

bool PointRule::holds(const std::function<std::string(const std::string&)>& value_of) const {
  const auto is_true = [&](const Comparison& comparison) {
    return holds(comparison, value_of(comparison.key),
                 comparison.is_key ? value_of(comparison.value) : comparison.value);
  };
  return std::any_of(any_of_.begin(), any_of_.end(),
                     [&](const auto& all_of) { return std::all_of(all_of.begin(), all_of.end(), is_true); });
}

bool PointRule::holds(const Comparison& comparison, const std::string& left, const std::string& right) {
  const std::optional<double> a = number_of(left), b = number_of(right);
  const bool are_numbers = a && b;
  const bool is_equal = are_numbers ? *a == *b : left == right;
  switch (comparison.op) {
    case Operator::equal:
      return is_equal;
    case Operator::not_equal:
      return !is_equal;
    case Operator::less:
      return are_numbers && *a < *b;
    case Operator::less_equal:
      return are_numbers && *a <= *b;
    case Operator::greater:
      return are_numbers && *a > *b;
    case Operator::greater_equal:
      return are_numbers && *a >= *b;
  }
  return false;
}

std::string PointRule::text() const {
  constexpr const char* kText[] = {"=", "!=", "<", "<=", ">", ">="};
  std::string out;
  for (const auto& all_of : any_of_) {
    if (!out.empty()) out += " or ";
    for (const Comparison& comparison : all_of)
      out += (&comparison == &all_of.front() ? "" : " and ") + comparison.key + " " +
             kText[static_cast<int>(comparison.op)] + " " + comparison.value;
  }
  return out;
}

}  // namespace semlink
