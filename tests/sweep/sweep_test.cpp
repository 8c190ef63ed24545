#include <gtest/gtest.h>
#include <semlink/sweep/sweep.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <mutex>
#include <thread>

#include "support/errors.h"
#include "support/trials.h"

namespace semlink {
namespace {

Grid snr_grid() {
  return Grid(
      {Axis{.key = "channel.snr_db", .kind = Axis::Kind::number, .texts = {"0", "5", "10"}, .numbers = {0, 5, 10}}});
}

PointRun example_point(std::size_t point) {
  const double snr_db = 5.0 * static_cast<double>(point);
  return {.run_trial = [snr_db](std::uint64_t trial) { return example_trial(snr_db, trial); }, .snr_label_db = snr_db};
}

// Ten samples, each of its own quality.
PointRun clustered_point(std::size_t point) {
  PointRun run = example_point(point);
  run.run_trial = [point](std::uint64_t trial) {
    TrialResult result = example_trial(5.0 * static_cast<double>(point), trial);
    result.sample_id = static_cast<std::int64_t>(trial % 10);
    result.psnr_db += static_cast<double>(result.sample_id);
    return result;
  };
  run.num_samples = 10;
  return run;
}

RunSettings settings_for(std::int64_t max_trials, int threads) {
  RunSettings settings;
  settings.max_trials = max_trials;
  settings.threads = threads;
  return settings;
}

SweepState run(const RunSettings& settings, const MakePoint& make_point, SweepObserver* observer = nullptr) {
  SweepState state = start_sweep(snr_grid());
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run_sweep(state, settings, make_point, stop, observer), SweepEnd::complete);
  return state;
}

template <typename Value>
bool same_bits(const Value& a, const Value& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

void expect_equal(const SweepState& a, const SweepState& b) {
  ASSERT_EQ(a.points.size(), b.points.size());
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    EXPECT_EQ(a.points[i].stop, b.points[i].stop);
    ASSERT_EQ(a.points[i].blocks.size(), b.points[i].blocks.size());
    EXPECT_TRUE(same_bits(a.points[i].total, b.points[i].total));
    EXPECT_TRUE(same_bits(a.points[i].clusters, b.points[i].clusters));
    for (std::size_t k = 0; k < a.points[i].blocks.size(); ++k)
      EXPECT_TRUE(same_bits(a.points[i].blocks[k], b.points[i].blocks[k]));
  }
}

TEST(Sweep, RunsEveryTrialOnceAndSaysWhyItStopped) {
  std::mutex mutex;
  std::vector<std::vector<int>> seen(3, std::vector<int>(100));
  const SweepState state = run(settings_for(100, 3), [&](std::size_t point) {
    return PointRun{.run_trial = [&, point](std::uint64_t trial) {
      const std::lock_guard lock(mutex);
      ++seen[point].at(trial);
      return TrialResult();
    }};
  });
  for (const auto& trials : seen) EXPECT_EQ(trials, std::vector<int>(100, 1));
  for (const PointState& point : state.points) {
    EXPECT_EQ(point.total.num_trials, 100);
    EXPECT_EQ(point.blocks.size(), 4u);
    EXPECT_EQ(point.blocks.back().num_trials, 4);
    EXPECT_EQ(point.stop, StopReason::max_trials);
  }
}

TEST(Sweep, OneAndManyThreadsGiveTheSameBits) {
  const SweepState one = run(settings_for(1000, 1), example_point);
  expect_equal(one, run(settings_for(1000, 3), example_point));
  expect_equal(one, run(settings_for(1000, 16), example_point));
}

TEST(Sweep, MemoryGrowsWithTheLogarithmOfTheTrials) {
  const SweepState one = run(settings_for(70'000, 1), example_point);
  // 1,024 blocks of 32 trials, 512 of 64 and what is left in blocks of 128.
  EXPECT_EQ(one.points[0].blocks.size(), 1024u + 512 + 35);
  EXPECT_EQ(one.points[0].blocks.back().num_trials, 70'000 - 65'536 - 34 * 128);
  expect_equal(one, run(settings_for(70'000, 3), example_point));
}

TEST(Sweep, GoesOnWithinABlock) {
  const SweepState whole = run(settings_for(34'000, 2), example_point);
  for (const std::int64_t cut : {32'768 + 32, 32'768 + 64, 32'768 + 40}) {
    SweepState state = run(settings_for(cut, 2), example_point);
    prepare_resume(state, settings_for(34'000, 2));
    EXPECT_EQ(state.points[1].total.num_trials, cut / kUnitTrials * kUnitTrials == cut ? cut : 32'768);
    const std::atomic<bool> stop = false;
    EXPECT_EQ(run_sweep(state, settings_for(34'000, 3), example_point, stop), SweepEnd::complete);
    expect_equal(state, whole);
  }
}

TEST(Sweep, RulesAreAskedAtEndsOfBlocksOnly) {
  RunSettings settings = settings_for(100'000, 2);
  settings.min_errors = 3'350;  // one header in ten fails: reached in a block of 64
  const SweepState state = run(settings, example_point);
  const std::int64_t end = state.points[0].total.num_trials;
  EXPECT_GT(end, 32'768);
  EXPECT_FALSE(is_within_block(end));
  SweepState stored = run(settings_for(end + 32, 2), example_point);
  settings.max_trials = end + 32;
  prepare_resume(stored, settings);
  EXPECT_EQ(stored.points[0].stop, StopReason::targets);
}

TEST(Blocks, FollowEachOtherWithoutGaps) {
  std::int64_t trial = 0;
  for (std::int64_t index = 0; index < 20'000; ++index) {
    const BlockSpan span = block_of(trial);
    ASSERT_EQ(span.index, index);
    ASSERT_EQ(span.first, trial);
    ASSERT_EQ(block_of(span.end() - 1).index, index);
    ASSERT_FALSE(is_within_block(trial));
    ASSERT_TRUE(is_within_block(trial + 1));
    ASSERT_LE(span.count, std::max<std::int64_t>(32, trial / 512)) << "a block is a small part of what was before it";
    trial = span.end();
    ASSERT_EQ(num_blocks(trial), index + 1);
  }
}

TEST(Sweep, StopRulesGiveTheSameBitsOnAnyThreads) {
  for (const MakePoint& make_point : {MakePoint(example_point), MakePoint(clustered_point)}) {
    RunSettings settings = settings_for(100'000, 1);
    settings.min_errors = 30;
    settings.target_abs_ci = make_point(0).num_samples > 0 ? 3 : 0.1;
    const SweepState one = run(settings, make_point);
    settings.threads = 5;
    expect_equal(one, run(settings, make_point));
    EXPECT_EQ(one.points[0].stop, StopReason::targets);
    EXPECT_LT(one.points[0].total.num_trials, 10'000);
    EXPECT_GE(one.points[0].total.columns[column_index("header_error_rate")].sum, 30);
  }
}

TEST(Sweep, TargetRelativeIntervalIsReached) {
  RunSettings settings = settings_for(1'000'000, 2);
  settings.target_rel_ci = 0.2;
  const SweepState state = run(settings, example_point);
  const Estimate rate = estimate_column(column_index("header_error_rate"), state.points[2].total, {});
  EXPECT_LE((rate.high - rate.low) / 2, 0.2 * rate.value);
  EXPECT_LT(state.points[2].total.num_trials, 3000);  // (1.96 / 0.2)^2 * 0.9 / 0.1 = 864 by the normal formula
}

TEST(Sweep, MoreTrialsThanSamplesClusterErrorsBySample) {
  const SweepState state = run(settings_for(320, 3), clustered_point);
  const PointState& point = state.points[0];
  EXPECT_EQ(point.clusters.num_samples, 10);
  const Estimate clustered = estimate_column(column_index("psnr_db"), point.total, point.clusters);
  const Estimate naive = estimate_column(column_index("psnr_db"), point.total, {});
  EXPECT_GT(clustered.high - clustered.low, 3 * (naive.high - naive.low));
  EXPECT_EQ(run(settings_for(10, 3), clustered_point).points[0].clusters.num_samples, 0);
}

struct Recorder : SweepObserver {
  bool wants_trials(std::int64_t trial) const override { return trial < 50; }
  void on_start(const SweepState&, std::size_t, bool) override {}
  void on_slow_trial(std::size_t, std::int64_t, const LooseTrial&) override {}
  void on_block(const SweepState&, std::size_t point, const SweepBlock& block) override {
    for (std::size_t i = 0; i < block.results.size(); ++i)
      trials.emplace_back(point,
                          block.first_trial + block.sums.num_trials - block.num_new + static_cast<std::int64_t>(i));
  }
  void on_point(const SweepState& state, std::size_t point) override {
    EXPECT_TRUE(state.points[point].finished());
    points.push_back(point);
  }
  void on_progress(const SweepState&, const Progress& progress) override { last = progress; }

  std::vector<std::pair<std::size_t, std::int64_t>> trials;
  std::vector<std::size_t> points;
  Progress last;
};

TEST(Sweep, ObserverSeesTrialsAndPointsInOrder) {
  Recorder recorder;
  run(settings_for(100, 4), example_point, &recorder);
  EXPECT_EQ(recorder.points, (std::vector<std::size_t>{0, 1, 2}));
  ASSERT_EQ(recorder.trials.size(), 3u * 64);  // whole blocks up to the last one asked for
  for (std::size_t i = 0; i < recorder.trials.size(); ++i)
    EXPECT_EQ(recorder.trials[i], (std::pair<std::size_t, std::int64_t>(i / 64, i % 64)));
  EXPECT_EQ(recorder.last.points_done, 3u);
  EXPECT_EQ(recorder.last.trials_run, 300);
  EXPECT_EQ(recorder.last.trials_left_at_most, 0);
}

TEST(Sweep, ErrorsNamePointTrialAndSeed) {
  SweepState state = start_sweep(snr_grid());
  const std::atomic<bool> stop = false;
  const std::string message = message_of(ErrorCode::non_finite, [&] {
    run_sweep(
        state, settings_for(100, 2),
        [](std::size_t point) {
          return PointRun{.run_trial = [point](std::uint64_t trial) {
            TrialResult result;
            if (point == 1 && trial == 70) result.psnr_db = HUGE_VAL;
            return result;
          }};
        },
        stop);
  });
  EXPECT_NE(message.find("seed 1, point 1"), std::string::npos) << message;
  EXPECT_NE(message.find("trial 70: psnr_db = inf"), std::string::npos) << message;
}

TEST(Sweep, ExceptionsOfTrialsAndPointsEndItWithWhatIsComplete) {
  SweepState state = start_sweep(snr_grid());
  const std::atomic<bool> stop = false;
  const auto make_point = [](std::size_t point) {
    if (point == 1) throw Error(ErrorCode::bad_file, "no weights");
    return example_point(point);
  };
  EXPECT_EQ(message_of(ErrorCode::bad_file, [&] { run_sweep(state, settings_for(64, 1), make_point, stop); }),
            "no weights");
  EXPECT_TRUE(state.points[0].finished());
  EXPECT_FALSE(state.points[1].finished());
}

// Interrupts while point 1 is under way.
SweepState interrupted(const RunSettings& settings, const MakePoint& make_point) {
  SweepState state = start_sweep(snr_grid());
  std::atomic<bool> stop = false;
  const auto stopping = [&](std::size_t point) {
    PointRun run = make_point(point);
    if (point == 1)
      run.run_trial = [&stop, inner = run.run_trial](std::uint64_t trial) {
        if (trial >= 150) {
          stop = true;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return inner(trial);
      };
    return run;
  };
  EXPECT_EQ(run_sweep(state, settings, stopping, stop), SweepEnd::interrupted);
  return state;
}

TEST(Sweep, InterruptedAndResumedEqualsUndisturbed) {
  for (const MakePoint& make_point : {MakePoint(example_point), MakePoint(clustered_point)}) {
    const RunSettings settings = settings_for(1000, 2);
    // One thread: with more, others may lag behind the trial that interrupts.
    SweepState state = interrupted(settings_for(1000, 1), make_point);
    EXPECT_TRUE(state.points[0].finished());
    EXPECT_FALSE(state.points[1].finished());
    EXPECT_FALSE(state.points[1].blocks.empty());
    const std::size_t kept = state.points[1].blocks.size();
    const std::atomic<bool> stop = false;
    prepare_resume(state, settings);
    EXPECT_EQ(state.points[1].blocks.size(), kept);
    EXPECT_EQ(run_sweep(state, settings, make_point, stop), SweepEnd::complete);
    expect_equal(state, run(settings, make_point));
  }
}

TEST(Sweep, RaisingTheLimitEqualsAnUndisturbedRunWithTheNewOne) {
  for (const MakePoint& make_point : {MakePoint(example_point), MakePoint(clustered_point)}) {
    SweepState state = run(settings_for(100, 2), make_point);
    const RunSettings more = settings_for(333, 2);
    prepare_resume(state, more);
    EXPECT_FALSE(state.points[0].finished());
    const std::atomic<bool> stop = false;
    run_sweep(state, more, make_point, stop);
    expect_equal(state, run(more, make_point));
  }
}

TEST(Sweep, FinishedPointsAreNotRunAgain) {
  const RunSettings settings = settings_for(100, 2);
  SweepState state = run(settings, example_point);
  prepare_resume(state, settings);
  const std::atomic<bool> stop = false;
  const auto never = [](std::size_t) -> PointRun { throw Error(ErrorCode::bad_argument, "was run again"); };
  EXPECT_EQ(run_sweep(state, settings, never, stop), SweepEnd::complete);
}

TEST(StopRules, LooksGrowRareButNeverCease) {
  EXPECT_TRUE(is_look(31));
  EXPECT_FALSE(is_look(33));
  EXPECT_TRUE(is_look(34));
  int looks = 0;
  for (std::int64_t i = 1 << 20; i < 1 << 21; ++i) looks += is_look(i);
  EXPECT_EQ(looks, 16);
}

}  // namespace
}  // namespace semlink
