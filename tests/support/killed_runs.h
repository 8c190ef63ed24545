#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include <semlink/record/journal_replay.h>

#include "support/result_examples.h"

namespace semlink {

/// The same sweep with trials that take a while.
inline RecordedSweep slowed_down(const RecordedSweep& sweep, std::chrono::microseconds per_trial) {
  RecordedSweep slow = sweep;
  slow.make_point = [inner = sweep.make_point, per_trial](std::size_t point) {
    PointRun run = inner(point);
    run.run_trial = [trial_of = run.run_trial, per_trial](std::uint64_t trial) {
      std::this_thread::sleep_for(per_trial);
      return trial_of(trial);
    };
    return run;
  };
  return slow;
}

/// Trials that result file and journal hold together. Throws Error when one of them cannot be read.
inline std::int64_t trials_kept(const RecordedSweep& sweep) {
  const std::filesystem::path& path = sweep.record.output;
  SweepState state = std::filesystem::exists(path) ? read_result(path).state : start_sweep(sweep.grid);
  if (std::filesystem::exists(Journal::path_of(path))) replay_journal(Journal(path), Journal::path_of(path), state, nullptr);
  std::int64_t trials = 0;
  for (const PointState& point : state.points) trials += point.total.num_trials;
  return trials;
}

/// What became of a sweep that was killed again and again.
struct KilledRuns {
  int killed = 0;         ///< while it ran
  int lost = 0;           ///< kills after which there was less than before
  std::int64_t kept = 0;  ///< trials in the end
};

/// Starts the sweep `num_runs` times in a process of its own, each going on where the last one was, and kills it after a random
/// time of up to `max_life`.
inline KilledRuns run_and_kill(const RecordedSweep& sweep, int num_runs, std::chrono::milliseconds max_life, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<long> life_us(0, std::chrono::microseconds(max_life).count());
  KilledRuns out;
  for (int i = 0; i < num_runs; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        run_quietly(sweep);
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(life_us(random)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    out.killed += WIFSIGNALED(status);
    const std::int64_t kept = trials_kept(sweep);
    out.lost += kept < out.kept;
    out.kept = kept;
  }
  return out;
}

}  // namespace semlink
