#include <semlink/sweep/sweep.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <semlink/core/error.h>
#include <semlink/sweep/adaptive_plan.h>
#include <semlink/sweep/block_schedule.h>

namespace semlink {
namespace {

using Clock = std::chrono::steady_clock;

/// Units can be added to a block, trials to a unit cannot.
void drop_partial_unit(PointState& point) {
  if (point.total.num_trials % kUnitTrials != 0) point.keep_blocks(point.blocks.size() - 1);
}

bool is_not_here(const PointState& point) {
  return point.stop == StopReason::excluded || point.stop == StopReason::elsewhere;
}

// The thread that called: takes the news into the state and tells the observer.
class Bookkeeper {
 public:
  Bookkeeper(SweepState& state, const RunSettings& settings, SweepObserver* observer)
      : state_(state), settings_(settings), observer_(observer), start_(Clock::now()) {
    for (const PointState& point : state.points) {
      if (is_not_here(point)) continue;
      ++progress_.num_points;
      progress_.points_done += point.finished();
      progress_.trials_done += point.total.num_trials;
      if (!point.finished()) progress_.trials_left_at_most += settings_.max_trials - point.total.num_trials;
    }
  }

  void take(SweepEvent& event) {
    PointState& point = state_.points[event.point];
    switch (event.kind) {
      case SweepEvent::Kind::started:
        start(point, event);
        if (observer_) observer_->on_start(state_, event.point, event.restarted);
        break;
      case SweepEvent::Kind::slow_trial:
        if (observer_) observer_->on_slow_trial(event.point, event.trial, {event.results.front(), event.seconds});
        break;
      case SweepEvent::Kind::block:
        add(point, event);
        break;
      case SweepEvent::Kind::ended:
        if (event.stop == StopReason::quiet)
          silence(point);
        else
          end(point, event.stop);
        if (observer_) observer_->on_point(state_, event.point);
        break;
    }
  }

  /// Ends a point that keeps only its first `num_blocks` blocks.
  void end_at(std::size_t i, std::size_t num_blocks, StopReason reason) {
    PointState& point = state_.points[i];
    if (point.blocks.size() > num_blocks) {
      const std::int64_t before = point.total.num_trials;
      point.keep_blocks(num_blocks);
      progress_.trials_done -= before - point.total.num_trials;
      progress_.trials_left_at_most += before - point.total.num_trials;
    }
    end(point, reason);
    if (observer_) observer_->on_point(state_, i);
  }

  void report() {
    if (!observer_) return;
    while (progress_.point < state_.points.size() && state_.points[progress_.point].finished()) ++progress_.point;
    progress_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    Progress progress = progress_;
    if (settings_.total_trials)
      progress.trials_left_at_most =
          std::min(progress.trials_left_at_most, *settings_.total_trials - progress.trials_done);
    observer_->on_progress(state_, progress);
  }

 private:
  void start(PointState& point, const SweepEvent& event) {
    if (event.restarted) {
      progress_.trials_done -= point.total.num_trials;
      progress_.trials_left_at_most += point.total.num_trials;
      point = PointState();
    }
    point.snr_label_db = event.snr_label_db;
    if (event.cluster_samples > 0 && !point.cluster_sums) point.cluster_sums.emplace(event.cluster_samples);
  }

  void add(PointState& point, const SweepEvent& event) {
    if (event.num_new == event.sums.num_trials)
      point.add_block(event.sums);
    else
      point.replace_last(event.sums);
    const std::int64_t end = state_.first_trial + point.total.num_trials;
    point.seconds += event.seconds;
    if (point.cluster_sums)
      for (const TrialResult& result : event.results) point.cluster_sums->add(result);
    progress_.trials_done += event.num_new;
    progress_.trials_run += event.num_new;
    progress_.trials_left_at_most -= event.num_new;
    point.loose.erase(point.loose.begin(), point.loose.lower_bound(end));
    if (!observer_) return;
    const SweepBlock block{end - event.sums.num_trials, event.sums, event.num_new, event.seconds, event.results};
    observer_->on_block(state_, event.point, block);
  }

  void silence(PointState& point) {
    progress_.trials_done -= point.total.num_trials;
    if (!point.finished()) {
      progress_.trials_left_at_most -= settings_.max_trials - point.total.num_trials;
      ++progress_.points_done;
    }
    point = PointState();
    point.stop = StopReason::quiet;
  }

  void end(PointState& point, StopReason reason) {
    point.stop = reason;
    if (point.cluster_sums) point.clusters = point.cluster_sums->variance();
    point.cluster_sums.reset();
    progress_.trials_left_at_most -= settings_.max_trials - point.total.num_trials;
    ++progress_.points_done;
  }

