#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <semlink/sweep/quiet_axis.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// News of a sweep, in an order that does not depend on threads: per point a start, blocks, an end. (Slow trials come
/// as they are done.)
struct SweepEvent {
  enum class Kind { started, slow_trial, block, ended };

  Kind kind = Kind::block;
  std::size_t point = 0;
  // started
  std::optional<double> snr_label_db;
  std::int64_t cluster_samples = 0;  ///< size of the source when errors are to be clustered by sample; 0: they are not
  bool restarted = false;            ///< what was stored of the point is void
  // slow trial
  std::int64_t trial = 0;
  // block
  TrialSums sums;                    ///< of the block so far
  std::int64_t num_new = 0;          ///< trials that these are more than when the block was told before
  std::vector<TrialResult> results;  ///< block: its trials, where someone asked for them; slow trial: that one
  // ended
  StopReason stop = StopReason::unfinished;
  double seconds = 0;  ///< block: spent in its trials, over the number of threads; slow trial: spent in it
};

/// Deals units of trials out to threads and folds them back in order. Units lie in a ring; as many may be under way
/// as the ring has places. Threads take pieces of a unit, so that few slow trials keep many threads busy.
class BlockSchedule {
 public:
  /// `state` must outlive the schedule; only points that it has finished or not touched are read while threads run.
  /// `limits` has the trials that each point is to have afterwards, no stop rule being asked and no end told; when it
  /// is empty, points run until a stop rule ends them.
  BlockSchedule(const SweepState& state, const RunSettings& settings, const MakePoint& make_point,
                const SweepObserver* observer, int num_threads, std::vector<std::int64_t> limits = {});
  ~BlockSchedule();

  /// Takes pieces and runs them until there are no more, or `stop`. An exception stops the schedule.
  void work();
  /// Lets the threads leave once the units that were begun are done.
  void finish();
  /// Lets every thread leave after the trial it is in.
  void stop();

  /// Waits up to `timeout` for news and appends them to `events`. False once all threads have left and all is told.
  bool drain(std::vector<SweepEvent>& events, std::chrono::milliseconds timeout);
  /// Throws what a trial threw.
  void rethrow() const;

 private:
  struct ActivePoint;
  struct Slot;
  struct Piece {
    Slot* slot = nullptr;
    std::int64_t first = 0;
    std::int64_t count = 0;
  };
  using Lock = std::unique_lock<std::mutex>;

  std::optional<Piece> claim();
  bool open_unit(Lock& lock);
  bool open_point(Lock& lock);
  void run(const Piece& piece);
  void tell_slow(std::size_t point, std::int64_t trial, const LooseTrial& slow);
  void complete(const Piece& piece);
  void fold_ready();
  void fold(Slot& slot);
  void close_block(ActivePoint& active);
  void ask_rules(ActivePoint& active);
  void end_point(ActivePoint& active, StopReason reason);
  void silence(std::size_t point);
  void tell_silence(std::size_t point);
  std::int64_t limit(std::size_t point) const { return limits_.empty() ? settings_.max_trials : limits_[point]; }
  void retire(ActivePoint& active);
  void fail(std::exception_ptr error);

  const SweepState& state_;
  const RunSettings& settings_;
  const MakePoint& make_point_;
  const SweepObserver* observer_;
  std::vector<std::int64_t> limits_;
  QuietAxis quiet_axis_;
  std::vector<bool> silenced_;
  int num_threads_;
  std::int64_t piece_trials_;

  std::mutex mutex_;
  std::condition_variable room_;  // a thread may go on
  std::condition_variable news_;  // the caller may drain
  std::atomic<bool> stopping_ = false;
  bool finishing_ = false;
  std::exception_ptr error_;
  std::size_t next_point_ = 0;
  bool making_point_ = false;
  std::deque<std::unique_ptr<ActivePoint>> active_;  // the first is being folded, the last dealt out
  std::vector<std::unique_ptr<ActivePoint>> retired_;
  std::vector<std::unique_ptr<Slot>> ring_;
  std::uint64_t opened_ = 0;  // units so far; the last of them is being dealt out
  std::uint64_t folded_ = 0;
  std::vector<SweepEvent> events_;
  int threads_left_;
};

}  // namespace semlink
