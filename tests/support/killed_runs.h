#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <new>
#include <random>
#include <thread>

#include <semlink/record/journal_replay.h>

#include "support/result_examples.h"

namespace semlink {

/// A number that this process and its children share.
class SharedCount {
 public:
  SharedCount() : count_(new (map()) std::atomic<std::int64_t>(0)) {}
  ~SharedCount() { munmap(count_, sizeof *count_); }
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  std::atomic<std::int64_t>& operator*() const { return *count_; }

 private:
  static void* map() {
    return mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  std::atomic<std::int64_t>* count_;
};

/// The same sweep with trials that take a while and are counted when they end.
inline RecordedSweep slowed_down(const RecordedSweep& sweep, std::chrono::microseconds per_trial,
                                 const SharedCount* count = nullptr) {
  RecordedSweep slow = sweep;
  slow.make_point = [inner = sweep.make_point, per_trial, count](std::size_t point) {
    PointRun run = inner(point);
    run.run_trial = [trial_of = run.run_trial, per_trial, count](std::uint64_t trial) {
      std::this_thread::sleep_for(per_trial);
      if (count) ++**count;
      return trial_of(trial);
    };
    return run;
  };
  return slow;
}

/// Trials that result file and journal hold together. Throws Error when one of them cannot be read.
inline std::int64_t trials_kept(const RecordedSweep& sweep) {
  const std::filesystem::path& path = sweep.record.output;
  const Journal journal(path);
  const bool uses_file = std::filesystem::exists(path) && !(journal.has_trials() && journal.stands_alone());
  SweepState state = uses_file ? read_result(path).state : start_sweep(sweep.grid);
  replay_journal(journal, Journal::path_of(path), state, nullptr);
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

/// Starts the sweep `num_runs` times in a process of its own, each going on where the last one was, and kills it a
/// random moment after a random number of its trials, 1 to `max_trials`, each of which takes half a millisecond.
inline KilledRuns run_and_kill(const RecordedSweep& sweep, int num_runs, std::int64_t max_trials, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> trials(1, max_trials);
  std::uniform_int_distribution<int> pause_us(0, 1000);
  const SharedCount count;
  KilledRuns out;
  for (int i = 0; i < num_runs; ++i) {
    *count = 0;
    const pid_t child = fork();
    if (child == 0) {
      try {
        run_quietly(slowed_down(sweep, std::chrono::microseconds(500), &count));
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    const std::int64_t enough = trials(random);
    int status = 0;
    bool ended = false;
    while (!ended && *count < enough) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      ended = waitpid(child, &status, WNOHANG) == child;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us(random)));
    if (!ended) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
    }
    out.killed += WIFSIGNALED(status);
    const std::int64_t kept = trials_kept(sweep);
    out.lost += kept < out.kept;
    out.kept = kept;
  }
  return out;
}

}  // namespace semlink
