#include <semlink/app/command_line.h>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>

#include <algorithm>

#include <semlink/core/error.h>

namespace semlink {
namespace {

namespace po = boost::program_options;

constexpr std::string_view kAxisPrefix = "sweep.";
constexpr const char* kOrigin = "command line";

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::bad_scenario, std::string(kOrigin) + ": " + what); }

po::options_description describe(const CommandSyntax& syntax, const Keys* keys) {
  po::options_description all;
  for (const std::string& flag : syntax.flags) all.add_options()(flag.c_str(), "");
  for (const std::string& option : syntax.options) all.add_options()(option.c_str(), po::value<std::string>(), "");
  if (!keys) return all;
  for (const char* rule : {"sweep.zip", "sweep.exclude"}) all.add_options()(rule, po::value<std::string>(), "");
  for (const Key& key : keys->list()) {
    all.add_options()(key.name.c_str(), po::value<std::string>(), "");
    all.add_options()((std::string(kAxisPrefix) + key.name).c_str(), po::value<std::string>(), "");
  }
  return all;
}

[[noreturn]] void fail_unknown(const std::string& name, const CommandSyntax& syntax, const Keys* keys) {
  const bool is_axis = name.starts_with(kAxisPrefix);
  const std::string key = is_axis ? name.substr(kAxisPrefix.size()) : name;
  if (!keys || key.find('.') == std::string::npos) fail("unknown option --" + name + "; usage: semlink " + syntax.usage);
  fail("unknown key " + key + "; did you mean " + keys->nearest(key) + "?");
}

/// Boost refuses `--name=`; the same in two arguments is an empty value.
std::vector<std::string> split_empty_values(std::span<const std::string> arguments) {
  std::vector<std::string> out;
  for (const std::string& argument : arguments) {
    const bool is_empty = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    out.push_back(is_empty ? argument.substr(0, argument.size() - 1) : argument);
    if (is_empty) out.emplace_back();
  }
  return out;
}

/// Boost's own complaints, which are about the form of an option.
po::parsed_options parse(std::span<const std::string> arguments, const po::options_description& known) {
  // Without short options a negative number can follow its option, and no name is completed by guessing.
  namespace style = po::command_line_style;
  try {
    return po::command_line_parser(split_empty_values(arguments))
        .options(known)
        .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
        .allow_unregistered()
        .run();
  } catch (const po::error& error) {
    fail(error.what());
  }
}

void add_option(CommandLine& line, const std::string& name, const std::string& value, const CommandSyntax& syntax) {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_in(syntax.flags) || is_in(syntax.options)) {
    line.options[name] = value;
  } else if (name.starts_with(kAxisPrefix) && is_sweep_rule(name.substr(kAxisPrefix.size()))) {
    line.scenario.rules.push_back({name.substr(kAxisPrefix.size()), value, kOrigin});
  } else if (name.starts_with(kAxisPrefix)) {
    if (value.empty()) fail("--" + name + ": expected a list of values for the axis");
    line.scenario.axes.push_back({name.substr(kAxisPrefix.size()), value, kOrigin});
  } else {
    line.scenario.values.push_back({name, value, kOrigin});
  }
}

Assignment* find(std::vector<Assignment>& list, const std::string& key) {
  const auto it = std::find_if(list.begin(), list.end(), [&](const Assignment& a) { return a.key == key; });
  return it == list.end() ? nullptr : &*it;
}

void put(std::vector<Assignment>& list, const Assignment& assignment) {
  if (Assignment* old = find(list, assignment.key))
    *old = assignment;
  else
    list.push_back(assignment);
}

}  // namespace

std::optional<std::string> CommandLine::get(const std::string& name) const {
  const auto it = options.find(name);
  if (it == options.end()) return std::nullopt;
  return it->second;
}

CommandLine parse_command_line(std::span<const std::string> arguments, const CommandSyntax& syntax, const Keys* keys) {
  const po::options_description known = describe(syntax, syntax.takes_keys ? keys : nullptr);
  CommandLine line;
  std::vector<std::string> seen;
  for (const po::option& option : parse(arguments, known).options) {
    const std::string value = option.value.empty() ? "" : option.value.front();
    if (option.position_key != -1 || option.string_key.empty()) {
      line.words.push_back(value);
      continue;
    }
    if (option.unregistered) fail_unknown(option.string_key, syntax, syntax.takes_keys ? keys : nullptr);
    if (std::find(seen.begin(), seen.end(), option.string_key) != seen.end()) fail("--" + option.string_key + " stands twice");
    seen.push_back(option.string_key);
    add_option(line, option.string_key, value, syntax);
  }
  if (line.words.size() < syntax.min_words) fail("too few arguments; usage: semlink " + syntax.usage);
  if (line.words.size() > syntax.max_words)
    fail("unexpected argument \"" + line.words[syntax.max_words] + "\"; usage: semlink " + syntax.usage);
  return line;
}

ScenarioText override_scenario(ScenarioText file, const ScenarioText& command_line) {
  for (const Assignment& value : command_line.values) {
    put(file.values, value);
    std::erase_if(file.axes, [&](const Assignment& axis) { return axis.key == value.key; });
  }
  for (const Assignment& axis : command_line.axes) {
    for (const Assignment& value : command_line.values)
      if (value.key == axis.key) fail("--" + axis.key + " and --sweep." + axis.key + " exclude each other");
    put(file.axes, axis);
  }
  for (const Assignment& rule : command_line.rules) put(file.rules, rule);
  return file;
}

ScenarioText scenario_keys(const CommandLine& line) {
  ScenarioText text = line.scenario;
  for (const char* name : {"output", "threads"}) {
    const std::optional<std::string> value = line.get(name);
    if (!value) continue;
    const std::string key = std::string("run.") + name;
    for (const Assignment& assignment : text.values)
      if (assignment.key == key)
        throw Error(ErrorCode::bad_scenario, "command line: --" + std::string(name) + " and --" + key + " exclude each other");
    text.values.push_back({key, *value, "command line"});
  }
  return text;
}

}  // namespace semlink
