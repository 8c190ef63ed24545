#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <semlink/record/h5_file.h>
#include <semlink/record/provenance.h>
#include <semlink/record/trial_rows.h>
#include <semlink/sweep/shard.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// What group /run tells: all that may differ between equal results.
struct RunInfo {
  std::string started;       ///< UTC, ISO 8601
  std::string host;
  std::string command_line;
  std::string output;        ///< path of the result
  std::string scenario;      ///< resolved scenario text, complete
  std::string scenario_folder;  ///< where relative paths on its axes and in its rules start
  std::int64_t threads = 0;
  double seconds = 0;        ///< of all sessions
  double trials_per_second = 0;  ///< of the last session
};

/// What a result file says about its numbers.
struct ResultHead {
  Provenance provenance;
  RunInfo run;
  std::string record_trials = "none";  ///< `record.trials`
  std::optional<Shard> shard;          ///< where the file is a part of a result
};

/// A result in memory; rows of trials apart.
struct Result {
  ResultHead head;
  SweepState state;
};

/// Writes a result file, whole or not at all. `rows` may be null: no group /trials.
void write_result(const std::filesystem::path& path, NewH5File::IfExists if_exists, const ResultHead& head,
                  const SweepState& state, const TrialSpool* rows);

/// Reads a result back, everything that `write_result` wrote but the rows. Throws Error(bad_file) for a file that is missing,
/// damaged, of another format or version, or whose parts contradict each other.
Result read_result(const std::filesystem::path& path);

/// Throws Error(bad_file) for a file that is there and is no result: what --overwrite replaces must be one, or empty or
/// damaged, when it may have been one.
void refuse_foreign(const std::filesystem::path& path);

/// Copies the stored rows of trials that belong to blocks of `state` into a spool. Throws Error(bad_file).
void read_trial_rows(const std::filesystem::path& path, const SweepState& state, TrialSpool& spool);

inline constexpr const char* kResultFormat = "semlink-result";
inline constexpr std::int64_t kResultVersion = 1;

}  // namespace semlink
