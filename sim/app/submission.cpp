#include <semlink/app/submission.h>

#include <semlink/app/shard_option.h>
#include <semlink/core/error.h>
#include <semlink/record/journal.h>
#include <semlink/record/result_file.h>

namespace semlink {
namespace {

/// The keys of the command line as they were given, but the output: that is the submission's own.
std::vector<std::string> key_arguments(const CommandLine& line) {
  std::vector<std::string> out;
  for (const Assignment& value : line.scenario.values)
    if (value.key != "run.output") out.push_back("--" + value.key + "=" + value.value);
  for (const Assignment& axis : line.scenario.axes) out.push_back("--sweep." + axis.key + "=" + axis.value);
  for (const Assignment& rule : line.scenario.rules) out.push_back("--sweep." + rule.key + "=" + rule.value);
  if (const auto threads = line.get("threads")) out.push_back("--threads=" + *threads);
  return out;
}

}  // namespace

Submission::Submission(const Job& job, const CommandLine& line, std::int64_t num_tasks, bool replace)
    : result_(result_path(job, line)),
      grid_(job.grid()),
      provenance_(without_settings(job.provenance(), job.grid().keys())),
      record_trials_(job.scenario().record.trials),
      first_(parse_shard("1/" + std::to_string(num_tasks))) {
  first_.by = choose_split(first_, job.scenario().run, job.min_samples());
  run_arguments_ = {"run", line.words.front()};
  for (const std::string& argument : key_arguments(line)) run_arguments_.push_back(argument);
  run_arguments_.push_back("--output=" + result_.string());
  if (replace) {
    refuse_foreign(result_);
    for (const Shard& shard : shards()) {
      std::filesystem::remove(path(shard));
      std::filesystem::remove(Journal::path_of(path(shard)));
    }
    return;
  }
  require_ours(result_, "another result");
  for (const Shard& shard : shards()) require_ours(path(shard), "a part of another result");
}

void Submission::require_ours(const std::filesystem::path& file, const std::string& what) const {
  if (!std::filesystem::exists(file)) return;
  const Result stored = read_result(file);
  std::string reason = difference(stored.state.grid, grid_);
  if (reason.empty()) reason = difference(stored.head.provenance, provenance_);
  if (!reason.empty())
    throw Error(ErrorCode::bad_file,
                file.string() + ": is " + what + ": " + reason + "; give --overwrite to replace it");
}

std::vector<Shard> Submission::shards() const {
  std::vector<Shard> out;
  for (std::int64_t i = 1; i <= first_.count; ++i) out.push_back({i, first_.count, first_.by});
  return out;
}

std::filesystem::path Submission::log(const Shard& shard) const { return path(shard).replace_extension(".log"); }

bool Submission::is_done(const Shard& shard) const {
  const std::filesystem::path file = path(shard);
  if (!std::filesystem::exists(file)) return false;
  const Result stored = read_result(file);
  return stored.head.shard == shard && is_complete(stored.state) && difference(stored.state.grid, grid_).empty() &&
         difference(stored.head.provenance, provenance_).empty() &&
         rules_difference(stored.head.provenance, provenance_).empty() && stored.head.record_trials == record_trials_;
}

std::vector<Shard> Submission::missing() const {
  std::vector<Shard> out;
  for (const Shard& shard : shards())
    if (!is_done(shard)) out.push_back(shard);
  return out;
}

std::vector<std::string> Submission::run_arguments(const std::string& place) const {
  std::vector<std::string> out = run_arguments_;
  out.push_back("--shard=" + place);
  return out;
}

std::vector<std::string> Submission::merge_arguments() const {
  std::vector<std::string> out = {"merge"};
  for (const Shard& shard : shards()) out.push_back(path(shard).string());
  out.push_back("--output=" + result_.string());
  out.push_back("--overwrite");
  return out;
}

std::string shell_word(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::filesystem::path program_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace semlink
