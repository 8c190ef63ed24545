#include <semlink/app/commands.h>

#include <algorithm>
#include <ostream>

namespace semlink {
namespace {

template <typename Interface>
void print_table(std::ostream& out, const char* key, const Registry<Interface>& table) {
  std::size_t width = 0;
  for (const auto& entry : table.entries()) width = std::max(width, entry.name.size());
  out << key << "\n";
  for (const auto& entry : table.entries())
    out << "  " << entry.name << std::string(width - entry.name.size() + 2, ' ') << entry.help << "\n";
}

}  // namespace

int list_command(const CommandContext& context, const CommandLine&) {
  print_table(context.out, "source.kind", context.plugins.sources);
  print_table(context.out, "codec.model", context.plugins.codecs);
  print_table(context.out, "gate.policy, encoder_gate.policy", context.plugins.gates);
  print_table(context.out, "channel.model", context.plugins.channels);
  print_table(context.out, "frontend.csi", context.plugins.front_ends);
  return 0;
}

}  // namespace semlink
