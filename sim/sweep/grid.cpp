#include <semlink/sweep/grid.h>

#include <algorithm>
#include <unordered_set>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::size_t kMaxPoints = 1'000'000;

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) {
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  return hash;
}

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorCode::bad_scenario, what); }

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string joined_keys(const std::vector<Axis>& axes) {
  std::string out;
  for (const Axis& axis : axes) out += (out.empty() ? "" : ", ") + axis.key;
  return out.empty() ? "none" : out;
}

}  // namespace

AxisGroups parse_axis_groups(std::string_view text) {
  AxisGroups groups;
  if (trimmed(text).empty()) return groups;
  std::unordered_set<std::string> seen;
  for (const std::string& group : split(text, ',')) {
    groups.push_back(split(group, '+'));
    if (groups.back().size() < 2) fail("\"" + group + "\": expected at least two keys joined by +");
    for (const std::string& key : groups.back()) {
      if (key.empty()) fail("\"" + group + "\": expected a key on both sides of +");
      if (!seen.insert(key).second) fail(key + " stands twice");
    }
  }
  return groups;
}

Grid::Grid(std::vector<Axis> axes, const AxisGroups& zipped) : axes_(std::move(axes)) {
  group(zipped);
  refuse_repetitions();
  for (const Dimension& dimension : dimensions_) {
    num_points_ *= dimension.size;
    if (num_points_ > kMaxPoints) fail("sweep: expected at most 1000000 points");
  }
}

void Grid::group(const AxisGroups& zipped) {
  const auto find_axis = [&](const std::string& key) {
    const auto found = std::find_if(axes_.begin(), axes_.end(), [&](const Axis& axis) { return axis.key == key; });
    if (found == axes_.end()) fail(key + " is no axis here; axes: " + joined_keys(axes_));
    return static_cast<std::size_t>(found - axes_.begin());
  };
  constexpr std::size_t kAlone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> group_of(axes_.size(), kAlone);
  for (std::size_t i = 0; i < zipped.size(); ++i) {
    for (const std::string& key : zipped[i]) {
      const std::size_t axis = find_axis(key);
      if (group_of[axis] != kAlone) fail(key + " stands twice");
      group_of[axis] = i;
      const Axis& first = axes_[find_axis(zipped[i].front())];
      if (axes_[axis].size() != first.size())
        fail(first.key + " has " + std::to_string(first.size()) + " values and " + key + " " +
             std::to_string(axes_[axis].size()) + ": axes that run together need as many");
    }
  }
  std::vector<std::size_t> dimension_of(zipped.size(), kAlone);
  std::size_t num_zips = 0;
  for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
    const std::size_t group = group_of[axis];
    if (group != kAlone && dimension_of[group] != kAlone) {
      dimensions_[dimension_of[group]].axes.push_back(axis);
      continue;
    }
    const bool is_zip = group != kAlone && zipped[group].size() > 1;
    if (group != kAlone) dimension_of[group] = dimensions_.size();
    dimensions_.push_back(
        {is_zip ? "zip_" + std::to_string(++num_zips) : axes_[axis].variable(), {axis}, axes_[axis].size()});
  }
}

void Grid::refuse_repetitions() const {
  for (const Dimension& dimension : dimensions_) {
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < dimension.size; ++i) {
      std::string values;
      for (const std::size_t axis : dimension.axes)
        values += (values.empty() ? "" : ", ") + axes_[axis].key + " = " + axes_[axis].texts[i];
      if (!seen.insert(values).second) fail("sweep: " + values + " stands twice");
    }
  }
}

std::vector<std::string> Grid::keys() const {
  std::vector<std::string> out;
  for (const Axis& axis : axes_) out.push_back(axis.key);
  return out;
}

std::string Grid::zip_text() const {
  std::string out;
  for (const Dimension& dimension : dimensions_) {
    if (!dimension.is_zip()) continue;
    if (!out.empty()) out += ", ";
    for (const std::size_t axis : dimension.axes)
      out += (axis == dimension.axes.front() ? "" : " + ") + axes_[axis].key;
  }
  return out;
}

void Grid::exclude(std::vector<bool> excluded) {
  excluded_ = std::move(excluded);
  num_excluded_ = static_cast<std::size_t>(std::count(excluded_.begin(), excluded_.end(), true));
  if (num_excluded_ == num_points_) fail("every point is excluded");
  if (num_excluded_ == 0) excluded_.clear();
}

std::vector<std::size_t> Grid::shape() const {
  std::vector<std::size_t> out;
  for (const Dimension& dimension : dimensions_) out.push_back(dimension.size);
  return out;
}

std::vector<std::size_t> Grid::position(std::size_t point) const {
  std::vector<std::size_t> out(axes_.size());
  for (std::size_t i = dimensions_.size(); i-- > 0;) {
    for (const std::size_t axis : dimensions_[i].axes) out[axis] = point % dimensions_[i].size;
    point /= dimensions_[i].size;
  }
  return out;
}

std::size_t Grid::stride(std::size_t dimension) const {
  std::size_t stride = 1;
  for (std::size_t i = dimension + 1; i < dimensions_.size(); ++i) stride *= dimensions_[i].size;
  return stride;
}

std::vector<std::pair<std::string, std::string>> Grid::settings(std::size_t point) const {
  std::vector<std::pair<std::string, std::string>> out;
  const std::vector<std::size_t> at = position(point);
  for (std::size_t i = 0; i < axes_.size(); ++i) out.emplace_back(axes_[i].key, axes_[i].texts[at[i]]);
  return out;
}

std::string Grid::label(std::size_t point) const {
  std::string out;
  for (const auto& [key, value] : settings(point)) out += (out.empty() ? "" : ", ") + key + " = " + value;
  return out;
}

std::uint64_t Grid::salt(std::size_t point) const {
  auto values = settings(point);
  std::sort(values.begin(), values.end());
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const auto& [key, value] : values) hash = fnv1a(key + "=" + value + "\n", hash);
  // Finaliser of MurmurHash3: FNV leaves the high bits of short texts alike.
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  hash ^= hash >> 33;
  return hash == 0 ? 1 : hash;
}

std::string difference(const Grid& stored, const Grid& current) {
  if (joined_keys(stored.axes()) != joined_keys(current.axes()))
    return "its axes are " + joined_keys(stored.axes()) + ", expected " + joined_keys(current.axes());
  for (std::size_t i = 0; i < stored.axes().size(); ++i)
    if (stored.axes()[i].texts != current.axes()[i].texts) return "it has other values of " + stored.axes()[i].key;
  if (stored.zip_text() != current.zip_text()) return "other axes of it run together";
  for (std::size_t i = 0; i < stored.num_points(); ++i)
    if (stored.is_excluded(i) != current.is_excluded(i)) return "other points of it are excluded";
  return "";
}

}  // namespace semlink
