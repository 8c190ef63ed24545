#include <semlink/sweep/shard.h>

#include <algorithm>
#include <charconv>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::int64_t kMaxShards = 100'000;

bool parse_number(std::string_view text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// Where the shard of this index ends: the block that lies there belongs to the next one.
std::int64_t end_of_share(std::int64_t index, std::int64_t count, std::int64_t max_trials) {
  if (index == count) return max_trials;
  return block_of(num_units(max_trials) * index / count * kUnitTrials).first;
}

bool has_share_for_all(std::int64_t count, std::int64_t max_trials) {
  for (std::int64_t i = 1; i <= count; ++i)
    if (end_of_share(i, count, max_trials) <= end_of_share(i - 1, count, max_trials)) return false;
  return true;
}

bool has_fixed_trials(const RunSettings& settings) { return !has_targets(settings) && !settings.max_time_s; }

}  // namespace

std::string Shard::text() const { return std::to_string(index) + "/" + std::to_string(count); }

Shard parse_shard(std::string_view text) {
  Shard shard;
  const std::size_t slash = text.find('/');
  const bool is_pair = slash != std::string_view::npos && parse_number(text.substr(0, slash), shard.index) &&
                       parse_number(text.substr(slash + 1), shard.count);
  if (!is_pair || shard.count < 1 || shard.count > kMaxShards || shard.index < 1 || shard.index > shard.count)
    throw Error(ErrorCode::bad_scenario, "shard " + std::string(text) + ": expected I/N with 1 <= I <= N <= 100000");
  return shard;
}

Shard::By choose_split(const Shard& shard, const RunSettings& settings, std::int64_t min_samples) {
  if (settings.is_adaptive())
    throw Error(ErrorCode::bad_scenario, "run.allocation = adaptive: looks at all points, expected even with --shard");
  if (settings.has_quiet_axis())
    throw Error(ErrorCode::bad_scenario,
                "run.quiet_axis = " + settings.quiet_axis + ": looks at several points, expected none with --shard");
  const bool is_clustered = min_samples > 0 && settings.max_trials > min_samples;
  const bool has_blocks = has_share_for_all(shard.count, settings.max_trials);
  return has_fixed_trials(settings) && has_blocks && !is_clustered ? Shard::By::blocks : Shard::By::points;
}

TrialShare trial_share(const Shard& shard, std::int64_t max_trials) {
  if (shard.by == Shard::By::points) return {0, max_trials};
  const std::int64_t first = end_of_share(shard.index - 1, shard.count, max_trials);
  return {first, end_of_share(shard.index, shard.count, max_trials) - first};
}

void leave_to_others(SweepState& state, const Shard& shard) {
  if (shard.by == Shard::By::blocks) return;
  std::int64_t turn = 0;
  for (PointState& point : state.points) {
    if (point.stop == StopReason::excluded) continue;
    if (turn++ % shard.count != shard.index - 1) point.stop = StopReason::elsewhere;
  }
}

}  // namespace semlink
