#include <semlink/app/calibration.h>

#include <algorithm>
#include <ostream>

#include <semlink/app/trial_progress.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr std::uint64_t kCalibrationSalt = 0x66726573682021;

}  // namespace

std::string origin_of(const ScenarioText& text, const std::string& key) {
  for (const Assignment& value : text.values)
    if (value.key == key) return value.origin + ": ";
  return "";
}

ScenarioText with_split(ScenarioText text, const std::string& split) {
  std::erase_if(text.axes, [](const Assignment& axis) { return axis.key == "source.split"; });
  std::erase_if(text.values, [](const Assignment& value) { return value.key == "source.split"; });
  text.values.push_back({"source.split", split, "semlink"});
  return text;
}

Error undivided_error(const ScenarioText& text, const std::string& path, const std::string& subfolders) {
  return {ErrorCode::bad_scenario, origin_of(text, "source.path") + "source.path = " + path +
                                       ": the same pictures serve every split: expected subfolders " + subfolders +
                                       " with pictures of their own"};
}

void require_whole_grid(const ScenarioText& text) {
  if (const Assignment* rule = text.rule("exclude"))
    throw Error(ErrorCode::bad_scenario,
                rule->origin + ": sweep.exclude: expected no rule in a calibration, which needs every point");
}

Calibration::Calibration(const Plugins& plugins, ScenarioText text, const std::string& split, std::string candidates)
    : salt_(split == "test" ? 0 : kCalibrationSalt) {
  text = with_split(std::move(text), split);
  Scenario scenario(plugins);
  for (const Assignment& value : text.values) scenario.set(value);
  const std::string key = scenario.calibrate.key;
  const std::vector<std::string>& keys = scenario.gate.chosen_keys();
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    std::string known;
    for (const std::string& name : keys) known += " " + name;
    throw Error(ErrorCode::bad_scenario, origin_of(text, "calibrate.key") + "calibrate.key = " + key +
                                             ": expected a key of gate.policy = " + scenario.gate.name() +
                                             (known.empty() ? ", which has none" : ", one of" + known));
  }
  for (const Assignment& axis : text.axes)
    if (axis.key == key)
      throw Error(ErrorCode::bad_scenario,
                  axis.origin + ": " + key + ": expected no axis of the key that is calibrated");
  require_whole_grid(text);
  if (candidates.empty()) candidates = scenario.keys().get(key);
  text.axes.push_back({key, candidates, origin_of(text, "calibrate.candidates") + "calibrate.candidates"});
  job_ = std::make_unique<Job>(plugins, text);
  if (!job_->undivided_path().empty()) throw undivided_error(text, job_->undivided_path(), "calibration and test");
}

std::string Calibration::point_label(std::size_t point) const {
  const std::string label = job_->grid().label(point * candidates().size());
  const std::size_t end = label.rfind(settings().key + " = ");  // the candidates are the last axis
  return end >= 2 ? label.substr(0, end - 2) : "";
}

calibrate::RiskTable Calibration::measure(std::ostream& out, bool is_terminal, const std::atomic<bool>& stop) {
  const RunSettings& run = job_->scenario().run;
  TrialProgress progress(out, is_terminal, run.max_trials);
  calibrate::RiskRequest request;
  request.num_candidates = candidates().size();
  request.num_points = num_points();
  request.make_link = [this](std::size_t point, std::size_t candidate) {
    return job_->make_link(point * candidates().size() + candidate);
  };
  request.loss = settings().loss_kind();
  request.seed = static_cast<std::uint64_t>(run.seed);
  request.salt = salt_;
  request.num_trials = run.max_trials;
  request.num_threads = run.num_threads();
  request.progress = [&](Index done) { progress.show(done); };
  return calibrate::measure_risks(request, stop);
}

}  // namespace semlink
