#include <semlink/sweep/axes.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::size_t kMaxValues = 1'000'000;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename Real>
std::optional<Real> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Real value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string print_rounded(double value) {
  char buffer[40];
  const auto rounded = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 12);
  // Read back and print the shortest form: "1e+06" and "1000000" become one text.
  double read = 0;
  std::from_chars(buffer, rounded.ptr, read);
  const auto shortest = std::to_chars(buffer, buffer + sizeof buffer, read);
  return std::string(buffer, shortest.ptr);
}

[[noreturn]] void fail(std::string_view item, const std::string& expected) {
  throw Error(ErrorCode::bad_scenario, "\"" + std::string(item) + "\": expected " + expected);
}

// In long double: 0.001 as a double is off by enough to show after many steps.
void append_range(std::string_view item, long double first, long double step, long double last, std::vector<std::string>& out) {
  if (step == 0) fail(item, "a step other than 0");
  const long double steps = (last - first) / step;
  if (steps < -1e-6L)
    fail(item, step > 0 ? "an end above the start, or a negative step" : "an end below the start, or a positive step");
  const long double count = std::floor(steps + 1e-6L) + 1;
  if (!(count + static_cast<long double>(out.size()) <= kMaxValues)) fail(item, "at most 1000000 values");
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const long double value = first + static_cast<long double>(i) * step;
    const bool is_zero = std::abs(value) < 1e-9L * std::abs(step);
    out.push_back(print_rounded(is_zero ? 0 : static_cast<double>(value)));
  }
}

bool is_numeric(const Key& key) { return key.type == "number" || key.type == "integer"; }

Axis::Kind kind_of(const Key& key, const Axis& axis) {
  if (!is_numeric(key) ||
      !std::all_of(axis.texts.begin(), axis.texts.end(), [](auto& t) { return parse<double>(t).has_value(); }))
    return Axis::Kind::text;
  return key.type == "integer" ? Axis::Kind::integer : Axis::Kind::number;
}

const Key& find_key(const Keys& keys, std::string_view name) {
  for (const Key& key : keys.list())
    if (key.name == name) return key;
  const std::string nearest = keys.nearest(name);
  throw Error(ErrorCode::bad_scenario, "sweep: unknown key " + std::string(name) +
                                           (nearest.empty() ? "" : "; the nearest is " + nearest));
}

}  // namespace

std::vector<std::string> expand_list(std::string_view list, ListItems items) {
  std::vector<std::string> out;
  if (trim(list).empty()) fail(list, "at least one value");
  for (const std::string_view item : split(list, ',')) {
    if (item.empty()) fail(list, "a value between commas");
    const std::vector<std::string_view> parts =
        items == ListItems::ranges ? split(item, ':') : std::vector<std::string_view>{item};
    std::vector<long double> numbers;
    for (const std::string_view part : parts)
      if (const auto number = parse<long double>(part)) numbers.push_back(*number);
    const bool is_range = parts.size() == 3 && numbers.size() == 3;
    // Numbers with a wrong number of colons are a range gone wrong, not a text.
    if (!is_range && parts.size() > 1 && !numbers.empty()) fail(item, "start:step:end");
    if (is_range)
      append_range(item, numbers[0], numbers[1], numbers[2], out);
    else
      out.emplace_back(item);
    if (out.size() > kMaxValues) fail(item, "at most 1000000 values");
  }
  return out;
}

std::string Axis::variable() const {
  std::string name = key;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

Axis make_axis(Keys& keys, std::string_view name, std::string_view list) {
  const Key& key = find_key(keys, name);
  const std::string prefix = "sweep." + key.name + " = " + std::string(list) + ": ";
  // A file name is kept out of a result's identity (checksums stand for it), yet other weights give other results.
  if (!key.identity && key.type != "path")
    throw Error(ErrorCode::bad_scenario, prefix + "expected a key that changes results; " + key.name + " does not");
  Axis axis{.key = key.name, .unit = key.unit.empty() ? "1" : key.unit, .long_name = key.help.empty() ? key.name : key.help};
  const std::string before = keys.get(name);
  try {
    for (const std::string& value : expand_list(list, is_numeric(key) ? ListItems::ranges : ListItems::values)) {
      keys.set(name, value);
      axis.texts.push_back(keys.get(name));
    }
  } catch (const Error& error) {
    keys.set(name, before);
    throw Error(error.code(), prefix + error.what());
  }
  keys.set(name, before);
  axis.kind = kind_of(key, axis);
  if (axis.kind != Axis::Kind::text)
    for (const std::string& text : axis.texts) axis.numbers.push_back(*parse<double>(text));
  return axis;
}

}  // namespace semlink
