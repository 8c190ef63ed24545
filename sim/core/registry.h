#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <semlink/core/error.h>
#include <semlink/core/keys.h>

namespace semlink {

/// The settings of one plug-in: they declare their keys and make the object.
template <typename Interface>
class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual void declare(Keys& keys) = 0;
  /// Reads only its own fields; the keys have been set by then. Throws Error(bad_scenario | bad_file).
  virtual std::unique_ptr<const Interface> make() const = 0;
};

/// A table of the plug-ins of one kind: name, one sentence, maker of its settings. Filled explicitly (see sim/app/builtin.cpp):
/// static initialisers are dropped by linkers from static libraries.
template <typename Interface>
class Registry {
 public:
  /// Makes the settings whose keys are to stand in `section` (`gate` or `encoder_gate` for a gate policy).
  using MakeSettings = std::function<std::unique_ptr<Plugin<Interface>>(const std::string& section)>;

  struct Entry {
    std::string name;
    std::string help;
    MakeSettings make_settings;
  };

  /// Throws Error(bad_argument) when the name is taken.
  void add(std::string name, std::string help, MakeSettings make_settings) {
    for (const Entry& entry : entries_)
      if (entry.name == name) throw Error(ErrorCode::bad_argument, "plug-in \"" + name + "\" is registered twice");
    entries_.push_back({std::move(name), std::move(help), std::move(make_settings)});
  }

  /// Shorthand for a settings class with a default constructor, or with one that takes the section.
  template <typename Settings>
  void add(std::string name, std::string help) {
    add(std::move(name), std::move(help), [](const std::string& section) -> std::unique_ptr<Plugin<Interface>> {
      if constexpr (std::is_constructible_v<Settings, std::string>)
        return std::make_unique<Settings>(section);
      else
        return std::make_unique<Settings>();
    });
  }

  const std::vector<Entry>& entries() const { return entries_; }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Entry& entry : entries_) out.push_back(entry.name);
    return out;
  }

  /// Throws Error(bad_scenario) that lists the known names.
  const Entry& find(std::string_view name) const {
    std::string known;
    for (const Entry& entry : entries_) {
      if (entry.name == name) return entry;
      known += " " + entry.name;
    }
    throw Error(ErrorCode::bad_scenario, "no plug-in \"" + std::string(name) + "\"; known:" + known);
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace semlink
