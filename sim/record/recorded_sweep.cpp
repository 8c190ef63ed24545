#include <semlink/record/recorded_sweep.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <limits>
#include <memory>
#include <ostream>

#include <semlink/core/error.h>
#include <semlink/sweep/terminal.h>

namespace semlink {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string host_name() {
  char text[256] = {};
  return ::gethostname(text, sizeof text - 1) == 0 ? text : "";
}

// Values on the axes stand there, not among the settings.
Provenance without_swept_keys(Provenance provenance, const Grid& grid) {
  for (const Axis& axis : grid.axes())
    std::erase_if(provenance.settings, [&](const Provenance::Setting& setting) { return setting.key == axis.key; });
  return provenance;
}

/// Keeps the file up to date while a sweep runs.
class Recorder : public SweepObserver {
 public:
  Recorder(const RecordedSweep& sweep, SweepTerminal& terminal)
      : sweep_(sweep), terminal_(terminal), num_rows_(sweep.record.num_rows()) {
    head_.provenance = without_swept_keys(sweep.provenance, sweep.grid);
    head_.record_trials = sweep.record.trials;
    head_.run = {.started = utc_now(),
                   .host = host_name(),
                   .command_line = sweep.command_line,
                   .output = sweep.record.output.string(),
                   .scenario = sweep.full_scenario,
                   .threads = sweep.run.num_threads()};
  }

  /// The state to start from.
  SweepState open() {
    const std::filesystem::path& path = sweep_.record.output;
    std::error_code status;
    const bool exists = std::filesystem::exists(std::filesystem::symlink_status(path, status));
    if (sweep_.record.if_exists == RecordSettings::IfExists::refuse) refuse_existing(path);
    const bool resumes = exists && sweep_.record.if_exists == RecordSettings::IfExists::resume;
    SweepState state = resumes ? resume(path) : start_sweep(sweep_.grid);
    state.carries_bits = sweep_.carries_bits;
    // A place that cannot be written is better known now than after hours.
    NewH5File(path, NewH5File::IfExists::replace);
    if (num_rows_ > 0) make_spool(state, resumes);
    may_replace_ = exists;
    return state;
  }

  bool wants_trials(std::int64_t trial) const override { return trial < num_rows_; }

  void on_trials(const SweepState& state, std::size_t point, std::int64_t first_trial,
                 std::span<const TrialResult> results) override {
    std::vector<TrialRow> rows;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::int64_t trial = first_trial + static_cast<std::int64_t>(i);
      if (trial < num_rows_) rows.push_back(make_trial_row(point, trial, results[i], state.points[point].snr_label_db));
    }
    spool_->append(point, first_trial, rows);
  }

  void on_point(const SweepState& state, std::size_t point) override {
    if (spool_ && state.points[point].total.num_trials == 0) spool_->drop(point);
    terminal_.point(state, point);
  }

  void on_progress(const SweepState& state, const Progress& progress) override {
    head_.run.seconds = seconds_before_ + progress.seconds;
    if (progress.seconds > 0) head_.run.trials_per_second = static_cast<double>(progress.trials_run) / progress.seconds;
    trials_run_ = progress.trials_run;
    terminal_.progress(state, progress);
    // Writing takes at most a twentieth of the time.
    if (seconds_since(last_write_) > std::max(sweep_.record.min_write_interval_s, 20 * write_seconds_) && trials_run_ > trials_written_) write(state);
  }

  void write(const SweepState& state) {
    const Clock::time_point start = Clock::now();
    const auto if_exists = may_replace_ ? NewH5File::IfExists::replace : NewH5File::IfExists::refuse;
    write_result(sweep_.record.output, if_exists, head_, state, spool_.get());
    may_replace_ = true;
    trials_written_ = trials_run_;
    last_write_ = Clock::now();
    write_seconds_ = seconds_since(start);
  }

  /// Whether the file lacks something that was done.
  bool has_news() const { return trials_run_ > trials_written_; }
  /// Whether there is a file of this sweep.
  bool has_file() const { return resumed_ || trials_written_ > 0; }

