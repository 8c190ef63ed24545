#include <semlink/app/commands.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <ostream>

#include <semlink/app/job.h>
#include <semlink/app/trial_picture.h>
#include <semlink/app/trial_story.h>
#include <semlink/core/error.h>
#include <semlink/data/image_file.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/result_file.h>

namespace semlink {
namespace {

/// Value of the option as a whole number below `bound`; the option must be there.
std::uint64_t number_option(const CommandLine& line, const std::string& name, std::uint64_t bound) {
  if (!line.get(name)) throw Error(ErrorCode::bad_scenario, "command line: --" + name + " is missing");
  const std::string text = *line.get(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= bound)
    throw Error(ErrorCode::bad_scenario,
                "command line: --" + name + " = " + text + ": expected a number from 0 to " + std::to_string(bound - 1));
  return value;
}

std::string cell_text(const TrialVariable& variable, std::uint64_t cell) {
  if (variable.is_integer) return std::to_string(std::bit_cast<std::int64_t>(cell));
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, std::bit_cast<double>(cell));
  return std::string(buffer, result.ptr);
}

void print_trial(std::ostream& out, const TrialRow& row) {
  const auto variables = trial_variables();
  std::size_t width = 0;
  for (const TrialVariable& variable : variables) width = std::max(width, variable.name.size());
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const TrialVariable& variable = variables[i];
    out << variable.name << std::string(width + 2 - variable.name.size(), ' ') << cell_text(variable, row[i]);
    if (variable.units != "1") out << " " << variable.units;
    out << "\n";
  }
}

/// The tokens of a trial of the adaptive codec.
std::optional<TokenMap> token_map(const Job& job, std::size_t point, const TrialTrace& trace, const TrialRng& rng) {
  const auto value_of = [&](const std::string& key) {
    for (const auto& [swept, value] : job.grid().settings(point))
      if (swept == key) return value;
    return job.scenario().keys().get(key);
  };
  if (value_of("codec.model") != "adaptive") return std::nullopt;
  if (std::optional<TokenMap> pooled = pooled_tokens(trace)) return pooled;
  return sent_tokens(trace.payload, value_of("codec.selection"), rng);
}

/// Says on stderr why this program may give other numbers than the one that wrote the file.
void warn_if_different(const CommandContext& context, const Provenance& stored, const Provenance& current) {
  Provenance now = current;
  now.settings = stored.settings;
  const std::string reason = difference(stored, now);
  if (!reason.empty()) context.err << "note: the numbers may differ from those in the file: " << reason << "\n";
}

}  // namespace

int replay_command(const CommandContext& context, const CommandLine& line) {
  const std::filesystem::path file = line.words.front();
  const Result stored = read_result(file);
  const RunInfo& run = stored.head.run;
  Job job(context.plugins,
          parse_scenario_text(run.scenario, file.filename().string() + ", scenario", run.scenario_folder));
  const std::size_t point = number_option(line, "point", job.grid().num_points());
  if (job.grid().is_excluded(point))
    throw Error(ErrorCode::bad_scenario, "command line: --point = " + std::to_string(point) + ": the sweep excludes this point");
  const std::uint64_t trial = number_option(line, "trial", std::uint64_t{1} << 62);
  const std::optional<std::string> png = line.get("png");
  std::error_code status;
  if (png && std::filesystem::equivalent(*png, file, status))
    throw Error(ErrorCode::bad_scenario, "command line: --png = " + *png + ": is the result that is replayed");
  if (png && !line.has("overwrite")) refuse_existing(*png);
  warn_if_different(context, stored.head.provenance, job.provenance());

  const Link link = job.make_link(point);
  TrialTrace trace;
  const TrialResult result = run_trial(link, job.trial_rng(point, trial), &trace);
  const std::string label = job.grid().label(point);
  if (!label.empty()) context.out << label << "\n";
  print_trial(context.out, make_trial_row(point, static_cast<std::int64_t>(trial), result, link.point.snr_db));
  const std::optional<TokenMap> tokens = token_map(job, point, trace, job.trial_rng(point, trial));
  print_story(context.out, trace, tokens);
  if (png) {
    write_png(*png, trial_picture(trace, tokens));
    context.out << *png << "\n";
  }
  return 0;
}

}  // namespace semlink
