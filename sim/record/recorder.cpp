#include <semlink/record/recorder.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string>

#include <semlink/core/error.h>
#include <semlink/record/journal_replay.h>

namespace semlink {
namespace {

using IfExists = RecordSettings::IfExists;

// Blocks of many trials go to the journal as far as they are done, this often and at least after so many trials.
constexpr std::chrono::duration<double> kAppendEvery(1);
constexpr std::int64_t kMaxPending = 8192;

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

TrialShare trials_here(const RecordedSweep& sweep) {
  return sweep.shard ? trial_share(*sweep.shard, sweep.run.max_trials) : TrialShare{0, sweep.run.max_trials};
}

std::string describe_shard(const std::optional<Shard>& shard, std::int64_t first_trial) {
  if (!shard) return "a whole sweep";
  if (shard->by == Shard::By::points) return "shard " + shard->text() + " by points";
  return "shard " + shard->text() + " by blocks from trial " + std::to_string(first_trial) + " on";
}

std::string describe_grid(const Grid& grid) {
  std::string text;
  for (const Axis& axis : grid.axes()) {
    text += axis.key + " =";
    for (const std::string& value : axis.texts) text += " " + value;
    text += "; ";
  }
  if (!grid.zip_text().empty()) text += "zip = " + grid.zip_text() + "; ";
  for (std::size_t point = 0; point < grid.num_points(); ++point)
    if (grid.is_excluded(point)) text += "-" + std::to_string(point);
  return text;
}

}  // namespace

RunSettings settings_here(const RecordedSweep& sweep) {
  RunSettings settings = sweep.run;
  settings.max_trials = trials_here(sweep).count;
  return settings;
}

Recorder::Recorder(const RecordedSweep& sweep, SweepTerminal& terminal)
    : sweep_(sweep), terminal_(terminal), num_rows_(sweep.record.num_rows()) {
  head_.provenance = without_settings(sweep.provenance, sweep.grid.keys());
  head_.record_trials = sweep.record.trials;
  head_.shard = sweep.shard;
  head_.run = {.started = utc_now(),
               .host = host_name(),
               .command_line = sweep.command_line,
               .output = sweep.record.output.string(),
               .scenario = sweep.full_scenario,
               .scenario_folder = sweep.scenario_folder,
               .threads = sweep.run.num_threads()};
}

SweepState Recorder::open() {
  const std::filesystem::path& path = output();
  const IfExists if_exists = sweep_.record.if_exists;
  if (if_exists == IfExists::refuse) refuse_existing(path);
  if (if_exists == IfExists::replace) refuse_foreign(path);
  std::error_code status;
  may_replace_ = std::filesystem::exists(std::filesystem::symlink_status(path, status));
  // A place that cannot be written is better known now than after hours.
  NewH5File(path, NewH5File::IfExists::replace);
  journal_.emplace(path);  // which no other run has now
  remove_unfinished(path);
  if (if_exists == IfExists::refuse && journal_->has_trials()) refuse_existing(Journal::path_of(path));
  if (if_exists == IfExists::replace) journal_->restart({}, true);
  const bool has_journal = journal_->has_trials();
  if (has_journal) require_usable(journal_->difference(identity()));

  has_file_ = may_replace_ && if_exists == IfExists::resume && !(has_journal && journal_->stands_alone());
  SweepState state = has_file_ ? read_file() : start();
  state.view = sweep_.view;
  if (num_rows_ > 0) {
    spool_ = std::make_unique<TrialSpool>(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
    if (has_file_) read_trial_rows(path, state, *spool_);
  }
  if (has_journal) {
    seconds_before_ += replay_journal(*journal_, Journal::path_of(path), state, spool_.get());
    has_news_ = true;
  } else {
    journal_->restart(identity(), !has_file_);
  }
  if (has_file_ || has_journal) resume(state);
  return state;
}

SweepState Recorder::start() const {
  SweepState state = start_sweep(sweep_.grid);
  state.first_trial = trials_here(sweep_).first;
  if (sweep_.shard) leave_to_others(state, *sweep_.shard);
  return state;
}

void Recorder::require_usable(const std::string& difference) const {
  if (difference.empty()) return;
  throw Error(ErrorCode::bad_file,
              output().string() + ": cannot be resumed: " + difference + "; give --overwrite to start anew");
}

SweepState Recorder::read_file() {
  Result stored = read_result(output());
  std::string reason = difference(stored.state.grid, sweep_.grid);
  if (reason.empty()) reason = difference(stored.head.provenance, head_.provenance);
  if (reason.empty() && stored.head.record_trials != head_.record_trials)
    reason = "record.trials was " + stored.head.record_trials + " and is " + head_.record_trials + " now";
  const std::string before = describe_shard(stored.head.shard, stored.state.first_trial);
  const std::string now = describe_shard(sweep_.shard, trials_here(sweep_).first);
  if (reason.empty() && before != now) reason = "it was " + before + " and is " + now + " now";
  require_usable(reason);
  seconds_before_ = stored.head.run.seconds;
  head_.run.seconds = stored.head.run.seconds;
  head_.run.trials_per_second = stored.head.run.trials_per_second;
  return std::move(stored.state);
}

void Recorder::resume(SweepState& state) {
  std::vector<StopReason> before;
  for (const PointState& point : state.points) before.push_back(point.stop);
  prepare_resume(state, settings_here(sweep_));
  // Other rules may end points for other reasons without a trial. (An adaptive plan has yet to say when points end.)
  for (std::size_t i = 0; i < before.size() && !sweep_.run.is_adaptive(); ++i)
    has_news_ = has_news_ || (state.points[i].finished() && state.points[i].stop != before[i]);
  if (!spool_) return;
  for (std::size_t point = 0; point < state.points.size(); ++point)
    spool_->drop(point, state.first_trial + state.points[point].total.num_trials);
}

Journal::Identity Recorder::identity() const {
  const Provenance& from = head_.provenance;
  Journal::Identity out;
  for (const Provenance::Setting& setting : from.settings)
    if (setting.identity) out.emplace_back(setting.key, setting.value);
  out.emplace_back("the grid of points", describe_grid(sweep_.grid));
  out.emplace_back("the weights checksum", from.weights_checksum);
  out.emplace_back("the checksum of the data", from.source_checksum);
  out.emplace_back("the arithmetic level", from.arithmetic);
  out.emplace_back("the version of the numbers", std::to_string(from.results_version));
  out.emplace_back("record.trials", head_.record_trials);
  out.emplace_back("the part", describe_shard(sweep_.shard, trials_here(sweep_).first));
  return out;
}

void Recorder::on_start(const SweepState& state, std::size_t point, bool restarted) {
  const PointState& at = state.points[point];
  const std::int64_t cluster_samples = at.cluster_sums ? at.cluster_sums->max_samples() : 0;
  journal_->append(JournalStart{point, at.snr_label_db, cluster_samples, restarted});
}

void Recorder::on_slow_trial(std::size_t point, std::int64_t trial, const LooseTrial& slow) {
  journal_->append(JournalTrial{point, trial, slow});
}

void Recorder::on_block(const SweepState& state, std::size_t point, const SweepBlock& block) {
  const PointState& at = state.points[point];
  JournalBlock& record = pending_[point];
  record.point = point;
  record.first_trial = block.first_trial;
  record.sums = block.sums;
  record.num_new += block.num_new;
  record.seconds += block.seconds;
  if (at.cluster_sums)
    for (const TrialResult& result : block.results) record.trials.push_back({result.sample_id, column_values(result)});
  const std::int64_t first = block.first_trial + block.sums.num_trials - block.num_new;
  std::vector<TrialRow> rows;
  for (std::size_t i = 0; i < block.results.size(); ++i) {
    const std::int64_t trial = first + static_cast<std::int64_t>(i);
    if (trial < num_rows_) rows.push_back(make_trial_row(point, trial, block.results[i], at.snr_label_db));
  }
  if (!rows.empty()) spool_->append(point, first, rows);
  record.rows.insert(record.rows.end(), rows.begin(), rows.end());
  has_news_ = true;
  const bool is_whole = !is_within_block(block.first_trial + block.sums.num_trials);
  if (is_whole || record.num_new >= kMaxPending) append_pending(point);
}

void Recorder::append_pending(std::size_t point) {
  const auto found = pending_.find(point);
  if (found == pending_.end()) return;
  journal_->append(found->second);
  pending_.erase(found);
}

void Recorder::append_pending() {
  while (!pending_.empty()) append_pending(pending_.begin()->first);
  last_append_ = Clock::now();
}

void Recorder::on_point(const SweepState& state, std::size_t point) {
  append_pending(point);
  if (spool_ && state.points[point].total.num_trials == 0) spool_->drop(point);
  terminal_.point(state, point);
}

void Recorder::on_progress(const SweepState& state, const Progress& progress) {
  head_.run.seconds = seconds_before_ + progress.seconds;
  if (progress.seconds > 0) head_.run.trials_per_second = static_cast<double>(progress.trials_run) / progress.seconds;
  terminal_.progress(state, progress);
  const std::chrono::duration<double> checkpoint(sweep_.record.checkpoint_s);
  if (Clock::now() - last_append_ >= std::min(kAppendEvery, checkpoint)) append_pending();
  journal_->flush();
  if (Clock::now() - last_sync_ < checkpoint) return;
  append_pending();
  journal_->sync();
  last_sync_ = Clock::now();
}

void Recorder::write(const SweepState& state) {
  append_pending();
  journal_->flush();  // should the file not come about, all is there
  const auto if_exists = may_replace_ ? NewH5File::IfExists::replace : NewH5File::IfExists::refuse;
  write_result(output(), if_exists, head_, state, spool_.get());
  journal_->restart({}, false);
  may_replace_ = true;
  has_file_ = true;
  has_news_ = false;
}

}  // namespace semlink
