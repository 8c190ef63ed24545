#include <semlink/app/commands.h>

#include <ostream>
#include <sstream>

#include <semlink/core/error.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/result_file.h>
#include <semlink/sweep/terminal.h>

namespace semlink {
namespace {

void print_line(std::ostream& out, const std::string& name, const std::string& value) {
  if (!value.empty()) out << name << std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') << value << "\n";
}

std::string describe_axis(const Axis& axis) {
  std::string text = axis.key + " = " + axis.texts.front();
  if (axis.size() > 1) text += (axis.size() > 2 ? " ... " : ", ") + axis.texts.back();
  if (axis.unit != "1" && !axis.unit.empty()) text += " " + axis.unit;
  return text + " (" + std::to_string(axis.size()) + (axis.size() == 1 ? " value)" : " values)");
}

std::string describe_progress(const SweepState& state) {
  std::size_t finished = 0;
  std::int64_t trials = 0;
  for (const PointState& point : state.points) {
    finished += point.finished() && point.stop != StopReason::excluded;
    trials += point.total.num_trials;
  }
  return std::to_string(finished) + " of " + std::to_string(state.points.size() - state.grid.num_excluded()) + " points finished, " +
         std::to_string(trials) + " trials";
}

void print_result(std::ostream& out, const Result& result) {
  const Provenance& from = result.head.provenance;
  const RunInfo& run = result.head.run;
  print_line(out, "kind", "result of semlink run");
  print_line(out, "made by", "semlink " + from.version + ", sources " + from.revision + ", " + from.arithmetic);
  std::string libraries;
  for (const auto& [name, version] : from.libraries) libraries += (libraries.empty() ? "" : ", ") + name + " " + version;
  print_line(out, "libraries", libraries);
  print_line(out, "command line", run.command_line);
  print_line(out, "started", run.started + (run.host.empty() ? "" : " on " + run.host));
  std::ostringstream time;
  time << run.seconds << " s on " << run.threads << (run.threads == 1 ? " thread" : " threads");
  print_line(out, "took", time.str());
  print_line(out, "seed", std::to_string(from.seed));
  print_line(out, "data", from.source_checksum);
  print_line(out, "weights", from.weights_checksum);
  print_line(out, "state", describe_progress(result.state));
  for (const Axis& axis : result.state.grid.axes()) print_line(out, "axis", describe_axis(axis));
  out << "\n" << run.scenario << "\n" << table_head(result.state) << "\n";
  for (std::size_t point = 0; point < result.state.points.size(); ++point)
    if (result.state.points[point].total.num_trials > 0) out << table_row(result.state, point) << "\n";
}

std::string describe_attribute(const H5Group& group, const std::string& name) {
  std::ostringstream text;
  try {
    text << group.text_attribute(name);
  } catch (const Error&) {  // a number, then
    try {
      text << group.integer_attribute(name);
    } catch (const Error&) {
      text << group.number_attribute(name);
    }
  }
  return text.str();
}

std::string describe_shape(const H5Shape& shape) {
  std::string text;
  for (std::size_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

/// Attributes, data sets with their shapes, and groups, of any HDF5 file.
void print_group(std::ostream& out, const H5Group& group, const std::string& path) {
  for (const std::string& name : group.attribute_names()) print_line(out, path + "@" + name, describe_attribute(group, name));
  for (const std::string& name : group.dataset_names()) print_line(out, path + name, describe_shape(group.shape(name)));
  for (const std::string& name : group.group_names()) print_group(out, group.group(name), path + name + "/");
}

}  // namespace

int info_command(const CommandContext& context, const CommandLine& line) {
  const std::filesystem::path path = line.words.front();
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  if (root.has_attribute("format") && root.text_attribute("format") == kResultFormat)
    print_result(context.out, read_result(path));
  else
    print_group(context.out, root, "");
  return 0;
}

}  // namespace semlink
