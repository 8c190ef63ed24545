#include <semlink/app/slurm_engine.h>

#include <stdio.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <ostream>

#include <semlink/core/error.h>

namespace semlink {
namespace {

using Path = std::filesystem::path;

std::string command(const std::vector<std::string>& arguments) {
  std::string text = shell_word(program_path().string());
  for (const std::string& argument : arguments) text += " " + shell_word(argument);
  return text;
}

/// `1-3,5`.
std::string array_list(const std::vector<Shard>& shards) {
  std::string text;
  for (std::size_t i = 0; i < shards.size();) {
    std::size_t last = i;
    while (last + 1 < shards.size() && shards[last + 1].index == shards[last].index + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(shards[i].index);
    if (last > i) text += "-" + std::to_string(shards[last].index);
    i = last + 1;
  }
  return text;
}

void write_script(const Path& path, const std::vector<std::string>& options, const std::string& body) {
  std::ofstream file(path);
  file << "#!/bin/sh\n";
  for (const std::string& option : options) file << "#SBATCH " << option << "\n";
  file << body << "\n";
  file.close();
  if (!file) throw Error(ErrorCode::io, path.string() + ": cannot be written");
}

/// The number of the job that a script became.
std::string sbatch(const std::string& options, const Path& script) {
  const std::string line = "sbatch --parsable " + options + " " + shell_word(script.string()) + " 2>&1";
  FILE* pipe = ::popen(line.c_str(), "r");
  if (!pipe) throw Error(ErrorCode::io, "sbatch: cannot be started");
  std::string said;
  char buffer[256];
  while (::fgets(buffer, sizeof buffer, pipe)) said += buffer;
  const int status = ::pclose(pipe);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ErrorCode::io, script.string() + ": not submitted: sbatch: " + said);
  // `123` or `123;cluster`, after whatever warnings there were.
  const std::string last = said.substr(said.find_last_of('\n') == std::string::npos ? 0 : said.find_last_of('\n') + 1);
  const std::string job = last.substr(0, last.find(';'));
  if (job.empty() || !std::all_of(job.begin(), job.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw Error(ErrorCode::io, "sbatch: expected the number of a job, got: " + said);
  return job;
}

/// In names of logs a percent sign begins a pattern; two stand for one.
std::string log_word(const std::string& name) {
  std::string out;
  for (const char c : name) out += c == '%' ? std::string("%%") : std::string(1, c);
  return out;
}

/// `log` with the patterns of Slurm. Slurm takes quoted values in scripts.
std::vector<std::string> common_options(const SlurmSettings& settings, const std::string& name,
                                        const std::string& log) {
  std::vector<std::string> out = {"--job-name=\"" + name + "\"", "--output=\"" + log + "\"", "--ntasks=1"};
  if (!settings.partition.empty()) out.push_back("--partition=" + settings.partition);
  return out;
}

}  // namespace

void submit_to_slurm(const Submission& submission, const SlurmSettings& settings, std::ostream& out) {
  const std::vector<Shard> missing = submission.missing();
  const std::int64_t count = submission.shards().front().count;
  const Path result = submission.result();
  const std::string stem = Path(result).replace_extension().string(), name = "semlink-" + result.stem().string();
  const Path shard_script = stem + ".slurm.sh", merge_script = stem + ".merge.slurm.sh";
  // Both, so that they can be carried to a cluster where there is no sbatch here.
  write_script(merge_script, common_options(settings, name + "-merge", log_word(stem) + ".merge.log"),
               "exec " + command(submission.merge_arguments()));
  std::string after;
  if (!missing.empty()) {
    std::vector<std::string> options =
        common_options(settings, name, log_word(stem) + ".shard-%a-of-" + std::to_string(count) + ".log");
    options.push_back("--array=" + array_list(missing));
    options.push_back("--cpus-per-task=" + std::to_string(settings.threads));
    // Asked to stop a little before the time is up, a shard saves what it has. (B: the shard is the script's own process.)
    options.push_back("--signal=B:TERM@60");
    // The place is put together by the shell of the task.
    const std::string body = "exec " + command(submission.run_arguments("")) + "\"$SLURM_ARRAY_TASK_ID\"/" + std::to_string(count);
    write_script(shard_script, options, body);
    const std::string job = sbatch(settings.options, shard_script);
    out << "job " << job << ": shards " << array_list(missing) << " of " << count << std::endl;
    // Not after failures: files of another sweep may lie where those shards could not write.
    after = "--kill-on-invalid-dep=yes --dependency=afterok:" + job;
  }
  out << "job " << sbatch(settings.options + " " + after, merge_script) << ": merges them into " << result.string()
      << "; its log is " << stem << ".merge.log" << std::endl;
}

}  // namespace semlink
