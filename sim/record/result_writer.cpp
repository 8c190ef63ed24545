#include <array>
#include <bit>
#include <cmath>
#include <span>

#include <semlink/record/netcdf.h>
#include <semlink/record/point_variables.h>
#include <semlink/record/result_file.h>

namespace semlink {
namespace {

using Names = std::vector<std::string>;

std::vector<std::int64_t> counting(std::size_t count) {
  std::vector<std::int64_t> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int64_t>(i);
  return out;
}

void describe(H5Group& group, const std::string& name, std::string_view units, std::string_view long_name) {
  if (!units.empty()) group.describe(name, "units", units);
  group.describe(name, "long_name", long_name);
}

/// A dimension whose coordinates just count.
void write_counting_dimension(H5Group& group, const std::string& name, std::size_t size, std::string_view long_name) {
  group.write(name, counting(size), {size});
  make_dimension(group, name);
  describe(group, name, "1", long_name);
}

void write_text_dimension(H5Group& group, const std::string& name, const Names& values, std::string_view long_name) {
  group.write_strings(name, values);
  make_dimension(group, name);
  describe(group, name, "", long_name);
}

template <typename T>
void write_variable(H5Group& group, const std::string& name, const std::vector<T>& values, const H5Shape& shape,
                    const Names& dimensions, std::string_view units, std::string_view long_name) {
  group.write(name, values, shape, values.size() > 4096 ? H5Storage::compressed : H5Storage::plain);
  attach_dimensions(group, name, group, dimensions);
  describe(group, name, units, long_name);
}

std::string joined(const Names& names, const char* separator) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : separator) + name;
  return out;
}

const char* kind_name(Axis::Kind kind) {
  return kind == Axis::Kind::text ? "text" : kind == Axis::Kind::integer ? "integer" : "number";
}

void write_axis(H5Group& root, const Axis& axis, const std::string& dimension) {
  const std::string name = axis.variable();
  if (axis.kind == Axis::Kind::text)
    root.write_strings(name, axis.texts);
  else if (axis.kind == Axis::Kind::integer)
    root.write(name, std::vector<std::int64_t>(axis.numbers.begin(), axis.numbers.end()), {axis.size()});
  else
    root.write(name, axis.numbers, {axis.size()});
  if (dimension == name)
    make_dimension(root, name);
  else
    attach_dimensions(root, name, root, Names{dimension});
  describe(root, name, axis.kind == Axis::Kind::text ? "" : axis.unit, axis.long_name);
  root.describe(name, "key", axis.key);
  root.describe(name, "kind", kind_name(axis.kind));
  if (axis.kind == Axis::Kind::text) root.describe(name, "values", joined(axis.texts, "\n"));
}

Names write_axes(H5Group& root, const Grid& grid) {
  Names dimensions, auxiliary;
  for (const Dimension& dimension : grid.dimensions()) {
    if (dimension.is_zip()) write_counting_dimension(root, dimension.name, dimension.size, "values of axes that run together");
    for (const std::size_t axis : dimension.axes) {
      write_axis(root, grid.axes()[axis], dimension.name);
      if (dimension.is_zip()) auxiliary.push_back(grid.axes()[axis].variable());
    }
    dimensions.push_back(dimension.name);
  }
  // What makes them coordinates for readers, since they are no dimensions.
  if (!auxiliary.empty()) root.set_attribute("coordinates", joined(auxiliary, " "));
  return dimensions;
}

void write_flags(H5Group& root, const PointVariable& variable, const std::vector<double>& values, const H5Shape& shape) {
  root.write(variable.name, std::vector<std::int8_t>(values.begin(), values.end()), shape);
  std::vector<std::int8_t> known = {0};
  for (const char c : variable.flag_meanings)
    if (c == ' ') known.push_back(static_cast<std::int8_t>(known.size()));
  root.describe(variable.name, "flag_values", known);
  root.describe(variable.name, "flag_meanings", variable.flag_meanings);
}

