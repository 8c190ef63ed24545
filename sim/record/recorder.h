#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include <semlink/record/journal.h>
#include <semlink/record/recorded_sweep.h>
#include <semlink/sweep/terminal.h>

namespace semlink {

/// The settings of the trials that the sweep or its shard runs.
RunSettings settings_here(const RecordedSweep& sweep);

/// Keeps what a sweep does: in the journal while it runs, in the result file when it ends.
class Recorder : public SweepObserver {
 public:
  Recorder(const RecordedSweep& sweep, SweepTerminal& terminal);

  /// The state to start from. Throws as `run_recorded`.
  SweepState open();

  bool wants_trials(std::int64_t trial) const override { return trial < num_rows_; }
  void on_start(const SweepState& state, std::size_t point, bool restarted) override;
  void on_slow_trial(std::size_t point, std::int64_t trial, const LooseTrial& slow) override;
  void on_block(const SweepState& state, std::size_t point, const SweepBlock& block) override;
  void on_point(const SweepState& state, std::size_t point) override;
  void on_progress(const SweepState& state, const Progress& progress) override;

  /// Writes the result file and ends the journal.
  void write(const SweepState& state);
  /// Whether the file lacks something that was done.
  bool has_news() const { return has_news_; }
  /// Whether there is a file of this sweep.
  bool has_file() const { return has_file_; }
  const std::filesystem::path& output() const { return sweep_.record.output; }

 private:
  using Clock = std::chrono::steady_clock;

  SweepState start() const;
  void require_usable(const std::string& difference) const;
  SweepState read_file();
  void resume(SweepState& state);
  Journal::Identity identity() const;
  void append_pending(std::size_t point);
  void append_pending();

  const RecordedSweep& sweep_;
  SweepTerminal& terminal_;
  std::int64_t num_rows_;
  ResultHead head_;
  std::unique_ptr<TrialSpool> spool_;
  std::optional<Journal> journal_;
  std::map<std::size_t, JournalBlock> pending_;  // by point: units that the journal lacks
  bool may_replace_ = false;
  bool has_file_ = false;
  bool has_news_ = false;
  double seconds_before_ = 0;
  Clock::time_point last_append_ = Clock::now();
  Clock::time_point last_sync_ = Clock::now();
};

}  // namespace semlink
