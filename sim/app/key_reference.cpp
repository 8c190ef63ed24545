#include <semlink/app/key_reference.h>

#include <algorithm>

namespace semlink {
namespace {

std::string section_of(const Key& key) { return key.name.substr(0, key.name.find('.')); }

/// `number in [0, 1]`, `one of awgn rayleigh`.
std::string expectation(const Key& key) {
  if (key.type != "number" && key.type != "integer") return key.expected;
  const std::string type = (key.type == "integer" ? "an " : "a ") + key.type;
  if (key.expected.starts_with("a"))
    return key.expected.starts_with("a" + type.substr(1)) ? key.expected : type + " " + key.expected;
  return type + " in " + key.expected;
}

std::string default_of(const Key& key) { return key.default_text.empty() ? "(empty)" : key.default_text; }

std::string unit_suffix(const Key& key) { return key.unit.empty() || key.unit == "1" ? "" : " " + key.unit; }

/// A cell of a Markdown table.
std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::vector<std::string> key_sections(const Scenario& scenario) {
  std::vector<std::string> sections;
  for (const Key& key : scenario.keys().list())
    if (std::find(sections.begin(), sections.end(), section_of(key)) == sections.end())
      sections.push_back(section_of(key));
  return sections;
}

std::string describe_keys(const Scenario& scenario, const std::string& section) {
  std::string text;
  for (const Key& key : scenario.keys().list()) {
    if (section_of(key) != section) continue;
    text += key.name + " = " + default_of(key) + unit_suffix(key) + "    (" + expectation(key) + ")\n";
    if (!key.help.empty()) text += "    " + key.help + "\n";
    const std::string users = scenario.users(key.name);
    if (!users.empty()) text += "    Acts with " + users + ".\n";
  }
  return text;
}

std::string key_reference_page(const Scenario& scenario) {
  std::string page =
      "# Scenario keys\n\n"
      "Made by `semlink keys --markdown`; a test compares. Every key can stand in a scenario file under its section, "
      "on the\n"
      "command line (`--channel.snr_db=5`), and as an axis in section `[sweep]` (`channel.snr_db = -5:2.5:20`) or "
      "`--sweep.KEY=LIST`.\n"
      "A number may be a fraction (`1/12`). Relative paths start from the scenario file, on the command line from the "
      "working\n"
      "directory.\n"
      "\n"
      "Two lines of `[sweep]` are rules on its axes (`--sweep.zip=...`, `--sweep.exclude=...`; an empty one takes the "
      "file's away):\n"
      "\n"
      "- `zip = channel.snr_db + codec.bandwidth_ratio, gate.policy + gate.depth`: the axes of a group run together, "
      "first value\n"
      "  with first value, instead of in all combinations.\n"
      "- `exclude = channel.model = awgn and channel.snr_db > 10 or frontend.csi = ls`: points where this holds\n"
      "  are left out. The other side of `= != < <= > >=` is a value or another key; `and` binds closer than `or`.\n";
  const std::vector<std::string> sections = key_sections(scenario);
  page += "\nSections:";
  for (const std::string& section : sections) page += " [" + section + "](#" + section + ")";
  page += "\n";
  for (const std::string& section : sections) {
    page += "\n## " + section + "\n\n| key | default | expected | meaning | acts with |\n|---|---|---|---|---|\n";
    for (const Key& key : scenario.keys().list()) {
      if (section_of(key) != section) continue;
      const std::string value = key.default_text.empty() ? "" : "`" + key.default_text + "`" + unit_suffix(key);
      const std::string users = scenario.users(key.name);
      page += "| `" + key.name + "` | " + escaped(value) + " | " + escaped(expectation(key)) + " | " +
              escaped(key.help) + " | " + (users.empty() ? "" : "`" + users + "`") + " |\n";
    }
  }
  return page;
}

}  // namespace semlink