void write_points(H5Group& root, const SweepState& state, const Names& dimensions) {
  const std::vector<PointMetric> metrics = point_metrics();
  std::vector<PointSummary> summaries;
  summaries.reserve(state.points.size());
  std::vector<std::int64_t> measured(metrics.size());
  for (const PointState& point : state.points) {
    summaries.emplace_back(point, metrics);
    for (std::size_t i = 0; i < metrics.size(); ++i) measured[i] += summaries.back().counts[i];
  }
  const H5Shape shape = state.grid.shape();
  for (const PointVariable& variable : point_variables(metrics)) {
    if (variable.needs_metric && measured[*variable.needs_metric] == 0) continue;
    std::vector<double> values;
    for (const PointSummary& summary : summaries) values.push_back(variable.value(summary));
    if (variable.type == PointVariable::Type::flags)
      write_flags(root, variable, values, shape);
    else if (variable.type == PointVariable::Type::integer)
      root.write(variable.name, std::vector<std::int64_t>(values.begin(), values.end()), shape);
    else
      root.write(variable.name, values, shape);
    attach_dimensions(root, variable.name, root, dimensions);
    describe(root, variable.name, variable.units, variable.long_name);
  }
}

Names column_names() {
  Names out;
  for (const Column& column : columns()) out.emplace_back(column.name);
  return out;
}

Names product_names() {
  const auto quantities = ledger_quantities();
  Names out;
  for (std::size_t i = 0; i < quantities.size(); ++i)
    for (std::size_t j = i; j < quantities.size(); ++j)
      out.push_back(std::string(quantities[i]) + "*" + std::string(quantities[j]));
  return out;
}

/// The blocks of all points in order, as arrays.
struct BlockArrays {
  std::vector<std::int64_t> point, first_trial, num_trials, count;
  std::vector<double> sum, sum_squares, ledger_sum, ledger_product, max_payload_error;

  void add(std::size_t at, std::int64_t first, const TrialSums& block) {
    point.push_back(static_cast<std::int64_t>(at));
    first_trial.push_back(first);
    num_trials.push_back(block.num_trials);
    for (const Moments& moments : block.columns) {
      count.push_back(moments.count);
      sum.push_back(moments.sum);
      sum_squares.push_back(moments.sum_squares);
    }
    ledger_sum.insert(ledger_sum.end(), block.ledger.sums.begin(), block.ledger.sums.end());
    ledger_product.insert(ledger_product.end(), block.ledger.products.begin(), block.ledger.products.end());
    max_payload_error.push_back(block.ledger.max_payload_error);
  }
};

void write_blocks(H5Group& root, const SweepState& state) {
  BlockArrays arrays;
  for (std::size_t point = 0; point < state.points.size(); ++point) {
    std::int64_t first = state.first_trial;
    for (const TrialSums& block : state.points[point].blocks) {
      arrays.add(point, first, block);
      first += block.num_trials;
    }
  }
  const std::size_t num_blocks = arrays.point.size();
  if (num_blocks == 0) return;
  H5Group group = root.create_group("blocks");
  group.set_attribute("columns", joined(column_names(), ", "));
  const std::string block = "block", column = "column", quantity = "ledger_quantity", product = "ledger_product_name";
  write_counting_dimension(group, block, num_blocks, "blocks of all points in order");
  write_text_dimension(group, column, column_names(), "quantity that every trial gives");
  const auto quantities = ledger_quantities();
  write_text_dimension(group, quantity, Names(quantities.begin(), quantities.end()), "quantity of the power ledger");
  write_text_dimension(group, product, product_names(), "product of two quantities of the power ledger");
  const H5Shape by_block = {num_blocks}, by_column = {num_blocks, kNumColumns};
  write_variable(group, "point", arrays.point, by_block, {block}, "1", "number of the point, the first axis slowest");
  write_variable(group, "first_trial", arrays.first_trial, by_block, {block}, "1", "number of the block's first trial");
  write_variable(group, "num_trials", arrays.num_trials, by_block, {block}, "1", "trials of the block");
  write_variable(group, "count", arrays.count, by_column, {block, column}, "1", "trials that measured the quantity");
  write_variable(group, "sum", arrays.sum, by_column, {block, column}, "1", "sum over those trials, in the quantity's unit");
  write_variable(group, "sum_squares", arrays.sum_squares, by_column, {block, column}, "1", "sum of squares over those trials");
  write_variable(group, "ledger_sum", arrays.ledger_sum, {num_blocks, LedgerSums::kNumQuantities}, {block, quantity}, "1",
                 "sum over trials");
  write_variable(group, "ledger_product", arrays.ledger_product, {num_blocks, LedgerSums::kNumProducts}, {block, product}, "1",
                 "sum of products over trials");
  write_variable(group, "max_payload_error", arrays.max_payload_error, by_block, {block}, "1",
                 "largest distance of a trial's payload power from 1");
  group.close();
}

