#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include <semlink/record/journal_replay.h>

#include "support/errors.h"
#include "support/killed_runs.h"
#include "support/result_contents.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

using IfExists = RecordSettings::IfExists;
using Make = RecordedSweep (*)(const std::filesystem::path&, std::int64_t, int);

class JournalFile : public testing::Test {
 protected:
  RecordedSweep sweep_of(Make make, std::int64_t max_trials = 100) {
    RecordedSweep sweep = make(path, max_trials, 2);
    sweep.record.trials = "70";
    sweep.record.if_exists = IfExists::resume;
    sweep.record.checkpoint_s = 0;
    return sweep;
  }

  // Until the journal has something and does not grow any more.
  void wait_for_flush() const {
    std::uintmax_t before = 0;
    for (int unchanged = 0; before == 0 || unchanged < 3;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));  // it is flushed every 50 ms
      const std::uintmax_t size = std::filesystem::file_size(folder / "r.h5.journal");
      unchanged = size == before ? unchanged + 1 : 0;
      before = size;
    }
  }

  static MakePoint watching(MakePoint make_point, std::function<void(std::size_t, std::uint64_t)> before_trial) {
    return [make_point = std::move(make_point), before_trial = std::move(before_trial)](std::size_t point) {
      PointRun run = make_point(point);
      run.run_trial = [point, before_trial, trial_of = run.run_trial](std::uint64_t trial) {
        before_trial(point, trial);
        return trial_of(trial);
      };
      return run;
    };
  }

  // The journal of a run that got as far as trial `last_trial` of point `last_point` and no further.
  std::string broken_journal(RecordedSweep sweep, std::size_t last_point = 3, std::uint64_t last_trial = 70) {
    sweep.run.threads = 1;
    const pid_t child = fork();
    if (child == 0) {
      sweep.make_point = watching(sweep.make_point, [=, this](std::size_t point, std::uint64_t trial) {
        if (point != last_point || trial != last_trial) return;
        wait_for_flush();
        _exit(0);
      });
      run_quietly(sweep);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return folder.bytes("r.h5.journal");
  }

  std::string undisturbed(RecordedSweep sweep) {
    sweep.record.output = folder / "undisturbed.h5";
    sweep.record.if_exists = IfExists::replace;
    run_quietly(sweep);
    return contents(sweep.record.output);
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder / "r.h5";
};

TEST_F(JournalFile, KilledRunsLoseNothingAndEndAsAnUndisturbedOne) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    const RecordedSweep sweep = sweep_of(make, 300);
    const KilledRuns runs = run_and_kill(sweep, 5, 400, 1);
    EXPECT_GT(runs.killed, 2);
    EXPECT_GT(runs.kept, 0);
    EXPECT_EQ(runs.lost, 0);
    EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
    EXPECT_EQ(contents(path), undisturbed(sweep));
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"r.h5", "undisturbed.h5"}));
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, SlowTrialsOfABlockUnderWayAreKept) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    const RecordedSweep sweep = sweep_of(make);
    const pid_t child = fork();
    if (child == 0) {
      RecordedSweep slow = sweep;
      slow.run.threads = 1;
      slow.make_point = watching(sweep.make_point, [this](std::size_t point, std::uint64_t trial) {
        if (point == 1 && trial == 40) {
          wait_for_flush();
          _exit(0);
        }
        if (point == 1 && trial >= 32) std::this_thread::sleep_for(std::chrono::milliseconds(25));
      });
      run_quietly(slow);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    std::mutex mutex;
    std::vector<std::uint64_t> again;
    RecordedSweep rest = sweep;
    rest.make_point = watching(sweep.make_point, [&](std::size_t point, std::uint64_t trial) {
      const std::lock_guard lock(mutex);
      if (point == 1) again.push_back(trial);
    });
    run_quietly(rest);
    ASSERT_FALSE(again.empty());
    EXPECT_EQ(*std::min_element(again.begin(), again.end()), 40u);
    EXPECT_EQ(contents(path), undisturbed(sweep));
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, WhatKilledRunsLeftOfUnfinishedFilesIsTakenAway) {
  for (const char* name : {"r.h5.123.part", "other.h5.123.part", "r.h5.mine.part"}) folder.write(name, "torn");
  run_quietly(sweep_of(&example_sweep, 100));
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"other.h5.123.part", "r.h5", "r.h5.mine.part"}));
}

