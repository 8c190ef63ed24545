#include <semlink/app/commands.h>

#include <algorithm>
#include <charconv>
#include <ostream>
#include <thread>

#include <semlink/app/job.h>
#include <semlink/app/local_engine.h>
#include <semlink/app/slurm_engine.h>
#include <semlink/app/stop_signals.h>
#include <semlink/core/error.h>
#include <semlink/record/merge.h>

namespace semlink {
namespace {

std::int64_t num_tasks(const CommandLine& line) {
  const std::string text = line.get("tasks").value_or("");
  if (text.empty()) throw Error(ErrorCode::bad_scenario, "command line: --tasks is missing");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > 100'000)
    throw Error(ErrorCode::bad_scenario, "command line: --tasks = " + text + ": expected a number from 1 to 100000");
  return number;
}

int merge(const Submission& submission, std::ostream& out) {
  std::vector<std::filesystem::path> paths;
  for (const Shard& shard : submission.shards()) paths.push_back(submission.path(shard));
  const std::size_t num_off = merge_results(paths, submission.result(), NewH5File::IfExists::replace);
  if (num_off > 0) out << "power ledger off at " << num_off << " points (ledger_ok = 0): see the file\n";
  out << submission.result().string() << std::endl;
  return num_off > 0 ? 1 : 0;
}

int submit_locally(const CommandContext& context, const Submission& submission, int threads_per_task, const StopSignals& stop) {
  const auto processors = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t at_once = std::max(1u, processors / static_cast<unsigned>(threads_per_task));
  const std::size_t num_missing = run_locally(submission, at_once, context.out, stop.flag());
  if (num_missing == 0) return merge(submission, context.out);
  context.out << num_missing << " of " << submission.shards().size() << " shards are missing: the same command runs those again"
              << std::endl;
  return 1;
}

}  // namespace

int submit_command(const CommandContext& context, const CommandLine& line) {
  const std::string engine = line.get("engine").value_or("local");
  if (engine != "local" && engine != "slurm")
    throw Error(ErrorCode::bad_scenario, "command line: --engine = " + engine + ": expected local or slurm");
  if (engine == "local" && (line.has("partition") || line.has("sbatch")))
    throw Error(ErrorCode::bad_scenario, "command line: --partition and --sbatch belong to --engine=slurm");
  const StopSignals stop;
  const ScenarioText keys = scenario_keys(line);
  const Job job(context.plugins, override_scenario(read_scenario_file(line.words.front()), keys));
  const bool has_threads = std::any_of(keys.values.begin(), keys.values.end(), [](auto& value) { return value.key == "run.threads"; });
  CommandLine with_threads = line;
  // All processors for every task is not what anyone means.
  if (!has_threads && job.scenario().run.threads == 0) with_threads.options["threads"] = "1";
  const int threads = std::max<int>(1, static_cast<int>(job.scenario().run.threads));
  const Submission submission(job, with_threads, num_tasks(line), line.has("overwrite"));
  make_folder_of(submission.result());
  if (engine == "local") return submit_locally(context, submission, threads, stop);
  submit_to_slurm(submission, {line.get("partition").value_or(""), line.get("sbatch").value_or(""), threads}, context.out);
  return 0;
}

}  // namespace semlink
