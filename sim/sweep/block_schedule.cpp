#include <semlink/sweep/block_schedule.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxEvents = 2048;
// From here on a trial is told by itself: a block of such trials takes too long to be lost.
constexpr auto kSlowTrial = std::chrono::milliseconds(20);

// Large pieces cost fewer locks; small ones keep all threads busy when there are few trials.
std::int64_t choose_piece(const SweepState& state, const RunSettings& settings, std::span<const std::int64_t> limits,
                          int num_threads) {
  double trials = 0;
  for (std::size_t i = 0; i < state.points.size(); ++i) {
    const PointState& point = state.points[i];
    const std::int64_t limit = limits.empty() ? settings.max_trials : limits[i];
    if (!point.finished()) trials += static_cast<double>(std::max<std::int64_t>(0, limit - point.total.num_trials));
  }
  return static_cast<std::int64_t>(std::clamp(trials / (64.0 * num_threads), 1.0, static_cast<double>(kUnitTrials)));
}

}  // namespace

struct BlockSchedule::ActivePoint {
  std::size_t point = 0;
  PointRun run;
  std::int64_t limit = 0;  // trials
  double seconds = 0;
  std::int64_t next_unit = 0;           // to be dealt out
  std::int64_t num_folded = 0;          // blocks, stored ones included
  std::int64_t open_units = 0;          // dealt out and not folded
  TrialSums total;                      // of those blocks
  TrialSums last;                       // the block that is not whole
  std::optional<ClusterSums> clusters;  // only where a stop rule looks at intervals
  std::map<std::int64_t, LooseTrial> loose;
  bool keep_results = false;  // for clustering by whoever holds the state
  bool stopped = false;
};

struct BlockSchedule::Slot {
  ActivePoint* active = nullptr;
  std::int64_t first_trial = 0;
  std::int64_t num_trials = 0;
  std::int64_t claimed = 0;
  std::atomic<std::int64_t> done = 0;
  std::atomic<std::int64_t> busy_ns = 0;
  std::atomic<bool> cancelled = false;
  bool complete = false;
  std::array<TrialResult, kUnitTrials> results;
  TrialSums sums;
};

BlockSchedule::BlockSchedule(const SweepState& state, const RunSettings& settings, const MakePoint& make_point,
                             const SweepObserver* observer, int num_threads, std::vector<std::int64_t> limits)
    : state_(state),
      settings_(settings),
      make_point_(make_point),
      observer_(observer),
      limits_(std::move(limits)),
      quiet_axis_(state.grid, settings),
      silenced_(state.points.size()),
      num_threads_(num_threads),
      piece_trials_(choose_piece(state, settings, limits_, num_threads)),
      threads_left_(num_threads) {
  for (int i = 0; i < 4 * num_threads + 4; ++i) ring_.push_back(std::make_unique<Slot>());
}

BlockSchedule::~BlockSchedule() = default;

void BlockSchedule::work() {
  try {
    while (const std::optional<Piece> piece = claim()) {
      run(*piece);
      if (stopping_) break;
      complete(*piece);
    }
  } catch (...) {
    fail(std::current_exception());
  }
  const Lock lock(mutex_);
  --threads_left_;
  news_.notify_all();
}

void BlockSchedule::finish() {
  const Lock lock(mutex_);
  finishing_ = true;
  room_.notify_all();
}

void BlockSchedule::stop() {
  const Lock lock(mutex_);
  stopping_ = true;
  room_.notify_all();
}

void BlockSchedule::fail(std::exception_ptr error) {
  const Lock lock(mutex_);
  if (!error_) error_ = error;
  stopping_ = true;
  room_.notify_all();
}

void BlockSchedule::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

bool BlockSchedule::drain(std::vector<SweepEvent>& events, std::chrono::milliseconds timeout) {
  std::vector<std::unique_ptr<ActivePoint>> retired;  // destroyed after the lock is gone
  Lock lock(mutex_);
  news_.wait_for(lock, timeout, [this] { return events_.size() >= kMaxEvents / 4 || threads_left_ == 0; });
  std::move(events_.begin(), events_.end(), std::back_inserter(events));
  events_.clear();
  retired.swap(retired_);
  room_.notify_all();
  return threads_left_ > 0;
}

std::optional<BlockSchedule::Piece> BlockSchedule::claim() {
  Lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    if (opened_ > 0) {
      Slot& slot = *ring_[(opened_ - 1) % ring_.size()];
      if (slot.claimed < slot.num_trials && opened_ > folded_) {
        const Piece piece{&slot, slot.claimed, std::min(piece_trials_, slot.num_trials - slot.claimed)};
        slot.claimed += piece.count;
        return piece;
      }
    }
    if (finishing_ || !open_unit(lock)) return std::nullopt;
  }
}

