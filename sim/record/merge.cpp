#include <semlink/record/merge.h>

#include <algorithm>
#include <map>
#include <string>

#include <semlink/core/error.h>
#include <semlink/record/result_file.h>

namespace semlink {
namespace {

using Path = std::filesystem::path;

[[noreturn]] void fail(const Path& path, const std::string& what) {
  throw Error(ErrorCode::bad_file, path.string() + ": cannot be merged: " + what);
}

std::string build_difference(const Provenance& first, const Provenance& other) {
  if (first.version != other.version || first.revision != other.revision || first.libraries != other.libraries)
    return "it was made by another build of semlink than the first";
  return "";
}

/// Why `other` cannot stand beside `first`; empty when it can.
std::string mismatch(const Result& first, const Result& other) {
  const Shard &ours = *first.head.shard, &theirs = *other.head.shard;
  if (ours.count != theirs.count || ours.by != theirs.by) return "it is part of another set: shard " + theirs.text();
  std::string reason = difference(first.state.grid, other.state.grid);
  if (reason.empty()) reason = difference(first.head.provenance, other.head.provenance);
  if (reason.empty()) reason = build_difference(first.head.provenance, other.head.provenance);
  if (reason.empty()) reason = rules_difference(first.head.provenance, other.head.provenance);
  if (reason.empty() && first.head.record_trials != other.head.record_trials) reason = "record.trials differs";
  return reason;
}

void add_point(const Path& path, std::size_t i, const PointState& part, PointState& whole) {
  if (has_no_trials(part.stop)) {
    if (part.stop == StopReason::excluded) whole.stop = part.stop;
    return;
  }
  if (whole.blocks.empty()) {
    whole = part;
    return;
  }
  if (is_within_block(whole.total.num_trials) || whole.snr_label_db != part.snr_label_db)
    fail(path, "point " + std::to_string(i) + " does not go on where the shard before it ended");
  for (const TrialSums& block : part.blocks) whole.add_block(block);
  whole.seconds += part.seconds;
}

/// The sweep put together from its shards, one added after the other.
class Merger {
 public:
  Merger(const Path& folder) : spool_(folder) {}

  void add(const Path& path, Result part) {
    if (whole_.state.points.empty()) start(part);
    const std::string reason = mismatch(first_, part);
    if (!reason.empty()) fail(path, reason);
    for (std::size_t i = 0; i < part.state.points.size(); ++i) {
      const bool taken = !whole_.state.points[i].blocks.empty() && part.head.shard->by == Shard::By::points;
      if (taken && !part.state.points[i].blocks.empty()) fail(path, "point " + std::to_string(i) + " is in two shards");
      if (part.head.shard->by == Shard::By::blocks && !has_no_trials(part.state.points[i].stop) &&
          whole_.state.points[i].total.num_trials != part.state.first_trial)
        fail(path, "its trials do not go on where the shard before it ended");
      add_point(path, i, part.state.points[i], whole_.state.points[i]);
    }
    read_trial_rows(path, part.state, spool_);
    add_run(part.head.run);
  }

  std::size_t write(const Path& output, NewH5File::IfExists if_exists) {
    for (std::size_t i = 0; i < whole_.state.points.size(); ++i)
      if (!whole_.state.points[i].finished()) fail(output, "point " + std::to_string(i) + " is in no shard");
    whole_.head.run.output = output.string();
    const bool has_rows = whole_.head.record_trials != "none";
    write_result(output, if_exists, whole_.head, whole_.state, has_rows ? &spool_ : nullptr);
    return num_points_off(whole_.state);
  }

 private:
  void start(const Result& part) {
    first_.head = whole_.head = part.head;
    first_.state.grid = part.state.grid;
    whole_.state = start_sweep(part.state.grid);
    whole_.head.shard.reset();
    whole_.head.run.seconds = 0;
    whole_.head.run.trials_per_second = 0;
  }

  void add_run(const RunInfo& run) {
    RunInfo& whole = whole_.head.run;
    whole.started = std::min(whole.started, run.started);
    whole.seconds += run.seconds;
    whole.trials_per_second += run.trials_per_second;
  }

  Result first_;  // without its points
  Result whole_;
  TrialSpool spool_;
};

/// The shards of a set by their number: each is read once here and once more when its turn comes, so that memory holds
/// one.
std::map<std::int64_t, Path> sort_shards(const std::vector<Path>& paths) {
  std::map<std::int64_t, Path> sorted;
  std::int64_t count = 0;
  for (const Path& path : paths) {
    const Result part = read_result(path);
    if (!part.head.shard) fail(path, "it is no shard");
    if (!is_complete(part.state)) fail(path, "it is not finished; run it again");
    if (count != 0 && count != part.head.shard->count)
      fail(path, "it is part of another set: shard " + part.head.shard->text());
    count = part.head.shard->count;
    if (!sorted.emplace(part.head.shard->index, path).second)
      fail(path, "shard " + part.head.shard->text() + " stands twice");
  }
  for (std::int64_t i = 1; i <= count; ++i)
    if (!sorted.contains(i))
      fail(paths.front(), "shard " + std::to_string(i) + "/" + std::to_string(count) + " is missing");
  return sorted;
}

}  // namespace

std::size_t merge_results(const std::vector<Path>& shards, const Path& output, NewH5File::IfExists if_exists) {
  if (shards.empty()) throw Error(ErrorCode::bad_argument, "merge: expected at least one shard");
  if (if_exists == NewH5File::IfExists::refuse) refuse_existing(output);
  const std::map<std::int64_t, Path> sorted = sort_shards(shards);
  // A place that cannot be written is known at once, and the folder of a new one is made.
  NewH5File(output, NewH5File::IfExists::replace);
  Merger merger(output.has_parent_path() ? output.parent_path() : Path("."));
  for (const auto& [index, path] : sorted) merger.add(path, read_result(path));
  return merger.write(output, if_exists);
}

}  // namespace semlink
