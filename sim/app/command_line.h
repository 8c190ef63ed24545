#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <semlink/app/scenario_text.h>
#include <semlink/core/keys.h>

namespace semlink {

/// What one command accepts.
struct CommandSyntax {
  std::string usage;                      ///< after the program's name: `run SCENARIO [--KEY=VALUE ...]`
  std::size_t min_words = 0;              ///< arguments that are no options
  std::size_t max_words = 0;
  std::vector<std::string> flags;         ///< options without a value, names without dashes
  std::vector<std::string> options;       ///< options with a value
  bool takes_keys = false;                ///< every key `--KEY=VALUE` and axis `--sweep.KEY=LIST`
};

/// The arguments of one command, sorted.
struct CommandLine {
  std::vector<std::string> words;
  std::map<std::string, std::string> options;  ///< a flag stands here with an empty value
  ScenarioText scenario;                       ///< keys and axes, origin `command line`

  bool has(const std::string& name) const { return options.contains(name); }
  std::optional<std::string> get(const std::string& name) const;
};

/// Sorts `arguments` (without program and command). Names must be written out; `--name=value` and `--name value` are the same.
/// `keys` tells which keys there are; null when the command takes none. Throws Error(bad_scenario) for an unknown option (with
/// the nearest key), a missing or superfluous value, an option that stands twice, too few and too many words.
CommandLine parse_command_line(std::span<const std::string> arguments, const CommandSyntax& syntax, const Keys* keys);

/// The scenario of a file with that of the command line over it: a value replaces the file's and takes the key's axis away, an
/// axis replaces the file's in place or comes last, a rule on the axes replaces the file's (an empty one takes it away). Throws Error(bad_scenario) when the command line gives a key both ways.
ScenarioText override_scenario(ScenarioText file, const ScenarioText& command_line);

/// The keys given on the command line, `--output` and `--threads` written out as `run.output` and `run.threads`. Throws
/// Error(bad_scenario) when a key is given both ways.
ScenarioText scenario_keys(const CommandLine& line);

}  // namespace semlink
