#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include <semlink/sweep/grid.h>
#include <semlink/sweep/statistics.h>
#include <semlink/sweep/stop_rules.h>

namespace semlink {

/// What the caller makes for a point: how to run a trial of it, and what the statistics must know.
struct PointRun {
  /// A pure function of the trial's number, called from several threads at once.
  std::function<TrialResult(std::uint64_t trial)> run_trial;
  std::optional<double> snr_label_db;  ///< the Es/N0 that the ledger is held against; empty where there is none
  std::int64_t num_samples = 0;        ///< distinct samples of the source; 0 when there is no end to them
};

/// Called once per point, from one thread at a time, when its first trial is due; the result lives until its last is
/// done.
using MakePoint = std::function<PointRun(std::size_t point)>;

/// A trial of a block that is not complete.
struct LooseTrial {
  TrialResult result;
  double seconds = 0;  ///< that it took
};

/// What is known of a point. A value: a result file stores it, a resumed run starts from it.
struct PointState {
  std::vector<TrialSums> blocks;  ///< in order, see `BlockSpan`; the last may have fewer trials
  TrialSums total;                ///< the blocks, folded in order
  StopReason stop = StopReason::unfinished;
  std::optional<double> snr_label_db;
  double seconds = 0;  ///< spent in its trials, over the number of threads; differs from run to run
  ClusterVariance clusters;
  TrialSums before_last;  ///< the blocks but the last, folded in order
  /// Sums by sample while the point is unfinished and has more trials to come than the source has samples.
  std::optional<ClusterSums> cluster_sums;
  /// Trials beyond the blocks that need not run again, by number. They count once their block is complete.
  std::map<std::int64_t, LooseTrial> loose;

  bool finished() const { return stop != StopReason::unfinished; }
  /// Adds the block that follows.
  void add_block(const TrialSums& block);
  /// Puts `block` in the place of the last one.
  void replace_last(const TrialSums& block);
  /// Keeps the first `count` blocks and nothing by sample.
  void keep_blocks(std::size_t count);
  /// Of the trials so far.
  ClusterVariance cluster_variance() const;
  LedgerReport ledger() const { return measure_ledger(total.ledger, snr_label_db); }
};

/// What the trials of a sweep have to tell, and its table shows.
struct TableView {
  bool bits = false;     ///< error rates instead of image quality
  bool classes = false;  ///< accuracy instead of either
  bool frames = false;   ///< how many frames the receiver did not find
};

struct SweepState {
  Grid grid;
  std::vector<PointState> points;  ///< one per point of the grid
  /// Number of every point's first trial; not 0 where a shard has its share of the blocks of each point.
  std::int64_t first_trial = 0;
  TableView view;
};

/// Whether every point is finished.
bool is_complete(const SweepState& state);
/// At how many points the power ledger is off.
std::size_t num_points_off(const SweepState& state);

/// Nothing done yet; excluded points are as good as finished.
SweepState start_sweep(Grid grid);

/// Readies a stored state for more work under `settings`, which may have other stop rules than before: asks them of
/// every point at each of its blocks (what was measured beyond the block that ends it is kept), drops what lies behind
/// a point without an error along `run.quiet_axis`, and drops a last block whose trials are no whole number of units
/// where there is more to do. (A point whose errors are now to be clustered by sample, and whose sums by sample were
/// not kept, starts again from its first trial when its turn comes.)
void prepare_resume(SweepState& state, const RunSettings& settings);

/// Where a running sweep stands.
struct Progress {
  std::size_t points_done = 0;
  std::size_t num_points = 0;    ///< excluded ones and those of other shards left out
  std::size_t point = 0;         ///< the first that is not done
  std::int64_t trials_done = 0;  ///< of all points
  std::int64_t trials_run = 0;   ///< in this session
  std::int64_t trials_left_at_most = 0;
  double seconds = 0;  ///< of this session
};

/// A unit of trials that has been added to the last block of its point.
struct SweepBlock {
  std::int64_t first_trial = 0;  ///< of the block
  const TrialSums& sums;         ///< of the block so far
  std::int64_t num_new = 0;      ///< trials of the unit, the last of those
  double seconds = 0;            ///< spent in them, over the number of threads
  /// Those trials, where an observer wants them or errors are clustered by sample; else empty.
  std::span<const TrialResult> results;
};

/// Watches a sweep from the thread that called `run_sweep`, while the workers go on.
class SweepObserver {
 public:
  virtual ~SweepObserver() = default;
  /// Whether `on_block` wants the results of trial `trial` or later ones of a point.
  virtual bool wants_trials(std::int64_t trial) const = 0;
  /// The trials of a point begin. Its label and sums by sample are there; what was stored of it is void when
  /// `restarted`.
  virtual void on_start(const SweepState& state, std::size_t point, bool restarted) = 0;
  /// A trial that took long, ahead of its block, in any order.
  virtual void on_slow_trial(std::size_t point, std::int64_t trial, const LooseTrial& slow) = 0;
  /// Blocks of a point in order, unit by unit.
  virtual void on_block(const SweepState& state, std::size_t point, const SweepBlock& block) = 0;
  virtual void on_point(const SweepState& state, std::size_t point) = 0;
  /// At least ten times a second. `state` holds whole units and may be written to a file.
  virtual void on_progress(const SweepState& state, const Progress& progress) = 0;
};

enum class SweepEnd { complete, interrupted };

/// Runs what `state` lacks, block by block, on `settings.num_threads()` threads; the state afterwards, to the bit, is
/// the same for any number of them. When `stop` becomes true, the blocks under way are finished and no more begun. An
/// exception of a trial ends the sweep at once, whole blocks being kept, and is thrown again; an Error gets point and
/// trial added. `observer` may be null. Throws Error(bad_scenario) as `check_stop_rules`, and for adaptive allocation
/// with more trials per point than the source has samples.
SweepEnd run_sweep(SweepState& state, const RunSettings& settings, const MakePoint& make_point,
                   const std::atomic<bool>& stop, SweepObserver* observer = nullptr);

}  // namespace semlink
