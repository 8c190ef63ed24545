#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <semlink/app/command_line.h>
#include <semlink/app/job.h>
#include <semlink/app/shard_option.h>
#include <semlink/sweep/shard.h>

namespace semlink {

/// A job that is split into shards, each to be run by a process of its own, and merged.
class Submission {
 public:
  /// Splits the job of the command line into `num_tasks` shards. Throws Error(bad_scenario) as `choose_split`,
  /// Error(bad_file) when the result or a shard is there and belongs to something else; with `replace` they are void,
  /// but must have been results.
  Submission(const Job& job, const CommandLine& line, std::int64_t num_tasks, bool replace);

  const std::filesystem::path& result() const { return result_; }
  std::vector<Shard> shards() const;
  std::filesystem::path path(const Shard& shard) const { return shard_path(result_, shard); }
  /// What the process of the shard prints.
  std::filesystem::path log(const Shard& shard) const;

  /// Whether the shard's file is there, complete, and of this job.
  bool is_done(const Shard& shard) const;
  /// Those that are not.
  std::vector<Shard> missing() const;

  /// Arguments of the program that run a shard, `place` being its `I/N`; and those that merge them all.
  std::vector<std::string> run_arguments(const std::string& place) const;
  std::vector<std::string> merge_arguments() const;

 private:
  /// Throws Error(bad_file) when the file is there and is not of this job, but what `what` says.
  void require_ours(const std::filesystem::path& file, const std::string& what) const;

  std::filesystem::path result_;
  Grid grid_;
  Provenance provenance_;
  std::string record_trials_;
  Shard first_;
  std::vector<std::string> run_arguments_;  // without the shard
};

/// Text for a shell that stands for this one word.
std::string shell_word(const std::string& word);

/// This program.
std::filesystem::path program_path();

}  // namespace semlink