// Opens the next unit, or waits once for whatever stands in the way; false when there are no more.
bool BlockSchedule::open_unit(Lock& lock) {
  if (making_point_ || opened_ - folded_ == ring_.size() || events_.size() >= kMaxEvents) {
    room_.wait(lock);
    return true;
  }
  ActivePoint* active = active_.empty() ? nullptr : active_.back().get();
  if (!active || active->stopped || active->next_unit == num_units(active->limit)) return open_point(lock);
  Slot& slot = *ring_[opened_++ % ring_.size()];
  slot.active = active;
  slot.first_trial = active->next_unit++ * kUnitTrials;
  slot.num_trials = std::min(kUnitTrials, active->limit - slot.first_trial);
  slot.claimed = 0;
  slot.done = 0;
  slot.busy_ns = 0;
  slot.cancelled = false;
  slot.complete = false;
  ++active->open_units;
  room_.notify_all();
  return true;
}

bool BlockSchedule::open_point(Lock& lock) {
  const auto has_nothing_to_do = [this](std::size_t i) {
    return silenced_[i] || state_.points[i].finished() || state_.points[i].total.num_trials >= limit(i);
  };
  while (next_point_ < state_.points.size() && has_nothing_to_do(next_point_)) ++next_point_;
  if (next_point_ == state_.points.size()) return false;
  const std::size_t point = next_point_++;
  const PointState& stored = state_.points[point];
  making_point_ = true;
  lock.unlock();
  auto active = std::make_unique<ActivePoint>();
  active->point = point;
  active->limit = limit(point);
  active->seconds = stored.seconds;
  active->run = make_point_(point);
  const std::int64_t num_samples = active->run.num_samples;
  const bool clustered = num_samples > 0 && settings_.max_trials > num_samples;
  const bool restarted = clustered && !stored.blocks.empty() && !stored.cluster_sums;
  if (!restarted) {
    active->next_unit = num_units(stored.total.num_trials);
    active->num_folded = static_cast<std::int64_t>(stored.blocks.size());
    active->total = stored.total;
    if (is_within_block(state_.first_trial + stored.total.num_trials)) {
      --active->num_folded;
      active->total = stored.before_last;
      active->last = stored.blocks.back();
    }
  }
  if (clustered && needs_interval(settings_))
    active->clusters = stored.cluster_sums ? *stored.cluster_sums : ClusterSums(num_samples);
  active->loose = stored.loose;
  active->keep_results = clustered;
  lock.lock();
  making_point_ = false;
  if (silenced_[point]) {
    tell_silence(point);
    room_.notify_all();
    return true;
  }
  SweepEvent event{.kind = SweepEvent::Kind::started, .point = point};
  event.snr_label_db = active->run.snr_label_db;
  event.cluster_samples = clustered ? num_samples : 0;
  event.restarted = restarted;
  active_.push_back(std::move(active));
  // Blocks of earlier points may still be folded; they are told by their point, so the order among points is free.
  events_.push_back(std::move(event));
  room_.notify_all();
  return true;
}

void BlockSchedule::run(const Piece& piece) {
  Slot& slot = *piece.slot;
  const ActivePoint& active = *slot.active;
  std::int64_t trial = state_.first_trial + slot.first_trial + piece.first;
  Clock::time_point start = Clock::now();
  Clock::duration busy{};
  try {
    for (std::int64_t i = piece.first; i < piece.first + piece.count; ++i, ++trial) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      if (slot.cancelled.load(std::memory_order_relaxed)) return;
      TrialResult& result = slot.results[static_cast<std::size_t>(i)];
      if (const auto known = active.loose.find(trial); known != active.loose.end()) {
        result = known->second.result;
        busy += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(known->second.seconds));
        continue;
      }
      result = active.run.run_trial(static_cast<std::uint64_t>(trial));
      const Clock::time_point now = Clock::now();
      if (now - start >= kSlowTrial)
        tell_slow(active.point, trial, {result, std::chrono::duration<double>(now - start).count()});
      busy += now - start;
      start = now;
    }
  } catch (const Error& error) {
    const std::string label = state_.grid.label(active.point);
    throw Error(error.code(), "seed " + std::to_string(settings_.seed) + ", point " + std::to_string(active.point) +
                                  (label.empty() ? "" : " (" + label + ")") + ", trial " + std::to_string(trial) +
                                  ": " + error.what());
  }
  slot.busy_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(busy).count();
}

void BlockSchedule::tell_slow(std::size_t point, std::int64_t trial, const LooseTrial& slow) {
  SweepEvent event{.kind = SweepEvent::Kind::slow_trial, .point = point, .trial = trial};
  event.results = {slow.result};
  event.seconds = slow.seconds;
  const Lock lock(mutex_);
  events_.push_back(std::move(event));
}

