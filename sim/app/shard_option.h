#pragma once

#include <filesystem>
#include <optional>

#include <semlink/app/command_line.h>
#include <semlink/app/job.h>
#include <semlink/sweep/shard.h>

namespace semlink {

/// Where the result of the job goes: `run.output`, or results/SCENARIO.h5.
std::filesystem::path result_path(const Job& job, const CommandLine& line);

/// Where a shard of that result goes: `r.h5` becomes `r.shard-2-of-7.h5`.
std::filesystem::path shard_path(const std::filesystem::path& result, const Shard& shard);

/// The part of the job that `--shard` asks for; empty without it. `I/N` counts from 1; `slurm` takes the task's place among those
/// of its Slurm job array. Throws Error(bad_scenario) outside an array, for an array with gaps, and as `choose_split`.
std::optional<Shard> shard_option(const CommandLine& line, const Job& job);

}  // namespace semlink