/// Sums by sample of the points that are not finished.
struct ClusterArrays {
  std::vector<std::int64_t> point, sample_id, max_samples, count;
  std::vector<double> sum;

  void add(std::size_t at, const ClusterSums& sums) {
    for (std::size_t i = 0; i < sums.ids().size(); ++i) {
      point.push_back(static_cast<std::int64_t>(at));
      sample_id.push_back(sums.ids()[i]);
      max_samples.push_back(sums.max_samples());
      const ClusterSums::Sample& sample = sums.samples()[i];
      count.insert(count.end(), sample.count.begin(), sample.count.end());
      sum.insert(sum.end(), sample.sum.begin(), sample.sum.end());
    }
  }
};

void write_clusters(H5Group& root, const SweepState& state) {
  std::vector<std::int64_t> num_samples;
  std::vector<double> mean_var;
  ClusterArrays open;
  bool clustered = false;
  for (std::size_t i = 0; i < state.points.size(); ++i) {
    const PointState& point = state.points[i];
    num_samples.push_back(point.clusters.num_samples);
    mean_var.insert(mean_var.end(), point.clusters.mean_var.begin(), point.clusters.mean_var.end());
    if (point.cluster_sums) open.add(i, *point.cluster_sums);
    clustered = clustered || point.clusters.num_samples > 0 || point.cluster_sums;
  }
  if (!clustered) return;
  H5Group group = root.create_group("clusters");
  group.set_attribute("columns", joined(column_names(), ", "));
  const std::size_t num_points = state.points.size(), num_rows = open.point.size();
  const std::string column = "column";
  write_counting_dimension(group, "point", num_points, "number of the point, the first axis slowest");
  write_text_dimension(group, column, column_names(), "quantity that every trial gives");
  write_variable(group, "num_samples", num_samples, {num_points}, {"point"}, "1",
                 "distinct samples of a finished point whose errors are clustered; else 0");
  write_variable(group, "mean_var", mean_var, {num_points, kNumColumns}, {"point", column}, "1",
                 "variance of the mean between samples, in the square of the quantity's unit");
  if (num_rows > 0) {
    write_counting_dimension(group, "sample", num_rows, "samples of unfinished points in order of appearance");
    write_variable(group, "sample_point", open.point, {num_rows}, {"sample"}, "1", "number of the point");
    write_variable(group, "sample_id", open.sample_id, {num_rows}, {"sample"}, "1", "which sample");
    write_variable(group, "max_samples", open.max_samples, {num_rows}, {"sample"}, "1", "samples that the source has");
    write_variable(group, "count", open.count, {num_rows, kNumColumns}, {"sample", column}, "1",
                   "trials that measured the quantity");
    write_variable(group, "sum", open.sum, {num_rows, kNumColumns}, {"sample", column}, "1", "sum over those trials");
  }
  group.close();
}

void write_cells(H5Group& group, std::size_t variable, std::size_t first_row, std::span<const TrialRow> rows) {
  const std::string name(trial_variables()[variable].name);
  if (trial_variables()[variable].is_integer) {
    std::vector<std::int64_t> values;
    for (const TrialRow& row : rows) values.push_back(std::bit_cast<std::int64_t>(row[variable]));
    group.write_rows<std::int64_t>(name, first_row, values);
  } else {
    std::vector<double> values;
    for (const TrialRow& row : rows) values.push_back(std::bit_cast<double>(row[variable]));
    group.write_rows<double>(name, first_row, values);
  }
}

// Which variables a file gets: the optional ones only where a row has them.
std::array<bool, kNumTrialVariables> present_variables(const TrialSpool& rows, std::size_t batch_rows) {
  std::array<bool, kNumTrialVariables> present{};
  for (std::size_t i = 0; i < kNumTrialVariables; ++i) present[i] = !trial_variables()[i].optional;
  rows.read(batch_rows, [&](std::span<const TrialRow> batch) {
    for (const TrialRow& row : batch)
      for (std::size_t i = 0; i < kNumTrialVariables; ++i)
        present[i] = present[i] || !std::isnan(std::bit_cast<double>(row[i]));
  });
  return present;
}

