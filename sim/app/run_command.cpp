#include <semlink/app/commands.h>

#include <fstream>
#include <ostream>

#include <semlink/app/dry_run.h>
#include <semlink/app/job.h>
#include <semlink/app/profile_report.h>
#include <semlink/app/shard_option.h>
#include <semlink/app/stop_signals.h>
#include <semlink/codecs/nn/kernels/fma_peak.h>
#include <semlink/core/error.h>
#include <semlink/record/journal.h>
#include <semlink/record/recorded_sweep.h>

namespace semlink {
namespace {

RecordSettings::IfExists if_exists(const CommandLine& line) {
  if (line.has("resume") && line.has("overwrite"))
    throw Error(ErrorCode::bad_scenario, "command line: --resume and --overwrite exclude each other");
  return line.has("overwrite") ? RecordSettings::IfExists::replace : RecordSettings::IfExists::resume;
}

RecordSettings record_settings(const Job& job, const CommandLine& line, const std::optional<Shard>& shard) {
  RecordSettings record = job.scenario().record;
  record.if_exists = if_exists(line);
  record.output = result_path(job, line);
  if (shard) record.output = shard_path(record.output, *shard);
  if (line.has("resume") && !std::filesystem::exists(record.output) && !std::filesystem::exists(Journal::path_of(record.output)))
    throw Error(ErrorCode::bad_file, record.output.string() + ": nothing to resume; without --resume the run starts anew");
  return record;
}

/// The file behind `--log`, open for appending, with the command in it; closed when there is none.
std::ofstream open_log(const CommandContext& context, const CommandLine& line) {
  const std::optional<std::string> path = line.get("log");
  if (!path) return {};
  std::ofstream log(*path, std::ios::app);
  if (!log) throw Error(ErrorCode::io, "log " + *path + ": cannot be written");
  log << context.typed << std::endl;
  return log;
}

int dry_run(const CommandContext& context, const CommandLine& line, Job& job, const std::atomic<bool>& stop) {
  constexpr double kProbeSeconds = 2;
  const SpeedProbe probe = probe_speed(job, kProbeSeconds, stop);
  if (stop) return 1;
  print_plan(context.out, job, probe, result_path(job, line));
  return 0;
}

}  // namespace

void make_folder_of(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return;
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) throw Error(ErrorCode::io, "folder " + file.parent_path().string() + ": " + error.message());
}

int run_command(const CommandContext& context, const CommandLine& line) {
  const StopSignals stop;
  Job job(context.plugins, override_scenario(read_scenario_file(line.words.front()), scenario_keys(line)));
  for (const std::string& note : job.notes()) context.err << "note: " << note << "\n";

  if (line.has("dry-run")) return dry_run(context, line, job, stop.flag());

  RecordedSweep sweep;
  sweep.grid = job.grid();
  sweep.run = job.scenario().run;
  sweep.shard = shard_option(line, job);
  sweep.record = record_settings(job, line, sweep.shard);
  sweep.provenance = job.provenance();
  ProfilePool profiles;
  ProfilePool* const wanted = line.has("profile") ? &profiles : nullptr;
  sweep.view = job.table_view();
  sweep.make_point = [&job, wanted](std::size_t point) { return job.make_point(point, wanted); };
  sweep.command_line = context.typed;
  sweep.full_scenario = job.resolved_text();
  sweep.scenario_folder = job.folder().string();
  sweep.quiet = line.has("quiet");
  std::ofstream log = open_log(context, line);
  if (log.is_open()) sweep.log = &log;
  make_folder_of(sweep.record.output);
  const RecordedEnd end = run_recorded(sweep, context.out, context.out_is_terminal, stop.flag());
  if (wanted) {
    Profile total;
    profiles.collect(total);
    print_profile(context.out, total, kernels::fma_peak());
  }
  // A shard is part of a result: the merge tells whether that one's ledger is off, and must not be kept from it.
  return end == RecordedEnd::complete || (sweep.shard && end == RecordedEnd::ledger_off) ? 0 : 1;
}

}  // namespace semlink
