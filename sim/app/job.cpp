#include <semlink/app/job.h>

#include <algorithm>
#include <map>
#include <set>

#include <semlink/codecs/nn/kernels/level.h>
#include <semlink/core/error.h>
#include <semlink/sweep/point_rule.h>

namespace semlink {
namespace {

/// Images of a batch whose mean power labels are about: as many as bring it within 1 / 32 of an image's standard
/// deviation.
constexpr std::uint64_t kBatchImages = 1024;

/// The value of an axis or rule as a result knows it: a relative path starts at the scenario's folder, wherever it was
/// given, so that it is the same value from every working directory.
std::string known_value(const Key& key, const Assignment& assignment, const std::filesystem::path& folder) {
  const std::filesystem::path value = resolved_value(key, assignment), here = std::filesystem::current_path();
  if (key.type != "path" || value.empty() || std::filesystem::path(assignment.value).is_absolute())
    return assignment.value;
  return (here / value).lexically_normal().lexically_relative((here / folder).lexically_normal()).string();
}

/// The list of an axis, every value as a result knows it.
std::string known_list(const Key& key, const Assignment& axis, const std::filesystem::path& folder) {
  if (key.type != "path") return axis.value;
  std::string list;
  for (const std::string& value : expand_list(axis.value, ListItems::values))
    list += (list.empty() ? "" : ", ") + known_value(key, {axis.key, value, axis.origin, axis.base}, folder);
  return list;
}

/// Puts the origin of a value before an error that begins with its key.
Error with_origin(const Error& error, const ScenarioText& text) {
  const std::string message = error.what();
  for (const auto* list : {&text.axes, &text.values})
    for (const Assignment& assignment : *list)
      if (message.starts_with(assignment.key + " ")) return Error(error.code(), assignment.origin + ": " + message);
  return error;
}

/// The last value or axis given for the key; null where there is none.
const Assignment* given(const ScenarioText& text, const std::string& key) {
  const Assignment* found = nullptr;
  for (const auto* list : {&text.values, &text.axes})
    for (const Assignment& assignment : *list)
      if (assignment.key == key) found = &assignment;
  return found;
}

/// Refuses an SNR that is given twice over, and adds what follows from a source of bits: error rates at different points are
/// to be independent, unless the scenario says otherwise.
ScenarioText completed(ScenarioText text) {
  const Assignment* ebn0 = given(text, "channel.ebn0_db");
  if (ebn0 && ebn0->value != "none" && given(text, "channel.snr_db"))
    throw Error(ErrorCode::bad_scenario, ebn0->origin + ": channel.ebn0_db = " + ebn0->value +
                                             ": expected either this or channel.snr_db, not both");
  const Assignment* source = given(text, "source.kind");
  if (source && source->value == "bits" && !given(text, "run.common_random"))
    text.values.push_back({"run.common_random", "no", source->origin, source->base});
  return text;
}

}  // namespace

Job::Job(const Plugins& plugins, ScenarioText text)
    : plugins_(plugins),
      text_(completed(std::move(text))),
      scenario_(std::make_unique<Scenario>(plugins)),
      at_point_(std::make_unique<Scenario>(plugins)) {
  for (const Assignment& value : text_.values) {
    scenario_->set(value);
    at_point_->set(value);
  }
  make_grid();
  try {
    kernels::use_simd_level(scenario_->run.simd);
  } catch (const Error& error) {
    throw with_origin(error, text_);
  }
  check_points();
}

void Job::make_grid() {
  std::vector<Axis> axes;
  for (const Assignment& assignment : text_.axes) {
    try {
      const auto& list = scenario_->keys().list();
      const auto key = std::find_if(list.begin(), list.end(), [&](const Key& k) { return k.name == assignment.key; });
      if (key == list.end()) scenario_->keys().set(assignment.key, "");  // throws, with the nearest name
      axes.push_back(make_axis(scenario_->keys(), assignment.key, known_list(*key, assignment, text_.folder)));
    } catch (const Error& error) {
      throw Error(error.code(), assignment.origin + ": " + error.what());
    }
  }
  const Assignment* zip = text_.rule("zip");
  try {
    grid_ = Grid(std::move(axes), zip ? parse_axis_groups(zip->value) : AxisGroups());
  } catch (const Error& error) {
    throw Error(error.code(), (zip ? zip->origin + ": sweep.zip = " + zip->value + ": " : "") + error.what());
  }
  if (const Assignment* line = text_.rule("exclude")) exclude_points(*line);
}

void Job::exclude_points(const Assignment& line) {
  try {
    const PointRule rule(scenario_->keys(), line.value, [&](const Key& key, const std::string& value) {
      return known_value(key, {key.name, value, line.origin, line.base}, text_.folder);
    });
    std::map<std::string, std::string> unswept;
    for (const Key& key : scenario_->keys().list())
      unswept[key.name] = known_value(key, {key.name, key.get(), "", ""}, text_.folder);
    std::vector<bool> excluded(grid_.num_points());
    for (std::size_t point = 0; point < excluded.size(); ++point) {
      const auto settings = grid_.settings(point);
      excluded[point] = rule.holds([&](const std::string& key) {
        for (const auto& [swept, value] : settings)
          if (swept == key) return value;
        return unswept.at(key);
      });
    }
    grid_.exclude(std::move(excluded));
    exclude_ = rule.text();
  } catch (const Error& error) {
    throw Error(error.code(), line.origin + ": sweep.exclude = " + line.value + ": " + error.what());
  }
}

void Job::check_points() {
  try {
    check_stop_rules(scenario_->run, grid_);
  } catch (const Error& error) {
    throw with_origin(error, text_);
  }
  view_.bits = scenario_->sends_bits();
  std::set<std::string> active;
  std::set<std::string> seen;  // choices whose keys are known
  for (std::size_t point = 0; point < grid_.num_points(); ++point) {
    if (grid_.is_excluded(point)) continue;
    try {
      const Scenario& scenario = scenario_at(point);
      const Link link = builder_.build(scenario);
      const std::int64_t num_samples = link.source->size();
      if (!link.source->is_split() && undivided_path_.empty()) undivided_path_ = scenario.keys().get("source.path");
      view_.classes = view_.classes || (link.codec->num_classes() > 0 && !link.source->class_names().empty());
      view_.frames = view_.frames || scenario.waveform.is_on();
      if (num_samples > 0) min_samples_ = min_samples_ > 0 ? std::min(min_samples_, num_samples) : num_samples;
      scenario.record.num_rows();  // throws for a text it does not know
      if (!seen.insert(scenario.choices()).second) continue;
      for (const Key& key : scenario.keys().list())
        if (scenario.is_active(key.name)) active.insert(key.name);
    } catch (const Error& error) {
      throw with_origin(error, text_);
    }
  }
  for (const Key& key : scenario_->keys().list())
    if (active.contains(key.name)) active_.push_back(key.name);
}

const Scenario& Job::scenario_at(std::size_t point) const {
  for (const auto& [key, value] : grid_.settings(point)) at_point_->set({key, value, "", text_.folder});
  return *at_point_;
}

Link Job::make_link(std::size_t point) {
  Link link = builder_.build(scenario_at(point));
  link.point_name = "point " + std::to_string(point);
  if (link.label_power == LabelPower::batch)
    link.batch_power = mean_unscaled_power(link, trial_rng(point, 0), kBatchImages);
  return link;
}

TrialRng Job::trial_rng(std::size_t point, std::uint64_t trial) const {
  const RunSettings& run = scenario_at(point).run;
  return {static_cast<std::uint64_t>(run.seed), trial, run.common_random ? 0 : grid_.salt(point)};
}

PointRun Job::make_point(std::size_t point, ProfilePool* profiles) {
  // Shared, because a std::function must be copyable.
  const auto link = std::make_shared<const Link>(make_link(point));
  PointRun run;
  run.run_trial = [link, profiles, rng = trial_rng(point, 0)](std::uint64_t trial) {
    TrialRng at = rng;
    at.trial = trial;
    if (!profiles) return run_trial(*link, at);
    const ProfilePool::Loan profile = profiles->borrow();
    return run_trial(*link, at, nullptr, profile.get());
  };
  // Where the noise follows the gain or the payload there is no one N0 to hold the ledger against.
  if (link->channel->has_snr() && !link->point.noise_follows_gain && link->label_power == LabelPower::frame)
    run.snr_label_db = link->point.snr_db;
  run.num_samples = link->source->size();
  return run;
}

std::vector<Provenance::Setting> Job::settings() const {
  std::vector<Provenance::Setting> settings;
  for (const Key& key : scenario_->keys().list()) {
    if (std::find(active_.begin(), active_.end(), key.name) == active_.end()) continue;
    const bool is_path = key.type == "path" && !key.get().empty();
    // A stored scenario must find its files from any working directory.
    settings.push_back({key.name, is_path ? std::filesystem::absolute(key.get()).string() : key.get(),
                        key.identity && key.type != "path"});
  }
  return settings;
}

Provenance Job::provenance() const {
  Provenance provenance = build_provenance();
  provenance.settings = settings();
  provenance.scenario = identity_text();
  provenance.seed = scenario_->run.seed;
  provenance.source_checksum = builder_.source_checksum();
  provenance.weights_checksum = builder_.weights_checksum();
  return provenance;
}

std::filesystem::path Job::folder() const {
  return (std::filesystem::current_path() / text_.folder).lexically_normal();
}

std::string Job::write_text(bool complete) const {
  std::string text;
  std::string section;
  for (const Provenance::Setting& setting : settings()) {
    if (!complete && !setting.identity) continue;
    const std::size_t dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      text += (text.empty() ? "[" : "\n[") + section + "]\n";
    }
    text += setting.key.substr(dot + 1) + " = " + setting.value + "\n";
  }
  if (!grid_.axes().empty()) text += "\n[sweep]\n";
  for (const Axis& axis : grid_.axes()) {
    text += axis.key + " =";
    for (const std::string& value : axis.texts) text += (&value == &axis.texts.front() ? " " : ", ") + value;
    text += "\n";
  }
  if (const std::string zip = grid_.zip_text(); !zip.empty()) text += "zip = " + zip + "\n";
  if (!exclude_.empty()) text += "exclude = " + exclude_ + "\n";
  return text;
}

std::vector<std::string> Job::notes() const {
  std::vector<std::string> notes;
  for (const auto* list : {&text_.values, &text_.axes})
    for (const Assignment& assignment : *list)
      if (std::find(active_.begin(), active_.end(), assignment.key) == active_.end())
        notes.push_back(assignment.origin + ": " + assignment.key + " does nothing here, it belongs to " +
                        scenario_->users(assignment.key));
  if (!exclude_.empty() && grid_.num_excluded() == 0)
    notes.push_back(text_.rule("exclude")->origin + ": sweep.exclude = " + exclude_ + " holds at no point");
  return notes;
}

}  // namespace semlink
