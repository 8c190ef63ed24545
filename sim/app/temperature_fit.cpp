#include <semlink/app/temperature_fit.h>

#include <algorithm>
#include <ostream>

#include <semlink/app/calibration.h>
#include <semlink/app/trial_progress.h>
#include <semlink/core/error.h>
#include <semlink/core/format.h>

namespace semlink {
namespace {

/// Other draws than those that thresholds are chosen by.
constexpr std::uint64_t kTemperatureSalt = 0x74656d7065726174;

const std::string kSuffix = ".temperature";

/// As the key is written.
std::string table_text(const ClassTemperature& temperature) {
  std::string text;
  for (const ClassTemperature::Entry& entry : temperature.entries()) {
    if (!text.empty()) text += ' ';
    text += format("%.2f:%.3f", entry.from_db, entry.value);
  }
  return text;
}

std::string error_text(const calibrate::ClassTable& table, const ClassTemperature& temperature) {
  using calibrate::expected_calibration_error, calibrate::negative_log_likelihood;
  return format("  %8.4f %8.4f    %8.4f %8.4f", expected_calibration_error(table, {}),
                expected_calibration_error(table, temperature), negative_log_likelihood(table, {}),
                negative_log_likelihood(table, temperature));
}

}  // namespace

bool is_temperature(const std::string& key) { return key == "gate" + kSuffix || key == "encoder_gate" + kSuffix; }

TemperatureFit::TemperatureFit(const Plugins& plugins, ScenarioText text, const std::string& split)
    : salt_(split == "test" ? 0 : kTemperatureSalt) {
  const std::string origin = origin_of(text, "calibrate.key");
  require_whole_grid(text);
  job_ = std::make_unique<Job>(plugins, with_split(text, split));
  if (!job_->undivided_path().empty()) throw undivided_error(text, job_->undivided_path(), "validation and test");
  const std::string& key = job_->scenario().calibrate.key;
  const std::vector<std::string>& keys = gate().chosen_keys();
  if (std::find(keys.begin(), keys.end(), key) == keys.end())
    throw Error(ErrorCode::bad_scenario, origin + "calibrate.key = " + key + ": expected a key of " +
                                             gate().selector() + ", which is " + gate().name() +
                                             " and goes by no probabilities of classes");
  for (const Axis& axis : job_->grid().axes())
    if (axis.key == key || axis.key == gate().selector())
      throw Error(ErrorCode::bad_scenario, axis.key + ": expected no axis in a fit of " + key);
}

const Choice<GatePolicy>& TemperatureFit::gate() const {
  const Scenario& scenario = job_->scenario();
  return scenario.calibrate.key.starts_with("encoder") ? scenario.encoder_gate : scenario.gate;
}

ClassTemperature TemperatureFit::given() const {
  const std::string& key = job_->scenario().calibrate.key;
  return ClassTemperature::parse(key, job_->scenario().keys().get(key));
}

calibrate::ClassTable TemperatureFit::measure(std::ostream& out, bool is_terminal, const std::atomic<bool>& stop) {
  const RunSettings& run = job_->scenario().run;
  TrialProgress progress(out, is_terminal, run.max_trials);
  calibrate::ClassRequest request;
  request.num_points = job_->grid().num_points();
  request.make_link = [this](std::size_t point) { return job_->make_link(point); };
  request.at_transmitter = &gate() == &job_->scenario().encoder_gate;
  request.seed = static_cast<std::uint64_t>(run.seed);
  request.salt = salt_;
  request.num_trials = run.max_trials;
  request.num_threads = run.num_threads();
  request.progress = [&](Index done) { progress.show(done); };
  return calibrate::measure_classes(request, stop);
}

std::string TemperatureFit::fragment(const calibrate::ClassTable& table, const ClassTemperature& temperature,
                                     const std::string& command_line) const {
  const Scenario& scenario = job_->scenario();
  const std::string weights = job_->provenance().weights_checksum;
  std::string text = "# Written by: " + command_line + "\n# Temperatures of class scores by estimated SNR, for the ";
  text += "source, channel and mix of points of that scenario and the\n# weights " + weights + ".\n";
  text +=
      format("# On %lld validation trials: expected calibration error %.4f, without it %.4f.\n",
             static_cast<long long>(scenario.run.max_trials), calibrate::expected_calibration_error(table, temperature),
             calibrate::expected_calibration_error(table, {}));
  const std::string section = gate().selector().substr(0, gate().selector().find('.'));
  text += "# Use: a line `include = FILE` ahead of the first section of a scenario.\n\n[" + section + "]\n";
  text += "policy = " + gate().name() + "\n";
  for (const std::string& key : gate().chosen_keys())
    text += key.substr(key.find('.') + 1) + " = " +
            (key == scenario.calibrate.key ? table_text(temperature) : scenario.keys().get(key)) + "\n";
  return text;
}

void print_temperatures(std::ostream& out, const calibrate::ClassTable& table, const ClassTemperature& temperature) {
  out << "SNR from    rows  temperature  calibration error       nats of the right class\n"
         "                               without     with        without     with\n";
  for (const calibrate::SnrBin& bin : calibrate::snr_bins(table)) {
    const calibrate::ClassTable part = table.rows(bin.rows);
    double sum = 0;
    for (const auto& snr_db : part.snr_db) sum += temperature.at(snr_db);
    out << format("%5.2f dB %7zu %12.3f", bin.from_db, bin.rows.size(), sum / static_cast<double>(bin.rows.size()))
        << error_text(part, temperature) << "\n";
  }
  out << format("     all %7lld             ", static_cast<long long>(table.num_rows()))
      << error_text(table, temperature) << "\n";
}

}  // namespace semlink
