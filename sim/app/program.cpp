#include <semlink/app/program.h>

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <new>

#include <semlink/app/allocator.h>
#include <semlink/app/commands.h>
#include <semlink/app/scenario.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

void print_help(std::ostream& out) {
  out << "semlink simulates semantic communication links with adaptive-depth transceivers.\n\n";
  for (const Command& command : commands()) out << "semlink " << command.syntax.usage << "\n    " << command.help << "\n";
}

void print_help(std::ostream& out, const Command& command) {
  out << "semlink " << command.syntax.usage << "\n    " << command.help << "\n";
  if (command.syntax.takes_keys) out << "    `semlink keys` explains the keys.\n";
}

bool asks_for_help(std::span<const std::string> arguments) {
  return std::find(arguments.begin(), arguments.end(), "--help") != arguments.end();
}

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_scenario:
    case ErrorCode::bad_file:
    case ErrorCode::bad_argument:
      return 2;
    case ErrorCode::non_finite:
    case ErrorCode::io:
    case ErrorCode::interrupted:
      return 1;
  }
  return 1;
}

/// The arguments as a shell would take them again.
std::string typed_line(std::span<const std::string> arguments) {
  std::string text = "semlink";
  for (const std::string& argument : arguments) {
    const bool is_plain = !argument.empty() && argument.find_first_of(" \t\n\"'\\$`*?;&|<>()#~") == std::string::npos;
    std::string word = argument;
    for (std::size_t at = 0; !is_plain && (at = word.find('\'', at)) != std::string::npos; at += 4) word.replace(at, 1, "'\\''");
    text += is_plain ? " " + word : " '" + word + "'";
  }
  return text;
}

int dispatch(const CommandContext& context, std::span<const std::string> arguments) {
  if (arguments.empty()) {
    print_help(context.err);
    return 2;
  }
  const std::string& name = arguments.front();
  if (name == "help" || name == "--help") {
    print_help(context.out);
    return 0;
  }
  const auto table = commands();
  const auto command = std::find_if(table.begin(), table.end(), [&](const Command& c) { return c.name == name; });
  if (command == table.end()) {
    std::string known;
    for (const Command& c : table) known += " " + c.name;
    throw Error(ErrorCode::bad_scenario, "unknown command \"" + name + "\"; known:" + known);
  }
  const std::span<const std::string> rest = arguments.subspan(1);
  if (asks_for_help(rest)) {
    print_help(context.out, *command);
    return 0;
  }
  const Scenario scenario(context.plugins);
  return command->run(context, parse_command_line(rest, command->syntax, &scenario.keys()));
}

}  // namespace

int run_program(const Plugins& plugins, int argc, const char* const* argv) {
  keep_freed_memory();
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const CommandContext context{plugins, std::cout, std::cerr, isatty(STDOUT_FILENO) == 1, typed_line(arguments)};
  int status = 1;
  try {
    status = dispatch(context, arguments);
  } catch (const Error& error) {
    std::cerr << "semlink: " << error.what() << "\n";
    status = exit_status(error.code());
  } catch (const std::bad_alloc&) {
    std::cerr << "semlink: out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << "semlink: " << error.what() << "\n";
  }
  std::cout.flush();
  if (!std::cout && status == 0) {
    std::cerr << "semlink: standard output cannot be written\n";
    status = 1;
  }
  return status;
}

}  // namespace semlink
