#include <semlink/app/commands.h>

#include <fstream>
#include <ostream>

#include <semlink/app/calibration.h>
#include <semlink/app/stop_signals.h>
#include <semlink/app/temperature_fit.h>
#include <semlink/calibrate/risk_control.h>
#include <semlink/core/error.h>
#include <semlink/record/h5_file.h>

namespace semlink {
namespace {

ScenarioText scenario_of(const CommandLine& line) {
  ScenarioText given = line.scenario;
  if (const std::optional<std::string> threads = line.get("threads"))
    given.values.push_back({"run.threads", *threads, "command line"});
  return override_scenario(read_scenario_file(line.words.front()), given);
}

void print_notes(const CommandContext& context, const Job& job) {
  for (const std::string& note : job.notes())
    if (note.find(": calibrate.") == std::string::npos) context.err << "note: " << note << "\n";
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::error_code ignored;  // the file that cannot be opened says it
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) throw Error(ErrorCode::io, path.string() + " cannot be written");
}

/// Fits the temperatures on the validation split: a threshold's promise holds only on data that nothing else has seen.
int fit_command(const CommandContext& context, ScenarioText text, const std::filesystem::path& output,
                const std::atomic<bool>& stop) {
  TemperatureFit fit(context.plugins, std::move(text), "validation");
  print_notes(context, fit.job());
  const calibrate::ClassTable table = fit.measure(context.out, context.out_is_terminal, stop);
  const ClassTemperature temperature = calibrate::fit_temperatures(table);
  print_temperatures(context.out, table, temperature);
  write_file(output, fit.fragment(table, temperature, context.typed));
  context.out << output.string() << "\n";
  return 0;
}

int verify_fit(const CommandContext& context, ScenarioText text, const std::atomic<bool>& stop) {
  TemperatureFit fit(context.plugins, std::move(text), "test");
  print_notes(context, fit.job());
  const calibrate::ClassTable table = fit.measure(context.out, context.out_is_terminal, stop);
  print_temperatures(context.out, table, fit.given());
  const bool held =
      calibrate::negative_log_likelihood(table, fit.given()) <= calibrate::negative_log_likelihood(table, {});
  context.out << (held ? "held: right classes are at least as likely as without the temperature\n"
                       : "broken: right classes are less likely than without the temperature\n");
  return held ? 0 : 1;
}

std::string key_to_calibrate(const CommandContext& context, const ScenarioText& text) {
  Scenario settings(context.plugins);
  for (const Assignment& value : text.values) settings.set(value);
  return settings.calibrate.key;
}

}  // namespace

int calibrate_command(const CommandContext& context, const CommandLine& line) {
  const StopSignals stop;
  std::filesystem::path output = line.get("output").value_or("");
  if (output.empty())
    output =
        std::filesystem::path("results") / std::filesystem::path(line.words.front()).stem().replace_extension(".ini");
  if (!line.has("overwrite")) refuse_existing(output);
  ScenarioText text = scenario_of(line);
  Scenario settings(context.plugins);
  for (const Assignment& value : text.values) settings.set(value);
  if (is_temperature(settings.calibrate.key)) return fit_command(context, std::move(text), output, stop.flag());
  Calibration calibration(context.plugins, std::move(text), "calibration", settings.calibrate.candidates);
  print_notes(context, calibration.job());

  const calibrate::RiskTable table = calibration.measure(context.out, context.out_is_terminal, stop.flag());
  const calibrate::Selection selection = calibrate::select(table, calibration.settings());
  print_candidates(context.out, calibration, selection);
  if (!selection.chosen) {
    const Index fewest = calibrate::fewest_trials(settings.calibrate.alpha, settings.calibrate.delta);
    context.out
        << "no candidate keeps the risk: a higher calibrate.alpha, safer calibrate.candidates or more run.max_trials "
           "(at least "
        << fewest << " even without any loss) would help\n";
    return 1;
  }
  write_file(output, calibrated_fragment(calibration, selection, context.typed));
  context.out << output.string() << "\n";
  return 0;
}

int verify_command(const CommandContext& context, const CommandLine& line) {
  const StopSignals stop;
  ScenarioText text = scenario_of(line);
  if (is_temperature(key_to_calibrate(context, text))) return verify_fit(context, std::move(text), stop.flag());
  Calibration calibration(context.plugins, std::move(text), "test", "");
  print_notes(context, calibration.job());
  const double alpha = calibration.settings().alpha;
  const calibrate::RiskTable table = calibration.measure(context.out, context.out_is_terminal, stop.flag());
  calibrate::Selection selection;
  selection.candidates = calibrate::candidate_risks(table, calibration.settings());
  print_candidates(context.out, calibration, selection);
  print_points(context.out, calibration, table);
  const calibrate::CandidateRisk& measured = selection.candidates.front();
  const bool held = measured.risk <= alpha + 3 * measured.std_error;
  context.out << (measured.risk <= alpha ? "held: risk at most "
                  : held                 ? "held within three standard errors of "
                                         : "broken: risk above ")
              << alpha << "\n";
  return held ? 0 : 1;
}

}  // namespace semlink