void write_trials(H5Group& root, const TrialSpool& rows) {
  // As many rows as a compressed chunk holds, so that no chunk is packed twice.
  constexpr std::size_t kBatch = std::size_t{1} << 15;
  H5Group group = root.create_group("trials");
  const std::size_t num_rows = rows.num_rows();
  write_counting_dimension(group, "row", num_rows, "rows in order of point and trial");
  const auto present = present_variables(rows, kBatch);
  for (std::size_t i = 0; i < kNumTrialVariables; ++i) {
    if (!present[i]) continue;
    const TrialVariable& variable = trial_variables()[i];
    const std::string name(variable.name);
    variable.is_integer ? group.create<std::int64_t>(name, {num_rows}) : group.create<double>(name, {num_rows});
    attach_dimensions(group, name, group, Names{"row"});
    describe(group, name, variable.units, variable.long_name);
  }
  std::size_t done = 0;
  rows.read(kBatch, [&](std::span<const TrialRow> batch) {
    for (std::size_t i = 0; i < kNumTrialVariables; ++i)
      if (present[i]) write_cells(group, i, done, batch);
    done += batch.size();
  });
  group.close();
}

void set_if_known(H5Group& group, const std::string& name, const std::string& value) {
  if (!value.empty()) group.set_attribute(name, value);
}

void write_attributes(H5Group& root, const ResultHead& head, const SweepState& state) {
  const Provenance& provenance = head.provenance;
  root.set_attribute("format", kResultFormat);
  root.set_attribute("format_version", kResultVersion);
  root.set_attribute("block_trials", kUnitTrials);
  bool complete = true;
  for (const PointState& point : state.points) complete = complete && point.finished();
  root.set_attribute("complete", std::int64_t{complete});
  Names axes, libraries;
  for (const Axis& axis : state.grid.axes()) axes.push_back(axis.key);
  for (const auto& [name, version] : provenance.libraries) libraries.push_back(name + " " + version);
  set_if_known(root, "axes", joined(axes, ", "));
  set_if_known(root, "zip", state.grid.zip_text());
  set_if_known(root, "scenario", provenance.scenario);
  root.set_attribute("seed", provenance.seed);
  root.set_attribute("results_version", provenance.results_version);
  set_if_known(root, "version", provenance.version);
  set_if_known(root, "revision", provenance.revision);
  set_if_known(root, "arithmetic", provenance.arithmetic);
  set_if_known(root, "weights_checksum", provenance.weights_checksum);
  set_if_known(root, "source_checksum", provenance.source_checksum);
  set_if_known(root, "library_versions", joined(libraries, ", "));
  root.set_attribute("record_trials", head.record_trials);
  if (head.shard) {
    root.set_attribute("shard", head.shard->text());
    root.set_attribute("shard_by", head.shard->by == Shard::By::blocks ? "blocks" : "points");
    root.set_attribute("shard_first_trial", state.first_trial);
  }
  for (const Provenance::Setting& setting : provenance.settings)
    if (setting.identity) root.set_attribute(setting.key, setting.value);
}

void write_run(H5Group& root, const ResultHead& head, const SweepState& state) {
  H5Group group = root.create_group("run");
  set_if_known(group, "started", head.run.started);
  set_if_known(group, "host", head.run.host);
  set_if_known(group, "command_line", head.run.command_line);
  set_if_known(group, "output", head.run.output);
  set_if_known(group, "scenario", head.run.scenario);
  set_if_known(group, "scenario_folder", head.run.scenario_folder);
  group.set_attribute("threads", head.run.threads);
  group.set_attribute("seconds", head.run.seconds);
  group.set_attribute("trials_per_second", head.run.trials_per_second);
  for (const Provenance::Setting& setting : head.provenance.settings)
    if (!setting.identity) group.set_attribute(setting.key, setting.value);
  std::vector<double> seconds;
  for (const PointState& point : state.points) seconds.push_back(point.seconds);
  write_counting_dimension(group, "point", seconds.size(), "number of the point, the first axis slowest");
  write_variable(group, "point_seconds", seconds, {seconds.size()}, {"point"}, "s",
                 "time of the point's trials, shared out over the threads");
  group.close();
}

}  // namespace

void write_result(const std::filesystem::path& path, NewH5File::IfExists if_exists, const ResultHead& head,
                  const SweepState& state, const TrialSpool* rows) {
  NewH5File file(path, if_exists);
  H5Group& root = file.root();
  write_attributes(root, head, state);
  const Names dimensions = write_axes(root, state.grid);
  write_points(root, state, dimensions);
  write_blocks(root, state);
  write_clusters(root, state);
  if (rows && rows->num_rows() > 0) write_trials(root, *rows);
  write_run(root, head, state);
  file.commit();
}

}  // namespace semlink
