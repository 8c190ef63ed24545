#include <semlink/app/commands.h>

#include <algorithm>
#include <ostream>

#include <semlink/app/key_reference.h>
#include <semlink/core/error.h>

namespace semlink {

int keys_command(const CommandContext& context, const CommandLine& line) {
  const Scenario scenario(context.plugins);
  if (line.has("markdown")) {
    if (!line.words.empty()) throw Error(ErrorCode::bad_scenario, "command line: --markdown gives all sections");
    context.out << key_reference_page(scenario);
    return 0;
  }
  std::vector<std::string> sections = key_sections(scenario);
  if (!line.words.empty()) {
    if (std::find(sections.begin(), sections.end(), line.words.front()) == sections.end()) {
      std::string known;
      for (const std::string& section : sections) known += " " + section;
      throw Error(ErrorCode::bad_scenario, "no section \"" + line.words.front() + "\"; known:" + known);
    }
    sections = {line.words.front()};
  }
  for (const std::string& section : sections) context.out << describe_keys(scenario, section);
  return 0;
}

}  // namespace semlink
