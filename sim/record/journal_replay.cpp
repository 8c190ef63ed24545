#include <semlink/record/journal_replay.h>

#include <semlink/core/error.h>

namespace semlink {
namespace {

class Replay {
 public:
  Replay(const std::filesystem::path& path, SweepState& state, TrialSpool* spool)
      : path_(path), state_(state), spool_(spool) {}

  void start(const JournalStart& record) {
    PointState& point = point_of(record.point);
    if (record.restarted) point = PointState();
    point.snr_label_db = record.snr_label_db;
    // Blocks without sums by sample are those of a file that is ahead of the journal.
    if (record.cluster_samples > 0 && !point.cluster_sums && point.blocks.empty())
      point.cluster_sums.emplace(record.cluster_samples);
  }

  void trial(const JournalTrial& record) {
    PointState& point = point_of(record.point);
    if (record.trial >= state_.first_trial + point.total.num_trials) point.loose[record.trial] = record.slow;
  }

  void block(const JournalBlock& record) {
    PointState& point = point_of(record.point);
    if (record.first_trial < state_.first_trial || is_within_block(record.first_trial)) fail(record.point);
    const std::int64_t index = block_of(record.first_trial).index - block_of(state_.first_trial).index;
    const std::int64_t last = static_cast<std::int64_t>(point.blocks.size()) - 1;
    const bool from_its_start = record.num_new == record.sums.num_trials;
    if (index < last) return;
    if (index == last) {
      const std::int64_t known = point.blocks.back().num_trials;
      // Where a run goes on, it begins a block anew whose last unit was cut short.
      const bool anew = from_its_start && known % kUnitTrials != 0 && known != record.sums.num_trials;
      if (known >= record.sums.num_trials && !anew) return;
      if (from_its_start)
        point.keep_blocks(point.blocks.size() - 1);
      else if (known + record.num_new != record.sums.num_trials)
        fail(record.point);
    } else if (!from_its_start || state_.first_trial + point.total.num_trials != record.first_trial) {
      fail(record.point);
    }
    add(point, record);
  }

  double seconds() const { return seconds_; }

 private:
  PointState& point_of(std::size_t point) {
    if (point >= state_.points.size() || state_.grid.is_excluded(point)) fail(point);
    return state_.points[point];
  }

  void add(PointState& point, const JournalBlock& record) {
    if (record.num_new == record.sums.num_trials)
      point.add_block(record.sums);
    else
      point.replace_last(record.sums);
    point.seconds += record.seconds;
    point.loose.erase(point.loose.begin(), point.loose.lower_bound(record.first_trial + record.sums.num_trials));
    point.stop = StopReason::unfinished;  // whoever goes on asks the rules anew
    seconds_ += record.seconds;
    if (point.cluster_sums) {
      if (static_cast<std::int64_t>(record.trials.size()) != record.num_new) fail(record.point);
      for (const JournalBlock::SampleTrial& trial : record.trials)
        point.cluster_sums->add(trial.sample_id, trial.values);
    }
    if (spool_ && !record.rows.empty())
      spool_->append(record.point, static_cast<std::int64_t>(record.rows.front()[1]), record.rows);
  }

  [[noreturn]] void fail(std::size_t point) const {
    throw Error(ErrorCode::bad_file, path_.string() + ": a record of point " + std::to_string(point) +
                                         " does not go on where the result ends; give --overwrite to start anew");
  }

  const std::filesystem::path& path_;
  SweepState& state_;
  TrialSpool* spool_;
  double seconds_ = 0;
};

}  // namespace

double replay_journal(const Journal& journal, const std::filesystem::path& path, SweepState& state, TrialSpool* spool) {
  Replay replay(path, state, spool);
  journal.replay([&](const JournalStart& record) { replay.start(record); },
                 [&](const JournalTrial& record) { replay.trial(record); },
                 [&](const JournalBlock& record) { replay.block(record); });
  return replay.seconds();
}

}  // namespace semlink
