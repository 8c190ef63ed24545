// Which points get trials: the quiet axis, adaptive allocation, the limit of time.

#include <gtest/gtest.h>
#include <semlink/sweep/sweep.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "support/errors.h"
#include "support/trials.h"

namespace semlink {
namespace {

/// Two models by five SNRs, the SNR fastest or slowest.
Grid snr_grid(bool snr_first = false) {
  const Axis model{.key = "channel.model", .texts = {"awgn", "rayleigh"}};
  const Axis snr{.key = "channel.snr_db",
                 .kind = Axis::Kind::number,
                 .texts = {"0", "5", "10", "15", "20"},
                 .numbers = {0, 5, 10, 15, 20}};
  return snr_first ? Grid({snr, model}) : Grid({model, snr});
}

/// The first model has no errors from 10 dB on, but for the last point; the second none at 20 dB.
double failure_rate(const Grid& grid, std::size_t point) {
  const bool is_rayleigh = grid.label(point).find("rayleigh") != std::string::npos;
  const std::string label = grid.label(point);
  const int snr = label.find("= 20") != std::string::npos   ? 4
                  : label.find("= 15") != std::string::npos ? 3
                  : label.find("= 10") != std::string::npos ? 2
                  : label.find("= 5") != std::string::npos  ? 1
                                                            : 0;
  const double awgn[] = {0.5, 0.1, 0, 0, 0.2}, rayleigh[] = {0.5, 0.3, 0.2, 0.1, 0};
  return is_rayleigh ? rayleigh[snr] : awgn[snr];
}

/// Headers fail at least as often as `floor` says.
MakePoint failing_points(const Grid& grid, double floor = 0) {
  return [&grid, floor](std::size_t point) {
    return PointRun{.run_trial = [rate = std::max(floor, failure_rate(grid, point)), point](std::uint64_t trial) {
      TrialResult result = example_trial(10, trial, point + 1);
      result.header_failed = Stream(7, Purpose::user, trial, point + 1).uniform() < rate;
      return result;
    }};
  };
}

RunSettings settings_for(std::int64_t max_trials, int threads) {
  RunSettings settings;
  settings.max_trials = max_trials;
  settings.threads = threads;
  return settings;
}

SweepState run(const Grid& grid, const RunSettings& settings, double floor = 0) {
  SweepState state = start_sweep(grid);
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run_sweep(state, settings, failing_points(grid, floor), stop), SweepEnd::complete);
  return state;
}

void expect_equal(const SweepState& a, const SweepState& b) {
  ASSERT_EQ(a.points.size(), b.points.size());
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    EXPECT_EQ(a.points[i].stop, b.points[i].stop) << i;
    ASSERT_EQ(a.points[i].blocks.size(), b.points[i].blocks.size()) << i;
    EXPECT_EQ(std::memcmp(&a.points[i].total, &b.points[i].total, sizeof a.points[i].total), 0) << i;
  }
}

std::vector<StopReason> reasons(const SweepState& state) {
  std::vector<StopReason> out;
  for (const PointState& point : state.points) out.push_back(point.stop);
  return out;
}

constexpr StopReason kRun = StopReason::max_trials, kQuiet = StopReason::quiet;

TEST(QuietAxis, TheFirstPointWithoutAnErrorIsTheLastOfItsLine) {
  RunSettings settings = settings_for(200, 1);
  settings.quiet_axis = "channel.snr_db";
  const SweepState state = run(snr_grid(), settings);
  EXPECT_EQ(reasons(state), (std::vector<StopReason>{kRun, kRun, kRun, kQuiet, kQuiet, kRun, kRun, kRun, kRun, kRun}));
  EXPECT_EQ(state.points[3].total.num_trials, 0);
  EXPECT_TRUE(state.points[3].blocks.empty());
  EXPECT_EQ(reasons(run(snr_grid(true), settings)),
            (std::vector<StopReason>{kRun, kRun, kRun, kRun, kRun, kRun, kQuiet, kRun, kQuiet, kRun}));
}

