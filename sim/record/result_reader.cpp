#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

#include <semlink/core/error.h>
#include <semlink/record/block_check.h>
#include <semlink/record/result_file.h>

namespace semlink {
namespace {

constexpr std::size_t kMaxPoints = 1'000'000;
constexpr std::size_t kMaxBlocks = 50'000'000;
constexpr std::size_t kMaxAxes = 16;  // HDF5 itself stops at 32

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorCode::bad_file, path.string() + ": " + what);
}

std::string text_or_empty(const H5Group& group, const std::string& name) {
  return group.has_attribute(name) ? group.text_attribute(name) : "";
}

template <typename Number>
std::string print(Number value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

std::vector<std::string> split(const std::string& list, const std::string& separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(separator, at), list.size());
    out.push_back(list.substr(at, end - at));
    at = end + separator.size();
  }
  return out;
}

template <H5Number T>
void fill_numeric(Axis& axis, const H5Array<T>& array) {
  for (const T value : array.values) {
    axis.numbers.push_back(static_cast<double>(value));
    axis.texts.push_back(print(value));
  }
}

Axis read_axis(const std::filesystem::path& path, const H5Group& root, const std::string& key) {
  Axis axis{.key = key};
  const std::string name = axis.variable();
  const std::string kind = root.description(name, "kind");
  axis.long_name = root.description(name, "long_name");
  axis.kind = kind == "text" ? Axis::Kind::text : kind == "integer" ? Axis::Kind::integer : Axis::Kind::number;
  if (root.shape(name).size() != 1) fail(path, name + ": expected one dimension");
  if (axis.kind == Axis::Kind::text) {
    axis.unit = "1";
    axis.texts = split(root.description(name, "values"), "\n");
    if (axis.texts.size() != root.shape(name)[0]) fail(path, name + ": another number of values than its attribute");
  } else {
    axis.unit = root.description(name, "units");
    if (axis.kind == Axis::Kind::integer)
      fill_numeric(axis, root.read<std::int64_t>(name, kMaxPoints));
    else
      fill_numeric(axis, root.read<double>(name, kMaxPoints));
  }
  if (axis.texts.empty()) fail(path, name + ": an axis without values");
  return axis;
}

Grid read_grid(const std::filesystem::path& path, const H5Group& root) {
  const std::vector<std::string> keys = split(text_or_empty(root, "axes"), ", ");
  if (keys.size() > kMaxAxes) fail(path, std::to_string(keys.size()) + " axes, expected at most 16");
  std::vector<Axis> axes;
  for (const std::string& key : keys) axes.push_back(read_axis(path, root, key));
  try {
    return Grid(std::move(axes), parse_axis_groups(text_or_empty(root, "zip")));
  } catch (const Error& error) {
    fail(path, error.what());
  }
}

void read_settings(const H5Group& group, bool identity, std::vector<Provenance::Setting>& out) {
  for (const std::string& name : group.attribute_names())
    if (name.find('.') != std::string::npos) out.push_back({name, group.text_attribute(name), identity});
}

Provenance read_provenance(const H5Group& root) {
  Provenance provenance;
  provenance.scenario = text_or_empty(root, "scenario");
  provenance.seed = root.integer_attribute("seed");
  // Files from before the number was written have those of its first value.
  provenance.results_version = root.has_attribute("results_version") ? root.integer_attribute("results_version") : 1;
  provenance.version = text_or_empty(root, "version");
  provenance.revision = text_or_empty(root, "revision");
  provenance.arithmetic = text_or_empty(root, "arithmetic");
  provenance.weights_checksum = text_or_empty(root, "weights_checksum");
  provenance.source_checksum = text_or_empty(root, "source_checksum");
  for (const std::string& library : split(text_or_empty(root, "library_versions"), ", ")) {
    const std::size_t blank = std::min(library.find(' '), library.size());
    provenance.libraries.emplace_back(library.substr(0, blank), library.substr(std::min(blank + 1, library.size())));
  }
  read_settings(root, true, provenance.settings);
  return provenance;
}

RunInfo read_run(const H5Group& group) {
  RunInfo run;
  run.started = text_or_empty(group, "started");
  run.host = text_or_empty(group, "host");
  run.command_line = text_or_empty(group, "command_line");
  run.output = text_or_empty(group, "output");
  run.scenario = text_or_empty(group, "scenario");
  run.scenario_folder = text_or_empty(group, "scenario_folder");
  run.threads = group.integer_attribute("threads");
  run.seconds = group.number_attribute("seconds");
  run.trials_per_second = group.number_attribute("trials_per_second");
  return run;
}

