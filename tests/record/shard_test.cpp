#include <gtest/gtest.h>

#include <semlink/record/merge.h>
#include <semlink/record/recorded_sweep.h>
#include <semlink/sweep/shard.h>

#include "support/errors.h"
#include "support/result_contents.h"
#include "support/result_examples.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

using Path = std::filesystem::path;

class Shards : public testing::Test {
 protected:
  // Runs shard `index` of `count` and returns its file.
  Path run_shard(RecordedSweep sweep, std::int64_t index, std::int64_t count, Shard::By by) {
    sweep.shard = Shard{index, count, by};
    sweep.record.output = folder / (std::to_string(index) + "of" + std::to_string(count) + ".h5");
    sweep.record.if_exists = RecordSettings::IfExists::replace;
    run_quietly(sweep);
    return sweep.record.output;
  }

  std::vector<Path> run_shards(const RecordedSweep& sweep, std::int64_t count, Shard::By by) {
    std::vector<Path> paths;
    for (std::int64_t i = count; i >= 1; --i) paths.push_back(run_shard(sweep, i, count, by));  // any order will do
    return paths;
  }

  std::string refusal(const std::vector<Path>& paths) {
    return message_of(ErrorCode::bad_file,
                      [&] { merge_results(paths, folder / "merged.h5", NewH5File::IfExists::refuse); });
  }

  TemporaryFolder folder;
};

TEST_F(Shards, AnyNumberOnAnyThreadsMergesToTheSingleRun) {
  for (const Shard::By by : {Shard::By::points, Shard::By::blocks}) {
    RecordedSweep single = example_sweep(folder / "single.h5", 250, 1);
    single.record.trials = "70";
    single.record.if_exists = RecordSettings::IfExists::replace;
    run_quietly(single);
    for (const int threads : {1, 2, 5})
      for (const std::int64_t count : {1, 7}) {
        RecordedSweep sweep = single;
        sweep.run.threads = threads;
        merge_results(run_shards(sweep, count, by), folder / "merged.h5", NewH5File::IfExists::replace);
        EXPECT_EQ(contents(folder / "merged.h5"), contents(folder / "single.h5"))
            << threads << " threads, " << count << " shards";
      }
  }
}

TEST_F(Shards, BeginWhereBlocksOfManyTrialsBegin) {
  RecordedSweep single = example_sweep(folder / "single.h5", 70'000);
  single.grid = Grid();
  run_quietly(single);
  merge_results(run_shards(single, 3, Shard::By::blocks), folder / "merged.h5", NewH5File::IfExists::refuse);
  EXPECT_EQ(contents(folder / "merged.h5"), contents(folder / "single.h5"));
}

TEST_F(Shards, OfClusteredSweepsMergeToTheSingleRun) {
  const RecordedSweep sweep = clustered_sweep(folder / "single.h5", 100);
  run_quietly(sweep);
  merge_results(run_shards(sweep, 4, Shard::By::points), folder / "merged.h5", NewH5File::IfExists::refuse);
  EXPECT_EQ(contents(folder / "merged.h5"), contents(folder / "single.h5"));
}

TEST_F(Shards, GoOnWhereTheyStopped) {
  const RecordedSweep sweep = example_sweep(folder / "single.h5", 640, 1);
  run_quietly(sweep);
  std::vector<Path> paths = run_shards(sweep, 2, Shard::By::blocks);
  RecordedSweep broken = sweep;
  broken.shard = Shard{2, 2, Shard::By::blocks};
  broken.record.output = paths[0];
  broken.record.if_exists = RecordSettings::IfExists::replace;
  std::atomic<bool> stop = false;
  interrupt_at(broken, 2, 400, stop);  // its trials begin at 320
  std::ostringstream out;
  EXPECT_EQ(run_recorded(broken, out, false, stop), RecordedEnd::interrupted);
  EXPECT_NE(refusal(paths).find("is not finished"), std::string::npos);
  broken.make_point = sweep.make_point;
  broken.record.if_exists = RecordSettings::IfExists::resume;
  run_quietly(broken);
  merge_results(paths, folder / "merged.h5", NewH5File::IfExists::refuse);
  EXPECT_EQ(contents(folder / "merged.h5"), contents(folder / "single.h5"));
}

TEST_F(Shards, AnotherShareIsNotResumed) {
  RecordedSweep sweep = example_sweep(folder / "r.h5", 320);
  const Path path = run_shard(sweep, 2, 2, Shard::By::blocks);
  sweep.record.output = path;
  sweep.record.if_exists = RecordSettings::IfExists::resume;
  EXPECT_NE(message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); })
                .find("it was shard 2/2 by blocks from trial 160 on and is a whole sweep now"),
            std::string::npos);
  sweep.run.max_trials = 640;
  sweep.shard = Shard{2, 2, Shard::By::blocks};
  EXPECT_NE(
      message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); }).find("is shard 2/2 by blocks from trial 320 on now"),
      std::string::npos);
}

