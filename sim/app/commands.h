#pragma once

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>

#include <semlink/app/command_line.h>
#include <semlink/app/plugins.h>

namespace semlink {

/// What a command works with.
struct CommandContext {
  const Plugins& plugins;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  std::string typed;  ///< the command line as it was typed, for the record
};

/// A command of the program. `run` returns the exit status, or throws Error.
struct Command {
  std::string name;
  std::string help;  ///< one sentence
  CommandSyntax syntax;
  int (*run)(const CommandContext& context, const CommandLine& line);
};

/// The table of commands, in the order of the help text.
std::span<const Command> commands();

int run_command(const CommandContext& context, const CommandLine& line);
int merge_command(const CommandContext& context, const CommandLine& line);
int submit_command(const CommandContext& context, const CommandLine& line);
int replay_command(const CommandContext& context, const CommandLine& line);
int info_command(const CommandContext& context, const CommandLine& line);
int keys_command(const CommandContext& context, const CommandLine& line);
int list_command(const CommandContext& context, const CommandLine& line);
int train_command(const CommandContext& context, const CommandLine& line);
int calibrate_command(const CommandContext& context, const CommandLine& line);
int verify_command(const CommandContext& context, const CommandLine& line);

/// Makes the folder that `file` is to lie in. Throws Error(io).
void make_folder_of(const std::filesystem::path& file);

}  // namespace semlink