TEST_F(JournalFile, OtherStopRulesAreAskedOfStoredBlocksAndTold) {
  RecordedSweep sweep = sweep_of(&example_sweep, 300);
  run_quietly(sweep);
  sweep.run.max_trials = 1000;
  sweep.run.min_errors = 1;  // one header in ten fails
  sweep.make_point = [](std::size_t) -> PointRun { throw Error(ErrorCode::bad_argument, "was run again"); };
  EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
  EXPECT_EQ(read_result(path).state.points[5].stop, StopReason::targets);
}

TEST_F(JournalFile, TornAndSpoiltTailsAreDropped) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    const RecordedSweep sweep = sweep_of(make);
    const std::string whole = broken_journal(sweep);
    EXPECT_FALSE(std::filesystem::exists(path));
    const std::string expected = undisturbed(sweep);
    const auto expect_recovery = [&](const std::string& bytes) {
      std::filesystem::remove(path);
      folder.write("r.h5.journal", bytes);
      EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
      EXPECT_EQ(contents(path), expected) << bytes.size() << " of " << whole.size() << " bytes";
    };
    for (std::size_t i = 0; i <= 6; ++i) expect_recovery(whole.substr(0, whole.size() * i / 6));
    std::string spoilt = whole;
    spoilt[spoilt.size() * 2 / 3] ^= 1;
    expect_recovery(spoilt);
    expect_recovery(whole + "torn");
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, GoesOnWithinABlockOfManyTrials) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    RecordedSweep sweep = sweep_of(make, 34'000);
    sweep.grid = Grid();
    sweep.record.trials = "33000";
    broken_journal(sweep, 0, 32'768 + 3 * 32 + 5);
    EXPECT_EQ(trials_kept(sweep), 32'768 + 3 * 32);
    std::atomic<std::int64_t> again = 0;
    RecordedSweep rest = sweep;
    rest.make_point = watching(sweep.make_point, [&](std::size_t, std::uint64_t) { ++again; });
    run_quietly(rest);
    EXPECT_EQ(again, 34'000 - 32'768 - 3 * 32);
    EXPECT_EQ(contents(path), undisturbed(sweep));
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, AnEndedBlockIsBegunAnewWhereARunIsExtended) {
  RecordedSweep sweep = sweep_of(&example_sweep, 32'768 + 40);
  sweep.grid = Grid();
  run_quietly(sweep);
  sweep.run.max_trials = 34'000;
  broken_journal(sweep, 0, 32'768 + 32 + 5);
  run_quietly(sweep);
  EXPECT_EQ(contents(path), undisturbed(sweep));
}

TEST_F(JournalFile, ThatTheResultHasAlreadyChangesNothing) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    const RecordedSweep sweep = sweep_of(make);
    const std::string journal = broken_journal(sweep);
    run_quietly(sweep);
    const std::string finished = contents(path);
    folder.write("r.h5.journal", journal);  // as if the program had been killed before it could remove it
    run_quietly(sweep);
    EXPECT_EQ(contents(path), finished);
    EXPECT_FALSE(std::filesystem::exists(folder / "r.h5.journal"));
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, GoesOnFromAResultAndExtendsIt) {
  for (const Make make : {&example_sweep, &clustered_sweep}) {
    run_quietly(sweep_of(make, 100));
    const RecordedSweep longer = sweep_of(make, 300);
    run_and_kill(longer, 4, 400, 2);
    run_quietly(longer);
    EXPECT_EQ(contents(path), undisturbed(longer));
    std::filesystem::remove(path);
  }
}

TEST_F(JournalFile, OfAnotherSweepIsRefusedUnlessOverwritten) {
  RecordedSweep sweep = sweep_of(&example_sweep);
  const std::string journal = broken_journal(sweep);
  sweep.provenance.settings[0].value = "adaptive";
  EXPECT_NE(message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); })
                .find("cannot be resumed: codec.model was none and is adaptive now; give --overwrite"),
            std::string::npos);
  EXPECT_EQ(folder.bytes("r.h5.journal"), journal);
  sweep.record.if_exists = IfExists::refuse;
  EXPECT_NE(message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); }).find("exists already"), std::string::npos);
  sweep.record.if_exists = IfExists::replace;
  run_quietly(sweep);
  EXPECT_EQ(contents(path), undisturbed(sweep));
}

