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
    const std::int64_t offset = record.first_trial - state_.first_trial;
    const auto num_blocks = static_cast<std::int64_t>(point.blocks.size());
    if (offset < 0 || offset % kBlockTrials != 0 || offset / kBlockTrials > num_blocks) fail(record.point);
    const std::int64_t index = offset / kBlockTrials;
    if (index < num_blocks) {
      const bool replaces = index + 1 == num_blocks && point.blocks.back().num_trials < record.sums.num_trials;
      if (!replaces) return;
      drop_last(point);
    }
    if (point.total.num_trials % kBlockTrials != 0) fail(record.point);
    add(point, record);
  }

  double seconds() const { return seconds_; }

 private:
  PointState& point_of(std::size_t point) {
    if (point >= state_.points.size() || state_.grid.is_excluded(point)) fail(point);
    return state_.points[point];
  }

  void drop_last(PointState& point) {
    point.blocks.pop_back();
    point.cluster_sums.reset();
    point.total = TrialSums();
    for (const TrialSums& block : point.blocks) point.total.merge(block);
  }

  void add(PointState& point, const JournalBlock& record) {
    point.blocks.push_back(record.sums);
    point.total.merge(record.sums);
    point.seconds += record.seconds;
    point.loose.erase(point.loose.begin(), point.loose.lower_bound(record.first_trial + record.sums.num_trials));
    point.stop = StopReason::unfinished;  // whoever goes on asks the rules anew
    seconds_ += record.seconds;
    if (point.cluster_sums) {
      if (static_cast<std::int64_t>(record.trials.size()) != record.sums.num_trials) fail(record.point);
      for (const JournalBlock::SampleTrial& trial : record.trials)
        point.cluster_sums->add(trial.sample_id, trial.values);
    }
    if (spool_ && !record.rows.empty()) spool_->append(record.point, record.first_trial, record.rows);
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
