#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace semlink {

/// One `key = value` as the user wrote it.
struct Assignment {
  std::string key;    ///< `section.key`
  std::string value;
  std::string origin;              ///< for errors: `quickstart.ini:12` or `command line`
  std::filesystem::path base = {};  ///< folder that relative paths in the value start from; empty: the working directory
};

/// A scenario before anything is known about its keys: scalar values and sweep axes, in the order written.
struct ScenarioText {
  std::vector<Assignment> values;
  std::vector<Assignment> axes;  ///< lines of section `[sweep]`; the value is the list
  std::vector<Assignment> rules; ///< its lines `zip` and `exclude`, which are no keys
  std::filesystem::path folder = {};  ///< of the file

  /// The rule of that name; null when there is none, or an empty one.
  const Assignment* rule(std::string_view name) const;
};

/// Whether a line of `[sweep]` is a rule on the axes: `zip` or `exclude`.
bool is_sweep_rule(std::string_view name);

/// Reads INI text: `[section]` lines, `key = value` lines, comments from `#` or `;` at the start of a line or from ` #` to its
/// end. Ahead of the first section a key is written in full (`channel.model = awgn`). Line ends may be CRLF, a byte-order mark is
/// skipped. Throws Error(bad_scenario) with file and line for anything else, and for a key that stands twice.
ScenarioText parse_scenario_text(std::string_view text, const std::string& file_name, const std::filesystem::path& base);

/// The same of a file of at most 1 MiB. Ahead of the first section `include = FILE, ...` takes over what other files say
/// (relative to this one, at most 8 deep), each over those before it and this one over all: a value replaces the included one and
/// takes its axis away, an axis replaces it in place or comes last. Throws Error(bad_scenario) when it cannot be read.
ScenarioText read_scenario_file(const std::filesystem::path& file);

}  // namespace semlink
