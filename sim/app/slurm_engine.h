#pragma once

#include <iosfwd>
#include <string>

#include <semlink/app/submission.h>

namespace semlink {

/// What Slurm is told of a submission.
struct SlurmSettings {
  std::string partition;        ///< empty: the cluster's default
  std::string options;          ///< further options of sbatch, as a shell would take them: `--time=2:00:00 --account=abc`
  int threads = 1;              ///< processors of a task
};

/// Writes the scripts of the job array and of the merge beside the result, submits them, the merge to run once the array has ended,
/// and names both jobs on `out`. Only shards that are missing get a task; when none is, the merge alone is submitted. Throws
/// Error(io) when a script cannot be written or sbatch fails, with what it said.
void submit_to_slurm(const Submission& submission, const SlurmSettings& settings, std::ostream& out);

}  // namespace semlink