// Reads arrays of a group and insists on their extents.
class GroupReader {
 public:
  GroupReader(const std::filesystem::path& path, const H5Group& group) : path_(path), group_(group) {}

  template <H5Number T>
  std::vector<T> read(const std::string& name, const H5Shape& shape) const {
    if (group_.shape(name) != shape) fail(path_, group_.location() + "/" + name + ": unexpected shape");
    return group_.read<T>(name, num_elements(shape)).values;
  }
  std::size_t extent(const std::string& name, std::size_t max) const {
    const H5Shape shape = group_.shape(name);
    if (shape.size() != 1 || shape[0] > max) fail(path_, group_.location() + "/" + name + ": unexpected shape");
    return shape[0];
  }
  void require_columns() const {
    const std::vector<std::string> names = split(group_.text_attribute("columns"), ", ");
    const auto known = columns();
    if (!std::equal(names.begin(), names.end(), known.begin(), known.end(),
                    [](const std::string& name, const Column& column) { return name == column.name; }))
      fail(path_, group_.location() + "/column: not the quantities of this version");
  }

 private:
  const std::filesystem::path& path_;
  const H5Group& group_;
};

void read_blocks(const std::filesystem::path& path, const H5Group& root, SweepState& state) {
  if (!root.has_group("blocks")) return;
  const H5Group group = root.group("blocks");
  const GroupReader reader(path, group);
  reader.require_columns();
  const std::size_t n = reader.extent("point", kMaxBlocks);
  const auto point = reader.read<std::int64_t>("point", {n});
  const auto first_trial = reader.read<std::int64_t>("first_trial", {n});
  const auto num_trials = reader.read<std::int64_t>("num_trials", {n});
  const auto count = reader.read<std::int64_t>("count", {n, kNumColumns});
  const auto sum = reader.read<double>("sum", {n, kNumColumns});
  const auto sum_squares = reader.read<double>("sum_squares", {n, kNumColumns});
  const auto ledger_sum = reader.read<double>("ledger_sum", {n, LedgerSums::kNumQuantities});
  const auto ledger_product = reader.read<double>("ledger_product", {n, LedgerSums::kNumProducts});
  const auto max_payload_error = reader.read<double>("max_payload_error", {n});
  for (std::size_t i = 0; i < n; ++i) {
    TrialSums block;
    block.num_trials = block.ledger.count = num_trials[i];
    for (std::size_t k = 0; k < kNumColumns; ++k)
      block.columns[k] = {count[i * kNumColumns + k], sum[i * kNumColumns + k], sum_squares[i * kNumColumns + k]};
    std::copy_n(&ledger_sum[i * LedgerSums::kNumQuantities], LedgerSums::kNumQuantities, block.ledger.sums.begin());
    std::copy_n(&ledger_product[i * LedgerSums::kNumProducts], LedgerSums::kNumProducts, block.ledger.products.begin());
    block.ledger.max_payload_error = max_payload_error[i];
    const bool in_order = i == 0 || point[i] >= point[i - 1];
    if (point[i] < 0 || point[i] >= static_cast<std::int64_t>(state.points.size()) || !in_order ||
        !is_sane_block(block))
      fail(path, "/blocks: block " + std::to_string(i) + " is damaged");
    PointState& at = state.points[static_cast<std::size_t>(point[i])];
    // Blocks are full and follow each other; only the last may be short.
    const std::int64_t end = state.first_trial + at.total.num_trials;
    if (first_trial[i] != end || is_within_block(end) || block.num_trials > block_of(end).count)
      fail(path, "/blocks: block " + std::to_string(i) + " does not follow the one before it");
    at.add_block(block);
  }
}

void read_open_samples(const std::filesystem::path& path, const H5Group& group, SweepState& state) {
  const GroupReader reader(path, group);
  const std::size_t n = reader.extent("sample_id", kMaxBlocks);
  const auto point = reader.read<std::int64_t>("sample_point", {n});
  const auto id = reader.read<std::int64_t>("sample_id", {n});
  const auto max_samples = reader.read<std::int64_t>("max_samples", {n});
  const auto count = reader.read<std::int64_t>("count", {n, kNumColumns});
  const auto sum = reader.read<double>("sum", {n, kNumColumns});
  for (std::size_t i = 0; i < n;) {
    const std::size_t first = i;
    std::vector<std::int64_t> ids;
    std::vector<ClusterSums::Sample> samples;
    for (; i < n && point[i] == point[first]; ++i) {
      ids.push_back(id[i]);
      samples.emplace_back();
      std::copy_n(&count[i * kNumColumns], kNumColumns, samples.back().count.begin());
      std::copy_n(&sum[i * kNumColumns], kNumColumns, samples.back().sum.begin());
    }
    const std::unordered_set<std::int64_t> distinct(ids.begin(), ids.end());
    const bool known_point = point[first] >= 0 && point[first] < static_cast<std::int64_t>(state.points.size());
    if (!known_point || distinct.size() != ids.size() || max_samples[first] < static_cast<std::int64_t>(ids.size()) ||
        state.points[static_cast<std::size_t>(point[first])].cluster_sums)
      fail(path, "/clusters: samples of point " + std::to_string(point[first]) + " are damaged");
    ClusterSums& sums = state.points[static_cast<std::size_t>(point[first])].cluster_sums.emplace(max_samples[first]);
    sums.restore(std::move(ids), std::move(samples));
  }
}

