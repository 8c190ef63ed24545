#include <semlink/app/shard_option.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include <semlink/core/error.h>

namespace semlink {
namespace {

std::int64_t slurm_number(const char* name) {
  const char* text = std::getenv(name);
  if (!text) throw Error(ErrorCode::bad_scenario, "--shard = slurm: not in a Slurm job array, " + std::string(name) + " is not set");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  if (error != std::errc() || *end != '\0' || number < 0)
    throw Error(ErrorCode::bad_scenario, std::string(name) + " = " + text + ": expected a number");
  return number;
}

Shard slurm_shard() {
  const std::int64_t task = slurm_number("SLURM_ARRAY_TASK_ID"), first = slurm_number("SLURM_ARRAY_TASK_MIN");
  const std::int64_t last = slurm_number("SLURM_ARRAY_TASK_MAX"), count = slurm_number("SLURM_ARRAY_TASK_COUNT");
  // With gaps, as when single tasks are sent again, the size of the whole set is not known.
  if (last - first + 1 != count)
    throw Error(ErrorCode::bad_scenario, "--shard = slurm: expected an array without gaps; give I/N for single tasks");
  return parse_shard(std::to_string(task - first + 1) + "/" + std::to_string(count));
}

}  // namespace

std::filesystem::path result_path(const Job& job, const CommandLine& line) {
  const std::filesystem::path& output = job.scenario().record.output;
  if (!output.empty()) return output;
  return std::filesystem::path("results") / std::filesystem::path(line.words.front()).stem().replace_extension(".h5");
}

std::filesystem::path shard_path(const std::filesystem::path& result, const Shard& shard) {
  std::filesystem::path path = result;
  const std::string suffix = ".shard-" + std::to_string(shard.index) + "-of-" + std::to_string(shard.count);
  return path.replace_filename(result.stem().string() + suffix + result.extension().string());
}

std::optional<Shard> shard_option(const CommandLine& line, const Job& job) {
  const std::optional<std::string> text = line.get("shard");
  if (!text) return std::nullopt;
  Shard shard = *text == "slurm" ? slurm_shard() : parse_shard(*text);
  shard.by = choose_split(shard, job.scenario().run, job.min_samples());
  return shard;
}

}  // namespace semlink