  SweepState& state_;
  const RunSettings& settings_;
  SweepObserver* observer_;
  Clock::time_point start_;
  Progress progress_;
};

}  // namespace

bool is_complete(const SweepState& state) {
  return std::all_of(state.points.begin(), state.points.end(),
                     [](const PointState& point) { return point.finished(); });
}

std::size_t num_points_off(const SweepState& state) {
  std::size_t count = 0;
  for (const PointState& point : state.points) count += !point.ledger().ok;
  return count;
}

SweepState start_sweep(Grid grid) {
  SweepState state{std::move(grid), {}};
  state.points.resize(state.grid.num_points());
  for (std::size_t i = 0; i < state.points.size(); ++i)
    if (state.grid.is_excluded(i)) state.points[i].stop = StopReason::excluded;
  return state;
}

void PointState::add_block(const TrialSums& block) {
  before_last = total;
  blocks.push_back(block);
  total.merge(block);
}

void PointState::replace_last(const TrialSums& block) {
  blocks.back() = block;
  total = before_last;
  total.merge(block);
}

void PointState::keep_blocks(std::size_t count) {
  const std::vector<TrialSums> kept(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(count));
  blocks.clear();
  total = before_last = TrialSums();
  cluster_sums.reset();
  for (const TrialSums& block : kept) add_block(block);
}

ClusterVariance PointState::cluster_variance() const { return cluster_sums ? cluster_sums->variance() : clusters; }

namespace {

/// What a run under these rules would have said at the first block that ends it. (Sums by sample are known of all
/// trials only.)
StopReason ask_over_blocks(const RunSettings& settings, const PointState& point, std::int64_t first_trial) {
  const auto num_blocks = static_cast<std::int64_t>(point.blocks.size());
  const ClusterVariance clusters = point.cluster_variance();
  if (clusters.num_samples == 0) {
    TrialSums sums;
    for (std::int64_t i = 1; i < num_blocks; ++i) {
      sums.merge(point.blocks[static_cast<std::size_t>(i - 1)]);
      const StopReason reason = ask_stop_rules(settings, sums, clusters, i, 0);
      if (reason != StopReason::unfinished) return reason;
    }
  }
  // Within a block nothing is asked but whether there is more to do.
  if (is_within_block(first_trial + point.total.num_trials))
    return point.total.num_trials >= settings.max_trials ? StopReason::max_trials : StopReason::unfinished;
  return ask_stop_rules(settings, point.total, clusters, num_blocks, point.seconds);
}

}  // namespace

void prepare_resume(SweepState& state, const RunSettings& settings) {
  for (PointState& point : state.points) {
    if (is_not_here(point)) continue;
    point.stop = ask_over_blocks(settings, point, state.first_trial);
    // The plan says when points end; it only needs to know of blocks that it would cut otherwise.
    if (settings.is_adaptive() && point.stop != StopReason::max_trials) point.stop = StopReason::unfinished;
    if (point.finished()) {
      point.clusters = point.cluster_variance();
      point.cluster_sums.reset();
    } else {
      point.clusters = ClusterVariance();
      drop_partial_unit(point);
    }
    if (settings.is_adaptive()) point.stop = StopReason::unfinished;
  }
  silence_stored_points(state, settings);
}

namespace {

/// Runs threads over the schedule until it has nothing more to deal out.
void run_schedule(BlockSchedule& schedule, int num_threads, Bookkeeper& bookkeeper, const std::atomic<bool>& stop) {
  {
    std::vector<std::jthread> threads;
    // Leaving early (an observer threw) must not wait for the whole sweep.
    struct StopOnExit {
      BlockSchedule& schedule;
      ~StopOnExit() { schedule.stop(); }
    } const stop_on_exit{schedule};
    for (int i = 0; i < num_threads; ++i) threads.emplace_back([&schedule] { schedule.work(); });
    std::vector<SweepEvent> events;
    for (bool more = true; more;) {
      more = schedule.drain(events, std::chrono::milliseconds(50));
      for (SweepEvent& event : events) bookkeeper.take(event);
      events.clear();
      bookkeeper.report();
      if (stop) schedule.finish();
    }
  }
  schedule.rethrow();
}

/// A plan of rounds needs sums whose intervals depend on blocks alone.
MakePoint refusing_clusters(const MakePoint& make_point, const RunSettings& settings) {
  return [&make_point, max_trials = settings.max_trials](std::size_t point) {
    PointRun run = make_point(point);
    if (run.num_samples > 0 && run.num_samples < max_trials)
      throw Error(ErrorCode::bad_scenario, "run.allocation = adaptive: expected run.max_trials of at most " +
                                               std::to_string(run.num_samples) + ", the samples that the source has");
    return run;
  };
}

void run_rounds(SweepState& state, const RunSettings& settings, const MakePoint& make_point,
                const std::atomic<bool>& stop, SweepObserver* observer, Bookkeeper& bookkeeper) {
  const MakePoint make_unclustered = refusing_clusters(make_point, settings);
  AdaptivePlan plan(state, settings);
  for (bool more = true; more;) {
    more = plan.advance(state);
    for (std::size_t i = 0; i < state.points.size(); ++i)
      if (!state.points[i].finished() && plan.stop(i) != StopReason::unfinished)
        bookkeeper.end_at(i, plan.num_blocks(i), plan.stop(i));
    bookkeeper.report();
    if (!more || stop) return;
    BlockSchedule schedule(state, settings, make_unclustered, observer, settings.num_threads(), plan.limits());
    run_schedule(schedule, settings.num_threads(), bookkeeper, stop);
  }
}

}  // namespace

SweepEnd run_sweep(SweepState& state, const RunSettings& settings, const MakePoint& make_point,
                   const std::atomic<bool>& stop, SweepObserver* observer) {
  check_stop_rules(settings, state.grid);
  Bookkeeper bookkeeper(state, settings, observer);
  if (settings.is_adaptive()) {
    run_rounds(state, settings, make_point, stop, observer, bookkeeper);
  } else {
    BlockSchedule schedule(state, settings, make_point, observer, settings.num_threads());
    run_schedule(schedule, settings.num_threads(), bookkeeper, stop);
  }
  return is_complete(state) ? SweepEnd::complete : SweepEnd::interrupted;
}

}  // namespace semlink
