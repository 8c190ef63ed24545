#include <semlink/app/scenario_text.h>

#include <algorithm>
#include <fstream>
#include <map>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::uintmax_t kMaxFileSize = 1 << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Without its comment: a whole line, or what follows a blank and `#`. `a#b` is a value.
std::string_view without_comment(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('#') || line.starts_with(';')) return {};
  for (std::size_t i = 1; i < line.size(); ++i)
    if (line[i] == '#' && (line[i - 1] == ' ' || line[i - 1] == '\t')) return trimmed(line.substr(0, i));
  return line;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

class Parser {
 public:
  Parser(const std::string& file_name, const std::filesystem::path& base) : file_name_(file_name), base_(base) {}

  void line(std::string_view raw) {
    ++number_;
    const std::string_view text = without_comment(raw);
    if (text.empty()) return;
    if (text.starts_with('[')) return section(text);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) fail("\"" + std::string(text) + "\": expected key = value, [section] or a comment");
    assignment(trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1)));
  }

  ScenarioText take() { return std::move(result_); }

 private:
  void section(std::string_view text) {
    const std::string_view name = text.ends_with(']') ? trimmed(text.substr(1, text.size() - 2)) : std::string_view{};
    if (!is_name(name)) fail("\"" + std::string(text) + "\": expected [section]");
    section_ = name;
  }

  void assignment(std::string_view name, std::string_view value) {
    if (!is_name(name)) fail("\"" + std::string(name) + "\": expected the name of a key before =");
    const bool is_axis = section_ == "sweep";
    std::string key = section_.empty() || is_axis ? std::string() : section_ + '.';
    key += name;
    const auto [first, is_new] = (is_axis ? axis_lines_ : value_lines_).try_emplace(key, number_);
    if (!is_new) fail(key + " stands twice, first in line " + std::to_string(first->second));
    const bool is_rule = is_axis && is_sweep_rule(key);
    if (value.empty() && is_axis && !is_rule) fail(key + " = : expected a list of values for the axis");
    (is_rule ? result_.rules : is_axis ? result_.axes : result_.values).push_back({key, std::string(value), origin(), base_});
  }

  std::string origin() const { return file_name_ + ":" + std::to_string(number_); }

  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorCode::bad_scenario, origin() + ": " + what); }

  std::string file_name_;
  std::filesystem::path base_;
  std::string section_;
  int number_ = 0;
  std::map<std::string, int> value_lines_;
  std::map<std::string, int> axis_lines_;
  ScenarioText result_;
};

}  // namespace

const Assignment* ScenarioText::rule(std::string_view name) const {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Assignment& rule) { return rule.key == name; });
  return found == rules.end() || found->value.empty() ? nullptr : &*found;
}

bool is_sweep_rule(std::string_view name) { return name == "zip" || name == "exclude"; }

ScenarioText parse_scenario_text(std::string_view text, const std::string& file_name, const std::filesystem::path& base) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.find('\0') != std::string_view::npos)
    throw Error(ErrorCode::bad_scenario, file_name + ": expected text, found a zero byte");
  Parser parser(file_name, base);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parser.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  ScenarioText all = parser.take();
  all.folder = base;
  return all;
}

namespace {

constexpr const char* kInclude = "include";
constexpr std::size_t kMostIncludes = 8;

std::string read_text(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) throw Error(ErrorCode::bad_scenario, "scenario " + file.string() + ": " + error.message());
  if (size > kMaxFileSize)
    throw Error(ErrorCode::bad_scenario, "scenario " + file.string() + " has " + std::to_string(size) +
                                             " bytes: expected at most " + std::to_string(kMaxFileSize));
  std::ifstream in(file, std::ios::binary);
  std::string text(size, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size)))
    throw Error(ErrorCode::bad_scenario, "scenario " + file.string() + ": cannot be read");
  return text;
}

void put(std::vector<Assignment>& list, const Assignment& assignment) {
  const auto old = std::find_if(list.begin(), list.end(), [&](const Assignment& a) { return a.key == assignment.key; });
  if (old == list.end())
    list.push_back(assignment);
  else
    *old = assignment;
}

void put_over(ScenarioText& below, const ScenarioText& text) {
  for (const Assignment& value : text.values) {
    put(below.values, value);
    std::erase_if(below.axes, [&](const Assignment& axis) { return axis.key == value.key; });
  }
  for (const Assignment& axis : text.axes) put(below.axes, axis);
  for (const Assignment& rule : text.rules) put(below.rules, rule);
}

/// `above`: the files that include this one, the outermost first.
ScenarioText read_with_includes(const std::filesystem::path& file, std::vector<std::filesystem::path> above) {
  ScenarioText text = parse_scenario_text(read_text(file), file.filename().string(), file.parent_path());
  const auto line =
      std::find_if(text.values.begin(), text.values.end(), [](const Assignment& a) { return a.key == kInclude; });
  if (line == text.values.end()) return text;
  const Assignment include = *line;
  text.values.erase(line);
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorCode::bad_scenario, include.origin + ": include = " + include.value + ": " + reason);
  };
  above.push_back(std::filesystem::weakly_canonical(file));
  if (above.size() > kMostIncludes)
    refuse("expected at most " + std::to_string(kMostIncludes) + " files that include each other");
  ScenarioText all;
  all.folder = text.folder;
  std::string_view names = include.value;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    const std::filesystem::path next = include.base / trimmed(names.substr(0, end));
    if (std::find(above.begin(), above.end(), std::filesystem::weakly_canonical(next)) != above.end())
      refuse("includes itself");
    try {
      put_over(all, read_with_includes(next, above));
    } catch (const Error& error) {
      throw Error(error.code(), include.origin + ": " + error.what());
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  put_over(all, text);
  return all;
}

}  // namespace

ScenarioText read_scenario_file(const std::filesystem::path& file) { return read_with_includes(file, {}); }

}  // namespace semlink
