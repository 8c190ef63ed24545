#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace semlink {

/// One scenario key: the field it fills and all that is known of it. `semlink keys`, the reference page and the HDF5
/// attributes are made from this.
struct Key {
  std::string name;           ///< `section.key`
  std::string type;           ///< "number", "integer", "flag", "text", "choice", "path"
  std::string unit;           ///< "dB", "1", ... ; empty where there is none
  std::string default_text;   ///< as `get` prints it before any `set`
  std::string expected;       ///< "[0, 1]", "one of awgn rayleigh", ...
  std::string help;           ///< one sentence
  bool identity = true;       ///< part of what makes a result what it is (false: threads, output, checkpoints, stop rules)
  std::function<void(std::string_view)> set;  ///< parses into the field; throws Error(bad_scenario) with `expected`
  std::function<std::string()> get;           ///< the field as text that `set` reads back to the same value
};

/// Fluent refinement of a key that was just declared: `keys.number("channel.snr_db", c.snr_db).unit("dB").range(-50, 100)`.
class KeyBuilder {
 public:
  explicit KeyBuilder(Key& key) : key_(key) {}
  KeyBuilder& unit(std::string_view text);
  KeyBuilder& range(double low, double high);  ///< inclusive; for numbers and integers
  KeyBuilder& above(double low);               ///< exclusive lower bound; for numbers
  KeyBuilder& help(std::string_view sentence);
  KeyBuilder& not_identity();

 private:
  Key& key_;
};

/// The keys of a scenario, each bound to the field of a config struct. The fields must outlive the Keys object. Plug-ins may
/// share a key (`source.path`): declaring a name again binds one more field to it, and a value goes to all of them. Type, choices
/// and default must agree, else Error(bad_argument); unit, range and help are said at the first declaration (a range said again
/// is checked too).
class Keys {
 public:
  Keys();
  ~Keys();
  Keys(Keys&&) noexcept;
  Keys& operator=(Keys&&) noexcept;

  /// Finite decimal number or fraction (`1/12`).
  KeyBuilder number(std::string_view name, double& field);
  /// The same, or the word `none` for "not given".
  KeyBuilder optional_number(std::string_view name, std::optional<double>& field);
  KeyBuilder integer(std::string_view name, std::int64_t& field);
  KeyBuilder optional_integer(std::string_view name, std::optional<std::int64_t>& field);
  /// true/false, yes/no, on/off, 1/0.
  KeyBuilder flag(std::string_view name, bool& field);
  KeyBuilder text(std::string_view name, std::string& field);
  /// One of `allowed`.
  KeyBuilder choice(std::string_view name, std::string& field, std::vector<std::string> allowed);
  /// A file or folder name; relative names are resolved by the reader of the scenario against the file's folder.
  KeyBuilder path(std::string_view name, std::filesystem::path& field);

  bool contains(std::string_view name) const;
  /// Throws Error(bad_scenario): for an unknown name with the nearest known one, for a bad value with what was expected.
  void set(std::string_view name, std::string_view value);
  std::string get(std::string_view name) const;
  /// In the order declared.
  const std::vector<Key>& list() const;
  /// The known name with the smallest edit distance to `name`; empty when there are no keys.
  std::string nearest(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace semlink