TEST(QuietAxis, ThreadsChangeNothing) {
  RunSettings settings = settings_for(200, 1);
  settings.quiet_axis = "channel.snr_db";
  for (const bool snr_first : {false, true}) {
    const Grid grid = snr_grid(snr_first);
    settings.threads = 1;
    const SweepState one = run(grid, settings);
    for (const int threads : {2, 5, 16}) {
      settings.threads = threads;
      expect_equal(one, run(grid, settings));
    }
  }
}

TEST(QuietAxis, WhatWasComputedEarlierDoesNotCount) {
  const Grid grid = snr_grid();
  SweepState state = run(grid, settings_for(200, 2));  // every point
  RunSettings settings = settings_for(200, 2);
  settings.quiet_axis = "channel.snr_db";
  prepare_resume(state, settings);
  const std::atomic<bool> stop = false;
  run_sweep(state, settings, failing_points(grid), stop);
  expect_equal(state, run(grid, settings));
  // And back: what was dropped is run after all.
  prepare_resume(state, settings_for(200, 2));
  run_sweep(state, settings_for(200, 2), failing_points(grid), stop);
  expect_equal(state, run(grid, settings_for(200, 2)));
}

TEST(QuietAxis, MoreTrialsMayBreakTheSilence) {
  const Grid grid = snr_grid();
  const auto rare = [&grid](std::size_t point) {
    PointRun run = failing_points(grid)(point);
    run.run_trial = [inner = run.run_trial, point](std::uint64_t trial) {
      TrialResult result = inner(trial);
      if (point == 2 && trial == 250) result.header_failed = true;
      return result;
    };
    return run;
  };
  RunSettings settings = settings_for(200, 2);
  settings.quiet_axis = "channel.snr_db";
  SweepState state = start_sweep(grid);
  const std::atomic<bool> stop = false;
  run_sweep(state, settings, rare, stop);
  EXPECT_EQ(state.points[3].stop, kQuiet);
  settings.max_trials = 300;
  prepare_resume(state, settings);
  run_sweep(state, settings, rare, stop);
  EXPECT_EQ(state.points[3].total.num_trials, 300);
  EXPECT_EQ(state.points[4].stop, kQuiet);
}