void read_clusters(const std::filesystem::path& path, const H5Group& root, SweepState& state) {
  if (!root.has_group("clusters")) return;
  const H5Group group = root.group("clusters");
  const GroupReader reader(path, group);
  reader.require_columns();
  const std::size_t num_points = state.points.size();
  const auto num_samples = reader.read<std::int64_t>("num_samples", {num_points});
  const auto mean_var = reader.read<double>("mean_var", {num_points, kNumColumns});
  for (std::size_t i = 0; i < num_points; ++i) {
    ClusterVariance& clusters = state.points[i].clusters;
    clusters.num_samples = num_samples[i];
    std::copy_n(&mean_var[i * kNumColumns], kNumColumns, clusters.mean_var.begin());
    const bool sane = std::all_of(clusters.mean_var.begin(), clusters.mean_var.end(),
                                  [](double value) { return value >= 0 && std::isfinite(value); });
    if (!sane || clusters.num_samples < 0 || clusters.num_samples > state.points[i].total.num_trials)
      fail(path, "/clusters: point " + std::to_string(i) + " is damaged");
  }
  if (group.has_dataset("sample_id")) read_open_samples(path, group, state);
}

void read_point_variables(const std::filesystem::path& path, const H5Group& root, SweepState& state) {
  const GroupReader reader(path, root);
  const H5Shape shape = state.grid.shape();
  const auto num_trials = reader.read<std::int64_t>("num_trials", shape);
  const auto stop = reader.read<std::int8_t>("stop_reason", shape);
  const auto label = reader.read<double>("snr_label_db", shape);
  std::vector<bool> excluded(state.points.size());
  for (std::size_t i = 0; i < state.points.size(); ++i) {
    PointState& point = state.points[i];
    if (num_trials[i] != point.total.num_trials || stop[i] < 0 || stop[i] > static_cast<int>(kLastStopReason) ||
        (stop[i] != 0 && point.blocks.empty() != has_no_trials(static_cast<StopReason>(stop[i]))) ||
        std::isinf(label[i]))
      fail(path, "point " + std::to_string(i) + " contradicts /blocks");
    point.stop = static_cast<StopReason>(stop[i]);
    if (!std::isnan(label[i])) point.snr_label_db = label[i];
    excluded[i] = point.stop == StopReason::excluded;
  }
  try {
    state.grid.exclude(std::move(excluded));
  } catch (const Error& error) {
    fail(path, error.what());
  }
}

void read_point_seconds(const std::filesystem::path& path, const H5Group& run, SweepState& state) {
  if (!run.has_dataset("point_seconds")) return;
  const auto seconds = GroupReader(path, run).read<double>("point_seconds", {state.points.size()});
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (!(seconds[i] >= 0) || std::isinf(seconds[i])) fail(path, "/run/point_seconds: expected times from 0 up");
    state.points[i].seconds = seconds[i];
  }
}

void require_format(const std::filesystem::path& path, const H5Group& root) {
  if (!root.has_attribute("format") || root.text_attribute("format") != kResultFormat)
    fail(path, "not a result of semlink");
  const std::int64_t version = root.integer_attribute("format_version");
  if (version != kResultVersion || root.integer_attribute("block_trials") != kUnitTrials)
    fail(path, "result format " + std::to_string(version) + ", expected " + std::to_string(kResultVersion));
}

void read_shard(const std::filesystem::path& path, const H5Group& root, Result& result) {
  constexpr std::int64_t kMaxTrials = 1'000'000'000;
  const std::string by = root.text_attribute("shard_by");
  const std::int64_t first_trial = root.integer_attribute("shard_first_trial");
  if ((by != "points" && by != "blocks") || first_trial < 0 || first_trial > kMaxTrials || is_within_block(first_trial))
    fail(path, "the attributes of its shard are damaged");
  try {
    result.head.shard = parse_shard(root.text_attribute("shard"));
  } catch (const Error& error) {
    fail(path, error.what());
  }
  result.head.shard->by = by == "blocks" ? Shard::By::blocks : Shard::By::points;
  result.state.first_trial = first_trial;
}

}  // namespace

