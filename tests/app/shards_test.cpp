#include <gtest/gtest.h>

#include <cstdlib>

#include "app/run_semlink.h"
#include "support/result_contents.h"

namespace semlink {
namespace {

constexpr const char* kScenario =
    "[source]\nkind = builtin\n[codec]\nmodel = none\n[run]\nmax_trials = 70\nthreads = 1\n"
    "[sweep]\nchannel.snr_db = 0, 10\n";

class ShardedProgram : public testing::Test {
 protected:
  void SetUp() override {
    folder.write("s.ini", kScenario);
    ASSERT_EQ(run_semlink(folder, {"run", "s.ini", "--output=single.h5"}).status, 0);
  }
  std::string single() const { return contents(folder / "single.h5"); }

  TemporaryFolder folder;
};

TEST_F(ShardedProgram, ShardsMergeToTheSingleRun) {
  for (const char* shard : {"1/2", "2/2"}) {
    const ProgramResult result = run_semlink(folder, {"run", "s.ini", std::string("--shard=") + shard});
    EXPECT_EQ(result.status, 0) << result.err;
  }
  const ProgramResult merged =
      run_semlink(folder, {"merge", "results/s.shard-1-of-2.h5", "results/s.shard-2-of-2.h5", "--output=merged.h5"});
  EXPECT_EQ(merged.out, "merged.h5\n") << merged.err;
  EXPECT_EQ(merged.status, 0);
  EXPECT_EQ(contents(folder / "merged.h5"), single());
  const ProgramResult half = run_semlink(folder, {"merge", "results/s.shard-1-of-2.h5", "--output=half.h5"});
  EXPECT_EQ(half.status, 2);
  EXPECT_NE(half.err.find("shard 2/2 is missing"), std::string::npos) << half.err;
}

TEST_F(ShardedProgram, TakesItsPlaceFromASlurmArray) {
  const std::string place = "env SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=4 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_ID=4";
  EXPECT_EQ(run_semlink(folder, {"run", "s.ini", "--shard=slurm"}, place).status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "results/s.shard-2-of-2.h5"));
  EXPECT_NE(run_semlink(folder, {"run", "s.ini", "--shard=slurm"}, "env -u SLURM_ARRAY_TASK_ID").err.find("not in a Slurm job array"),
            std::string::npos);
  const std::string gaps = "env SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_ID=4";
  EXPECT_NE(run_semlink(folder, {"run", "s.ini", "--shard=slurm"}, gaps).err.find("an array without gaps"), std::string::npos);
}

TEST_F(ShardedProgram, SubmitRunsWhatIsMissingAndMerges) {
  const std::vector<std::string> submit = {"submit", "s.ini", "--tasks=3", "--output=out.h5"};
  // A folder where the file should be: that shard fails.
  std::filesystem::create_directories(folder / "out.shard-2-of-3.h5.journal");
  const ProgramResult first = run_semlink(folder, submit);
  EXPECT_EQ(first.status, 1);
  EXPECT_NE(first.out.find("shard 1/3 done\n"), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("shard 2/3 is not done (exit status 1): semlink: "), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("1 of 3 shards are missing: the same command runs those again"), std::string::npos) << first.out;
  EXPECT_FALSE(std::filesystem::exists(folder / "out.h5"));

  std::filesystem::remove(folder / "out.shard-2-of-3.h5.journal");
  const ProgramResult second = run_semlink(folder, submit);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(second.out, "shard 2/3 done\nout.h5\n");
  EXPECT_EQ(contents(folder / "out.h5"), single());

  EXPECT_EQ(run_semlink(folder, submit).out, "out.h5\n");
  const ProgramResult other = run_semlink(folder, {"submit", "s.ini", "--tasks=3", "--output=out.h5", "--run.seed=2"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("out.h5: is another result: run.seed was 1 and is 2 now"), std::string::npos) << other.err;
}

TEST_F(ShardedProgram, BadSubmissionsAreRefused) {
  const auto error = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"submit", "s.ini"});
    const ProgramResult result = run_semlink(folder, more);
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_NE(error({}).find("--tasks is missing"), std::string::npos);
  EXPECT_NE(error({"--tasks=none"}).find("--tasks = none: expected a number"), std::string::npos);
  EXPECT_NE(error({"--tasks=2", "--engine=cloud"}).find("expected local or slurm"), std::string::npos);
  EXPECT_NE(error({"--tasks=2", "--partition=cpu"}).find("belong to --engine=slurm"), std::string::npos);
  EXPECT_NE(error({"--tasks=2", "--run.allocation=adaptive"}).find("run.allocation = adaptive"), std::string::npos);
}

// Their shards would lie mixed with the new ones, and never merge.
TEST_F(ShardedProgram, ShardsOfAnotherSweepAreRefusedBeforeAnyRuns) {
  ASSERT_EQ(run_semlink(folder, {"run", "s.ini", "--shard=2/3", "--output=out.h5"}).status, 0);
  const std::vector<std::string> other{"submit", "s.ini", "--tasks=3", "--output=out.h5", "--run.seed=2"};
  const ProgramResult refused = run_semlink(folder, other);
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("out.shard-2-of-3.h5: is a part of another result: run.seed was 1 and is 2 now"),
            std::string::npos)
      << refused.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "out.shard-1-of-3.h5"));
}

TEST_F(ShardedProgram, ScriptsForSlurmAreWrittenWhereThereIsNone) {
  const ProgramResult result = run_semlink(
      folder, {"submit", "s.ini", "--tasks=3", "--engine=slurm", "--output=a 50% b.h5"}, "env PATH=/nowhere");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("a 50% b.slurm.sh: not submitted: sbatch"), std::string::npos) << result.err;
  const std::string shards = folder.bytes("a 50% b.slurm.sh"), merge = folder.bytes("a 50% b.merge.slurm.sh");
  EXPECT_NE(shards.find("#SBATCH --job-name=\"semlink-a 50% b\"\n"), std::string::npos) << shards;
  EXPECT_NE(shards.find("a 50%% b.shard-%a-of-3.log\"\n"), std::string::npos) << shards;
  EXPECT_NE(merge.find("#SBATCH --job-name=\"semlink-a 50% b-merge\"\n"), std::string::npos) << merge;
}

}  // namespace
}  // namespace semlink
