#include <semlink/core/keys.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include <semlink/core/error.h>

namespace semlink {
namespace {

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::optional<double> value;
  if (slash == std::string_view::npos) {
    value = parse_whole<double>(text);
  } else {
    const auto numerator = parse_whole<double>(text.substr(0, slash));
    const auto denominator = parse_whole<double>(text.substr(slash + 1));
    if (numerator && denominator) value = *numerator / *denominator;
  }
  if (value && !std::isfinite(*value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_flag(std::string_view text) {
  for (std::string_view word : {"true", "yes", "on", "1"})
    if (text == word) return true;
  for (std::string_view word : {"false", "no", "off", "0"})
    if (text == word) return false;
  return std::nullopt;
}

/// Shortest text that reads back to the same number.
template <typename Number>
std::string print(Number value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, result.ptr);
}

[[noreturn]] void throw_bad_value(std::string_view name, std::string_view value, std::string_view expected) {
  throw Error(ErrorCode::bad_scenario, std::string(name) + " = " + std::string(value) + ": expected " + std::string(expected));
}

/// Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// Adds a condition on the number to a key; a text that is no number is left to the key's own complaint.
void add_condition(Key& key, std::string expected, std::function<bool(double)> holds) {
  key.set = [name = key.name, expected, holds = std::move(holds), inner = std::move(key.set)](std::string_view text) {
    const std::optional<double> value = parse_number(text);
    if (value && !holds(*value)) throw_bad_value(name, text, expected);
    inner(text);
  };
  key.expected = std::move(expected);
}

}  // namespace

KeyBuilder& KeyBuilder::unit(std::string_view text) {
  key_.unit = text;
  return *this;
}

KeyBuilder& KeyBuilder::range(double low, double high) {
  std::string expected = std::isinf(high) ? "at least " + print(low) : "[" + print(low) + ", " + print(high) + "]";
  add_condition(key_, std::move(expected), [low, high](double x) { return x >= low && x <= high; });
  return *this;
}

KeyBuilder& KeyBuilder::above(double low) {
  add_condition(key_, "above " + print(low), [low](double x) { return x > low; });
  return *this;
}

KeyBuilder& KeyBuilder::help(std::string_view sentence) {
  key_.help = sentence;
  return *this;
}

KeyBuilder& KeyBuilder::not_identity() {
  key_.identity = false;
  return *this;
}

struct Keys::Impl {
  std::vector<Key> keys;
  std::vector<Key> further_bindings;  ///< of names in `keys`

  Key* find(std::string_view name) {
    const auto it = std::find_if(keys.begin(), keys.end(), [name](const Key& key) { return key.name == name; });
    return it == keys.end() ? nullptr : &*it;
  }

  /// `bind` is the key with type, expectation, `set` and `get`.
  KeyBuilder declare(Key bind) {
    bind.default_text = bind.get();
    const Key* first = find(bind.name);
    if (!first) return KeyBuilder(keys.emplace_back(std::move(bind)));
    const bool same_choices = bind.type != "choice" || bind.expected == first->expected;
    if (bind.type != first->type || bind.default_text != first->default_text || !same_choices)
      throw Error(ErrorCode::bad_argument, "key " + bind.name + " is declared twice: " + first->type + " " + first->expected +
                                               " = " + first->default_text + ", " + bind.type + " " + bind.expected + " = " +
                                               bind.default_text);
    return KeyBuilder(further_bindings.emplace_back(std::move(bind)));
  }
};

Keys::Keys() : impl_(std::make_unique<Impl>()) {}
Keys::~Keys() = default;
Keys::Keys(Keys&&) noexcept = default;
Keys& Keys::operator=(Keys&&) noexcept = default;

KeyBuilder Keys::number(std::string_view name, double& field) {
  Key key{.name = std::string(name), .type = "number", .expected = "a number"};
  key.set = [n = key.name, &field](std::string_view text) {
    const auto value = parse_number(text);
    if (!value) throw_bad_value(n, text, "a number");
    field = *value;
  };
  key.get = [&field] { return print(field); };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::optional_number(std::string_view name, std::optional<double>& field) {
  Key key{.name = std::string(name), .type = "number", .expected = "a number or none"};
  key.set = [n = key.name, &field](std::string_view text) {
    const auto value = parse_number(text);
    if (!value && text != "none") throw_bad_value(n, text, "a number or none");
    field = value;
  };
  key.get = [&field] { return field ? print(*field) : "none"; };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::integer(std::string_view name, std::int64_t& field) {
  Key key{.name = std::string(name), .type = "integer", .expected = "an integer"};
  key.set = [n = key.name, &field](std::string_view text) {
    const auto value = parse_whole<std::int64_t>(text);
    if (!value) throw_bad_value(n, text, "an integer");
    field = *value;
  };
  key.get = [&field] { return print(field); };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::optional_integer(std::string_view name, std::optional<std::int64_t>& field) {
  Key key{.name = std::string(name), .type = "integer", .expected = "an integer or none"};
  key.set = [n = key.name, &field](std::string_view text) {
    const auto value = parse_whole<std::int64_t>(text);
    if (!value && text != "none") throw_bad_value(n, text, "an integer or none");
    field = value;
  };
  key.get = [&field] { return field ? print(*field) : "none"; };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::flag(std::string_view name, bool& field) {
  Key key{.name = std::string(name), .type = "flag", .expected = "true or false"};
  key.set = [n = key.name, &field](std::string_view text) {
    const auto value = parse_flag(text);
    if (!value) throw_bad_value(n, text, "true or false");
    field = *value;
  };
  key.get = [&field] { return field ? "true" : "false"; };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::text(std::string_view name, std::string& field) {
  Key key{.name = std::string(name), .type = "text", .expected = "text"};
  key.set = [&field](std::string_view text) { field = text; };
  key.get = [&field] { return field; };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::choice(std::string_view name, std::string& field, std::vector<std::string> allowed) {
  Key key{.name = std::string(name), .type = "choice", .expected = "one of"};
  for (const std::string& word : allowed) key.expected += " " + word;
  key.set = [n = key.name, expected = key.expected, allowed = std::move(allowed), &field](std::string_view text) {
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) throw_bad_value(n, text, expected);
    field = text;
  };
  key.get = [&field] { return field; };
  return impl_->declare(std::move(key));
}

KeyBuilder Keys::path(std::string_view name, std::filesystem::path& field) {
  Key key{.name = std::string(name), .type = "path", .expected = "a file or folder"};
  key.set = [&field](std::string_view text) { field = text; };
  key.get = [&field] { return field.string(); };
  return impl_->declare(std::move(key));
}

bool Keys::contains(std::string_view name) const { return impl_->find(name) != nullptr; }

void Keys::set(std::string_view name, std::string_view value) {
  const Key* key = impl_->find(name);
  if (!key) {
    const std::string near = nearest(name);
    throw Error(ErrorCode::bad_scenario,
                "unknown key " + std::string(name) + (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  key->set(value);
  for (const Key& binding : impl_->further_bindings)
    if (binding.name == name) binding.set(value);
}

std::string Keys::get(std::string_view name) const {
  const Key* key = impl_->find(name);
  if (!key) throw Error(ErrorCode::bad_argument, "unknown key " + std::string(name));
  return key->get();
}

const std::vector<Key>& Keys::list() const { return impl_->keys; }

std::string Keys::nearest(std::string_view name) const {
  const Key* best = nullptr;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const Key& key : impl_->keys) {
    const std::size_t distance = edit_distance(name, key.name);
    if (distance < best_distance) {
      best = &key;
      best_distance = distance;
    }
  }
  return best ? best->name : "";
}

}  // namespace semlink