void refuse_foreign(const std::filesystem::path& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status) || std::filesystem::is_empty(path, status)) return;
  const std::string advice =
      path.string() + ": is not a result of semlink run: remove it first, or give another --output";
  if (!H5File::is_hdf5(path)) throw Error(ErrorCode::bad_file, advice);
  std::string format;
  try {
    const H5File file = H5File::open(path);
    if (file.root().has_attribute("format")) format = file.root().text_attribute("format");
  } catch (const Error&) {
    return;  // damaged: it may have been one
  }
  if (format != kResultFormat) throw Error(ErrorCode::bad_file, advice);
}

Result read_result(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  require_format(path, root);
  Result result;
  result.head.provenance = read_provenance(root);
  result.head.record_trials = root.text_attribute("record_trials");
  const H5Group run = root.group("run");
  result.head.run = read_run(run);
  read_settings(run, false, result.head.provenance.settings);
  result.state = start_sweep(read_grid(path, root));
  if (root.has_attribute("shard")) read_shard(path, root, result);
  read_blocks(path, root, result.state);
  read_clusters(path, root, result.state);
  read_point_variables(path, root, result.state);
  read_point_seconds(path, run, result.state);
  const auto is_measured = [&](std::string_view column) {
    return std::any_of(result.state.points.begin(), result.state.points.end(), [&](const PointState& point) {
      return point.total.columns[column_index(column)].count > 0;
    });
  };
  result.state.view = {is_measured("bit_error_rate"), is_measured("accuracy"), is_measured("missed_frame_rate")};
  return result;
}

namespace {

std::vector<TrialRow> read_rows(const H5Group& group, std::size_t first, std::size_t count) {
  std::vector<TrialRow> rows(count);
  for (std::size_t k = 0; k < kNumTrialVariables; ++k) {
    const std::string name(trial_variables()[k].name);
    if (trial_variables()[k].optional && !group.has_dataset(name)) {
      for (TrialRow& row : rows) row[k] = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
    } else if (trial_variables()[k].is_integer) {
      const auto values = group.read_rows<std::int64_t>(name, first, count);
      for (std::size_t i = 0; i < count; ++i) rows[i][k] = std::bit_cast<std::uint64_t>(values[i]);
    } else {
      const auto values = group.read_rows<double>(name, first, count);
      for (std::size_t i = 0; i < count; ++i) rows[i][k] = std::bit_cast<std::uint64_t>(values[i]);
    }
  }
  return rows;
}

}  // namespace

void read_trial_rows(const std::filesystem::path& path, const SweepState& state, TrialSpool& spool) {
  const H5File file = H5File::open(path);
  if (!file.root().has_group("trials")) return;
  const H5Group group = file.root().group("trials");
  const H5Shape shape = group.shape("trial");
  if (shape.size() != 1) fail(path, "/trials/trial: unexpected shape");
  constexpr std::size_t kBatch = std::size_t{1} << 15;
  std::pair<std::int64_t, std::int64_t> last = {-1, -1};
  for (std::size_t first = 0; first < shape[0];) {
    const std::vector<TrialRow> rows = read_rows(group, first, std::min(kBatch, shape[0] - first));
    std::size_t i = 0;
    while (i < rows.size()) {
      // Rows of one unit are one run of the spool.
      const auto point = static_cast<std::int64_t>(rows[i][0]), trial = static_cast<std::int64_t>(rows[i][1]);
      if (std::pair(point, trial) <= last || point >= static_cast<std::int64_t>(state.points.size()) || trial < 0)
        fail(path, "/trials: row " + std::to_string(first + i) + " is out of order");
      std::size_t end = i;
      while (end < rows.size() && static_cast<std::int64_t>(rows[end][0]) == point &&
             static_cast<std::int64_t>(rows[end][1]) == trial + static_cast<std::int64_t>(end - i) &&
             (end == i || static_cast<std::int64_t>(rows[end][1]) % kUnitTrials != 0))
        ++end;
      if (end == rows.size() && first + end < shape[0]) break;  // the run may go on in the next batch
      last = {point, static_cast<std::int64_t>(rows[end - 1][1])};
      if (last.second < state.first_trial + state.points[static_cast<std::size_t>(point)].total.num_trials)
        spool.append(static_cast<std::size_t>(point), trial, std::span(rows).subspan(i, end - i));
      i = end;
    }
    first += i;
  }
}

}  // namespace semlink