TEST_F(Shards, IncompleteAndMixedSetsAreRefused) {
  const RecordedSweep sweep = example_sweep(folder / "single.h5", 100);
  run_quietly(sweep);
  const std::vector<Path> paths = run_shards(sweep, 3, Shard::By::points);
  EXPECT_NE(refusal({paths[0], paths[1]}).find("shard 1/3 is missing"), std::string::npos);
  EXPECT_NE(refusal({paths[0], paths[0], paths[1]}).find("shard 3/3 stands twice"), std::string::npos);
  EXPECT_NE(refusal({folder / "single.h5"}).find("it is no shard"), std::string::npos);
  EXPECT_NE(refusal({paths[0], run_shard(sweep, 1, 2, Shard::By::points)}).find("another set: shard 1/2"),
            std::string::npos);

  const auto refusal_of_other = [&](const std::function<void(RecordedSweep&)>& change) {
    RecordedSweep other = sweep;
    change(other);
    run_shard(other, 2, 3, Shard::By::points);
    const std::string reason = refusal(paths);
    run_shard(sweep, 2, 3, Shard::By::points);
    return reason;
  };
  EXPECT_NE(refusal_of_other([](auto& s) { s.provenance.weights_checksum = "1"; }).find("weights checksum"),
            std::string::npos);
  EXPECT_NE(refusal_of_other([](auto& s) { s.provenance.arithmetic = "abacus"; }).find("arithmetic level"),
            std::string::npos);
  EXPECT_NE(refusal_of_other([](auto& s) {
              s.provenance.settings.push_back({"run.max_trials", "1", false});
            }).find("run.max_trials was none and is 1 now"),
            std::string::npos);
  EXPECT_NE(refusal_of_other([](auto& s) { s.provenance.revision = "abc"; }).find("another build"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "merged.h5"));
  merge_results(paths, folder / "merged.h5", NewH5File::IfExists::refuse);
  EXPECT_NE(refusal(paths).find("exists already"), std::string::npos);
}

TEST(Shard, EveryTrialOfEveryPointHasOneOwner) {
  for (const std::int64_t count : {1, 3, 7})
    for (const std::int64_t max_trials : {224, 225, 1000, 70'000, 1'000'000}) {
      std::int64_t next = 0;
      for (std::int64_t i = 1; i <= count; ++i) {
        const TrialShare share = trial_share({i, count, Shard::By::blocks}, max_trials);
        EXPECT_EQ(share.first, next);
        EXPECT_FALSE(is_within_block(share.first));
        EXPECT_GT(share.count, 0);
        next = share.first + share.count;
      }
      EXPECT_EQ(next, max_trials);
    }
}

TEST(Shard, BlocksAreDealtOutOnlyWhereTheirNumberIsFixed) {
  RunSettings settings;
  settings.max_trials = 320;
  EXPECT_EQ(choose_split({1, 10}, settings, 0), Shard::By::blocks);
  EXPECT_EQ(choose_split({1, 11}, settings, 0), Shard::By::points);
  EXPECT_EQ(choose_split({1, 10}, settings, 320), Shard::By::blocks);
  EXPECT_EQ(choose_split({1, 10}, settings, 319), Shard::By::points);
  settings.min_errors = 50;
  EXPECT_EQ(choose_split({1, 10}, settings, 0), Shard::By::points);
}

TEST(Shard, RulesThatLookAtSeveralPointsAreRefused) {
  RunSettings settings;
  settings.allocation = "adaptive";
  EXPECT_NE(message_of(ErrorCode::bad_scenario,
                       [&] {
                         choose_split({1, 2}, settings, 0);
                       })
                .find("run.allocation"),
            std::string::npos);
  settings.allocation = "even";
  settings.quiet_axis = "channel.snr_db";
  EXPECT_NE(message_of(ErrorCode::bad_scenario,
                       [&] {
                         choose_split({1, 2}, settings, 0);
                       })
                .find("run.quiet_axis"),
            std::string::npos);
}

TEST(Shard, BadTextsAreRefused) {
  EXPECT_EQ(parse_shard("2/7"), (Shard{2, 7}));
  for (const char* text : {"", "2", "0/7", "8/7", "2/", "a/b", "1/0", "-1/2", "2/7x"})
    EXPECT_NE(message_of(ErrorCode::bad_scenario, [&] { parse_shard(text); }).find("expected I/N"), std::string::npos)
        << text;
}

}  // namespace
}  // namespace semlink