void BlockSchedule::complete(const Piece& piece) {
  Slot& slot = *piece.slot;
  if (slot.done.fetch_add(piece.count) + piece.count < slot.num_trials) return;
  slot.sums = TrialSums();
  std::int64_t i = 0;
  try {
    for (; i < slot.num_trials && !slot.cancelled; ++i) slot.sums.add(slot.results[static_cast<std::size_t>(i)]);
  } catch (const Error& error) {
    throw Error(error.code(), "seed " + std::to_string(settings_.seed) + ", point " +
                                  std::to_string(slot.active->point) + ", trial " +
                                  std::to_string(state_.first_trial + slot.first_trial + i) + ": " + error.what());
  }
  const Lock lock(mutex_);
  slot.complete = true;
  fold_ready();
}

void BlockSchedule::fold_ready() {
  while (folded_ < opened_ && ring_[folded_ % ring_.size()]->complete) {
    Slot& slot = *ring_[folded_ % ring_.size()];
    slot.complete = false;
    ++folded_;
    fold(slot);
  }
  if (events_.size() >= kMaxEvents / 4) news_.notify_all();
  room_.notify_all();
}

void BlockSchedule::fold(Slot& slot) {
  ActivePoint& active = *slot.active;
  --active.open_units;
  if (!active.stopped) {
    const std::span<const TrialResult> results(slot.results.data(), static_cast<std::size_t>(slot.num_trials));
    active.last.merge(slot.sums);
    if (active.clusters)
      for (const TrialResult& result : results) active.clusters->add(result);
    SweepEvent event{.kind = SweepEvent::Kind::block, .point = active.point, .sums = active.last};
    event.num_new = slot.num_trials;
    if (active.keep_results || (observer_ && observer_->wants_trials(state_.first_trial + slot.first_trial)))
      event.results.assign(results.begin(), results.end());
    event.seconds = 1e-9 * static_cast<double>(slot.busy_ns) / num_threads_;
    active.seconds += event.seconds;
    events_.push_back(std::move(event));
    const std::int64_t end = slot.first_trial + slot.num_trials;
    if (end == active.limit || !is_within_block(state_.first_trial + end)) close_block(active);
  }
  if (active.stopped && active.open_units == 0) retire(active);
}

void BlockSchedule::close_block(ActivePoint& active) {
  active.total.merge(active.last);
  active.last = TrialSums();
  ++active.num_folded;
  if (limits_.empty())
    ask_rules(active);
  else
    active.stopped = active.total.num_trials == active.limit;
}

void BlockSchedule::ask_rules(ActivePoint& active) {
  const bool look = active.clusters && is_look(active.num_folded);
  const ClusterVariance clusters = look ? active.clusters->variance() : ClusterVariance();
  const StopReason reason = ask_stop_rules(settings_, active.total, clusters, active.num_folded, active.seconds);
  if (reason == StopReason::unfinished) return;
  end_point(active, reason);
  for (const std::size_t later : quiet_axis_.silenced_by(active.point, active.total)) silence(later);
}

// Blocks are folded in order of points: of a later one no block of this session has been told yet.
void BlockSchedule::silence(std::size_t point) {
  if (silenced_[point]) return;
  silenced_[point] = true;
  // Whoever is making it reads what is stored of it: it must stay until then.
  if (making_point_ && point + 1 == next_point_) return;
  for (const auto& active : active_) {
    if (active->point != point) continue;
    end_point(*active, StopReason::quiet);
    if (active->open_units == 0) retire(*active);
    return;
  }
  tell_silence(point);
}

void BlockSchedule::tell_silence(std::size_t point) {
  events_.push_back({.kind = SweepEvent::Kind::ended, .point = point, .stop = StopReason::quiet});
}

// Blocks beyond the last that counts were dealt out ahead: nobody needs to finish them.
void BlockSchedule::end_point(ActivePoint& active, StopReason reason) {
  active.stopped = true;
  events_.push_back({.kind = SweepEvent::Kind::ended, .point = active.point, .stop = reason});
  for (std::uint64_t i = folded_; i < opened_; ++i) {
    Slot& slot = *ring_[i % ring_.size()];
    if (slot.active != &active) continue;
    slot.cancelled = true;
    const std::int64_t rest = slot.num_trials - slot.claimed;
    slot.claimed = slot.num_trials;
    if (rest > 0 && slot.done.fetch_add(rest) + rest == slot.num_trials) slot.complete = true;
  }
}

void BlockSchedule::retire(ActivePoint& active) {
  const auto found =
      std::find_if(active_.begin(), active_.end(), [&](const auto& entry) { return entry.get() == &active; });
  retired_.push_back(std::move(*found));
  active_.erase(found);
}

}  // namespace semlink
