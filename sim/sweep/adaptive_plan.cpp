#include <semlink/sweep/adaptive_plan.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <tuple>

namespace semlink {
namespace {

constexpr std::int64_t kFirstBlocks = 8;
constexpr std::int64_t kRoundShare = 16;

}  // namespace

AdaptivePlan::AdaptivePlan(const SweepState& state, const RunSettings& settings)
    : settings_(settings), points_(state.points.size()), limits_(state.points.size()) {
  for (std::size_t i = 0; i < points_.size(); ++i)
    if (state.grid.is_excluded(i)) points_[i].stop = StopReason::excluded;
  deal_first_round();
}

bool AdaptivePlan::advance(const SweepState& state) {
  while (take_round(state)) {
    const std::int64_t before = num_dealt_;
    deal_round();
    if (num_dealt_ > before) continue;
    for (Point& point : points_)
      if (point.stop == StopReason::unfinished) point.stop = StopReason::budget;
    return false;
  }
  return true;
}

// Folds the blocks of the round and asks the rules; false, and nothing is changed, where a block is missing.
bool AdaptivePlan::take_round(const SweepState& state) {
  const auto lacks_time = [&](std::size_t i) {
    return settings_.max_time_s && state.points[i].total.num_trials > 0 &&
           state.points[i].seconds >= *settings_.max_time_s;
  };
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (points_[i].stop != StopReason::unfinished || state.points[i].total.num_trials >= limits_[i]) continue;
    if (!lacks_time(i)) return false;
  }
  for (std::size_t i = 0; i < points_.size(); ++i) {
    Point& point = points_[i];
    if (point.stop != StopReason::unfinished) continue;
    const std::size_t num_before = point.num_blocks;
    const std::vector<TrialSums>& blocks = state.points[i].blocks;
    while (point.total.num_trials < limits_[i] && point.num_blocks < blocks.size())
      point.total.merge(blocks[point.num_blocks++]);
    if (point.total.num_trials >= settings_.max_trials)
      point.stop = StopReason::max_trials;
    else if (point.num_blocks > num_before &&
             reaches_targets(settings_, point.total, {}, static_cast<std::int64_t>(point.num_blocks)))
      point.stop = StopReason::targets;
    else if (lacks_time(i) && point.num_blocks == blocks.size())  // what is stored already counts whatever time it took
      point.stop = StopReason::max_time;
  }
  return true;
}

void AdaptivePlan::deal_first_round() {
  for (std::int64_t k = 0; k < kFirstBlocks; ++k)
    for (std::size_t i = 0; i < points_.size(); ++i)
      if (points_[i].stop == StopReason::unfinished) deal_block(i);
}

void AdaptivePlan::deal_round() {
  // Widest first; then the one with fewest trials, then the first.
  using Candidate = std::tuple<double, std::int64_t, std::int64_t>;
  std::priority_queue<Candidate> queue;
  std::vector<double> width(points_.size());
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (points_[i].stop != StopReason::unfinished || points_[i].total.num_trials == 0) continue;
    width[i] = target_half_width(settings_, points_[i].total, {});
    queue.emplace(width[i], -limits_[i], -static_cast<std::int64_t>(i));
  }
  const std::int64_t enough =
      num_dealt_ + std::max<std::int64_t>(kUnitTrials, num_dealt_ / kRoundShare / kUnitTrials * kUnitTrials);
  while (num_dealt_ < enough && !queue.empty()) {
    const auto point = static_cast<std::size_t>(-std::get<2>(queue.top()));
    queue.pop();
    if (!deal_block(point)) continue;
    const double share = static_cast<double>(points_[point].total.num_trials) / static_cast<double>(limits_[point]);
    queue.emplace(width[point] * std::sqrt(share), -limits_[point], -static_cast<std::int64_t>(point));
  }
}

// False when the point or the budget has no room for a block.
bool AdaptivePlan::deal_block(std::size_t point) {
  const std::int64_t trials = std::min(block_of(limits_[point]).count, settings_.max_trials - limits_[point]);
  if (trials <= 0 || (settings_.total_trials && num_dealt_ + trials > *settings_.total_trials)) return false;
  limits_[point] += trials;
  num_dealt_ += trials;
  return true;
}

}  // namespace semlink
