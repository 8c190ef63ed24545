#include <semlink/app/commands.h>

#include <vector>

namespace semlink {

std::span<const Command> commands() {
  static const std::vector<Command> table = {
      {"keys",
       "explains the scenario keys, of one section or all",
       {.usage = "keys [SECTION] [--markdown]", .max_words = 1, .flags = {"markdown"}},
       keys_command},
      {"list", "lists sources, codecs, gate policies, channels and front ends", {.usage = "list"}, list_command},
  };
  return table;
}

}  // namespace semlink