TEST_F(JournalFile, OfARunWithoutATrialIsNotLeftBehind) {
  RecordedSweep sweep = sweep_of(&example_sweep);
  sweep.make_point = watching(sweep.make_point, [](std::size_t, std::uint64_t) {
    throw Error(ErrorCode::bad_argument, "sides that do not fit");
  });
  EXPECT_THROW(run_quietly(sweep), Error);
  EXPECT_EQ(folder.names(), std::vector<std::string>{});
}

TEST_F(JournalFile, OfARunThatReplacesAResultStandsAlone) {
  RecordedSweep other = sweep_of(&example_sweep);
  other.provenance.seed = 2;
  other.provenance.settings[0].value = "adaptive";
  run_quietly(other);
  RecordedSweep sweep = sweep_of(&example_sweep, 300);
  sweep.record.if_exists = IfExists::replace;
  EXPECT_GT(broken_journal(sweep).size(), 1000u);
  EXPECT_GT(trials_kept(sweep), 0);
  sweep.record.if_exists = IfExists::resume;
  run_quietly(sweep);
  EXPECT_EQ(contents(path), undisturbed(sweep));
}

TEST_F(JournalFile, IsHeldByOneRunAtATime) {
  const Journal held(path);
  const std::string message = message_of(ErrorCode::bad_file, [&] { run_quietly(sweep_of(&example_sweep)); });
  EXPECT_NE(message.find("another run is writing this result"), std::string::npos) << message;
}

TEST_F(JournalFile, ThatIsSomethingElseIsLeftAlone) {
  folder.write("r.h5.journal", "x");
  std::filesystem::resize_file(folder / "r.h5.journal", 20'000'000);
  const std::string message = message_of(ErrorCode::bad_file, [&] { run_quietly(sweep_of(&example_sweep)); });
  EXPECT_NE(message.find("not a journal"), std::string::npos) << message;
  EXPECT_EQ(std::filesystem::file_size(folder / "r.h5.journal"), 20'000'000u);
}

// A limit on the size of files stands for a full disk.
TEST_F(JournalFile, OnAFullDiskTheLastGoodStateIsKept) {
  const RecordedSweep sweep = sweep_of(&example_sweep, 3200);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{200'000, 200'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      run_quietly(slowed_down(sweep, std::chrono::microseconds(20)));
    } catch (const Error& error) {
      const std::string message = error.what();
      _exit(error.code() == ErrorCode::io && message.find("cannot write (File too large)") != std::string::npos ? 0
                                                                                                                : 1);
    }
    _exit(2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_GT(trials_kept(sweep), 0);
  run_quietly(sweep);
  EXPECT_EQ(contents(path), undisturbed(sweep));
}

TEST_F(JournalFile, APlaceThatCannotBeWrittenIsNamedBeforeTheFirstTrial) {
  RecordedSweep sweep = sweep_of(&example_sweep);
  sweep.record.output = "/proc/r.h5";
  sweep.make_point = [](std::size_t) -> PointRun { throw Error(ErrorCode::bad_argument, "was run"); };
  EXPECT_NE(message_of(ErrorCode::io, [&] { run_quietly(sweep); }).find("/proc/r.h5"), std::string::npos);
}

}  // namespace
}  // namespace semlink
