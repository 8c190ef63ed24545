#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace semlink {

/// What the real program did.
struct ProgramResult {
  int status = -1;  ///< exit status; -1 when a signal ended it
  std::string out;
  std::string err;
};

inline std::string quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Runs the built `semlink` with these arguments in `folder`, after `before` (a shell word such as `timeout -s INT 1`).
inline ProgramResult run_semlink(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                                 const std::string& before = "") {
  std::string command = "cd " + quoted((folder / "").string()) + " && " + before + " " + quoted(SEMLINK_PROGRAM);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  const int status = std::system((command + " >.stdout 2>.stderr").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder.bytes(".stdout"), folder.bytes(".stderr")};
}

}  // namespace semlink