 private:
  SweepState resume(const std::filesystem::path& path) {
    Result stored = read_result(path);
    std::string reason = difference(stored.state.grid, sweep_.grid);
    if (reason.empty()) reason = difference(stored.head.provenance, head_.provenance);
    if (reason.empty() && stored.head.record_trials != head_.record_trials)
      reason = "record.trials was " + stored.head.record_trials + " and is " + head_.record_trials + " now";
    if (!reason.empty())
      throw Error(ErrorCode::bad_file, path.string() + ": cannot be resumed: " + reason + "; give --overwrite to start anew");
    seconds_before_ = stored.head.run.seconds;
    head_.run.seconds = stored.head.run.seconds;
    head_.run.trials_per_second = stored.head.run.trials_per_second;
    resumed_ = true;
    prepare_resume(stored.state, sweep_.run);
    return std::move(stored.state);
  }

  void make_spool(const SweepState& state, bool resumes) {
    const std::filesystem::path& path = sweep_.record.output;
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    spool_ = std::make_unique<TrialSpool>(folder);
    if (resumes) read_trial_rows(path, state, *spool_);
  }

  const RecordedSweep& sweep_;
  SweepTerminal& terminal_;
  std::int64_t num_rows_;
  ResultHead head_;
  std::unique_ptr<TrialSpool> spool_;
  bool may_replace_ = false;
  bool resumed_ = false;
  double seconds_before_ = 0;
  std::int64_t trials_run_ = 0;
  std::int64_t trials_written_ = 0;
  Clock::time_point last_write_ = Clock::now();
  double write_seconds_ = 0;
};

void keep_after_failure(Recorder& recorder, const SweepState& state, std::ostream& out) {
  if (!recorder.has_news()) return;
  try {
    recorder.write(state);
  } catch (const Error& error) {
    out << error.what() << '\n';  // the first failure is the one to be thrown on
  }
}

std::size_t num_points_off(const SweepState& state) {
  std::size_t count = 0;
  for (const PointState& point : state.points) count += !point.ledger().ok;
  return count;
}

RecordedEnd conclude(const SweepState& state, SweepEnd end, const Recorder& recorder, const std::filesystem::path& output,
                     std::ostream& out) {
  const std::size_t num_off = num_points_off(state);
  if (num_off > 0)
    out << "power ledger off at " << num_off << " of " << state.points.size() - state.grid.num_excluded() << " points (ledger_ok = 0): see the file\n";
  if (end == SweepEnd::interrupted && !recorder.has_file()) {
    out << "interrupted before the first " << kBlockTrials << " trials were done: nothing is written" << std::endl;
    return RecordedEnd::interrupted;
  }
  if (end == SweepEnd::interrupted) out << "interrupted: --resume goes on from here\n";
  out << output.string() << std::endl;
  if (end == SweepEnd::interrupted) return RecordedEnd::interrupted;
  return num_off > 0 ? RecordedEnd::ledger_off : RecordedEnd::complete;
}

}  // namespace

void RecordSettings::declare(Keys& keys) {
  keys.text("record.trials", trials).help("Trials of each point that get a row of their own in the result: none, all, or how many.");
}

std::int64_t RecordSettings::num_rows() const {
  if (trials == "none") return 0;
  if (trials == "all") return std::numeric_limits<std::int64_t>::max();
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(trials.data(), trials.data() + trials.size(), count);
  if (error != std::errc() || end != trials.data() + trials.size() || count < 1)
    throw Error(ErrorCode::bad_scenario, "record.trials = " + trials + ": expected none, all or a number of trials");
  return count;
}

RecordedEnd run_recorded(const RecordedSweep& sweep, std::ostream& out, bool is_terminal, const std::atomic<bool>& stop) {
  SweepTerminal terminal;
  if (!sweep.quiet) terminal.add(out, is_terminal);
  if (sweep.log) terminal.add(*sweep.log, false);
  Recorder recorder(sweep, terminal);
  SweepState state = recorder.open();
  terminal.start(state);
  SweepEnd end = SweepEnd::interrupted;
  try {
    end = run_sweep(state, sweep.run, sweep.make_point, stop, &recorder);
  } catch (...) {
    terminal.clear();
    keep_after_failure(recorder, state, out);
    throw;
  }
  terminal.clear();
  if (recorder.has_news()) recorder.write(state);
  if (sweep.log) conclude(state, end, recorder, sweep.record.output, *sweep.log);
  return conclude(state, end, recorder, sweep.record.output, out);
}

}  // namespace semlink