RunSettings adaptive_settings(int threads, std::int64_t total_trials) {
  RunSettings settings = settings_for(100'000, threads);
  settings.allocation = "adaptive";
  settings.target_metric = "header_error_rate";
  settings.total_trials = total_trials;
  return settings;
}

TEST(Adaptive, WidestIntervalsGetTheTrials) {
  // Relative widths go with sqrt((1 - p) / (p n)): trials as (1 - p) / p once all intervals are equally wide.
  const Grid grid({Axis{.key = "channel.snr_db", .texts = {"0", "1", "2"}}});
  const std::vector<double> rates = {0.5, 0.2, 0.05};
  const auto make_point = [&](std::size_t point) {
    return PointRun{.run_trial = [rate = rates[point], point](std::uint64_t trial) {
      TrialResult result;
      result.header_failed = Stream(3, Purpose::user, trial, point + 1).uniform() < rate;
      return result;
    }};
  };
  SweepState state = start_sweep(grid);
  const std::atomic<bool> stop = false;
  run_sweep(state, adaptive_settings(2, 24'000), make_point, stop);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const PointState& point = state.points[i];
    EXPECT_EQ(point.stop, StopReason::budget);
    total += point.total.num_trials;
    EXPECT_NEAR(static_cast<double>(point.total.num_trials) / 24'000, (1 - rates[i]) / rates[i] / (1 + 4 + 19), 0.03);
  }
  EXPECT_EQ(total, 24'000);
}

// Points without any error would get all there is.
constexpr double kFloor = 0.03;

TEST(Adaptive, ThreadsChangeNothing) {
  const SweepState one = run(snr_grid(), adaptive_settings(1, 8000), kFloor);
  std::set<std::int64_t> counts;
  for (const PointState& point : one.points) counts.insert(point.total.num_trials);
  EXPECT_GT(counts.size(), 3u) << "every point got the same";
  for (const int threads : {2, 5}) expect_equal(one, run(snr_grid(), adaptive_settings(threads, 8000), kFloor));
}

TEST(Adaptive, InterruptedAndResumedEqualsUndisturbed) {
  const Grid grid = snr_grid();
  const RunSettings settings = adaptive_settings(2, 8000);
  const SweepState undisturbed = run(grid, settings, kFloor);
  SweepState state = start_sweep(grid);
  int num_sessions = 0;
  for (SweepEnd end = SweepEnd::interrupted; end == SweepEnd::interrupted && num_sessions < 100; ++num_sessions) {
    std::atomic<bool> stop = false;
    std::atomic<int> num_run = 0;
    const auto stopping = [&](std::size_t point) {
      PointRun run = failing_points(grid, kFloor)(point);
      run.run_trial = [&, inner = run.run_trial](std::uint64_t trial) {
        if (++num_run == 1500) {
          stop = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(120));
        }
        return inner(trial);
      };
      return run;
    };
    prepare_resume(state, settings);
    end = run_sweep(state, settings, stopping, stop);
  }
  EXPECT_GT(num_sessions, 2);
  expect_equal(state, undisturbed);
}

TEST(Adaptive, AChangedBudgetEqualsAnUndisturbedRunWithTheNewOne) {
  const Grid grid = snr_grid();
  SweepState state = run(grid, adaptive_settings(2, 5000), kFloor);
  const std::atomic<bool> stop = false;
  for (const std::int64_t total : {9000, 6000}) {
    prepare_resume(state, adaptive_settings(2, total));
    run_sweep(state, adaptive_settings(2, total), failing_points(grid, kFloor), stop);
    expect_equal(state, run(grid, adaptive_settings(2, total), kFloor));
  }
}

TEST(Adaptive, StopsPointsAtTheirTargetAndAtMaxTrials) {
  RunSettings settings = settings_for(2000, 2);
  settings.allocation = "adaptive";
  settings.target_rel_ci = 0.2;
  const SweepState state = run(snr_grid(), settings);
  EXPECT_EQ(state.points[0].stop, StopReason::targets);
  EXPECT_LT(state.points[0].total.num_trials, 600);
  EXPECT_EQ(state.points[2].stop, StopReason::max_trials);  // never an error
  EXPECT_EQ(state.points[2].total.num_trials, 2000);
}

TEST(Adaptive, RefusesMoreTrialsThanSamples) {
  SweepState state = start_sweep(snr_grid());
  const std::atomic<bool> stop = false;
  const auto few_samples = [](std::size_t) {
    return PointRun{.run_trial = [](std::uint64_t) { return TrialResult(); }, .num_samples = 50};
  };
  RunSettings settings = settings_for(100, 1);
  settings.allocation = "adaptive";
  EXPECT_EQ(message_of(ErrorCode::bad_scenario, [&] { run_sweep(state, settings, few_samples, stop); }),
            "run.allocation = adaptive: expected run.max_trials of at most 50, the samples that the source has");
}

TEST(MaxTime, EndsAPointAndCountsWhatEarlierSessionsTook) {
  const Grid grid({Axis{.key = "channel.snr_db", .texts = {"0", "1"}}});
  const auto slow = [](std::size_t) {
    return PointRun{.run_trial = [](std::uint64_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return TrialResult();
    }};
  };
  RunSettings settings = settings_for(100'000, 2);
  settings.max_time_s = 0.05;  // 100 trials of at least 1 ms on two threads: at most four blocks
  SweepState state = start_sweep(grid);
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run_sweep(state, settings, slow, stop), SweepEnd::complete);
  for (const PointState& point : state.points) {
    EXPECT_EQ(point.stop, StopReason::max_time);
    EXPECT_GE(point.seconds, 0.05);
    EXPECT_GE(point.blocks.size(), 1u);
    EXPECT_LE(point.blocks.size(), 4u);
  }
  prepare_resume(state, settings);
  EXPECT_EQ(state.points[0].stop, StopReason::max_time);
  settings.max_time_s = 2 * state.points[0].seconds;
  prepare_resume(state, settings);
  EXPECT_EQ(state.points[0].stop, StopReason::unfinished);
}

}  // namespace
}  // namespace semlink
