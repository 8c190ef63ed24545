#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/class_temperature.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops as soon as one class is likely enough (row D4 of the survey's taxonomy): its probability at this exit is at
/// least `least_confidence`. Networks are often surer than they are right, above all under noise: `temperature` takes
/// that back, and the threshold is a matter of calibration (`semlink calibrate`, for both).
class Confidence final : public GatePolicy {
 public:
  explicit Confidence(double least_confidence, ClassTemperature temperature = {})
      : least_confidence_(least_confidence), temperature_(std::move(temperature)) {}
  bool open(const GateQuery& query) const override { return !decides(query); }
  bool needs_classes() const override { return true; }
  bool decides(const GateQuery& query) const override {
    const std::vector<double> p = temperature_.probabilities(query);
    return !p.empty() && *std::max_element(p.begin(), p.end()) >= least_confidence_;
  }

 private:
  double least_confidence_;
  ClassTemperature temperature_;
};

/// `gate.policy = confidence` with keys `gate.least_confidence` and `gate.temperature`.
class ConfidencePlugin final : public Plugin<GatePolicy> {
 public:
  explicit ConfidencePlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.number(section_ + ".least_confidence", least_confidence_)
        .range(0, 1.01)
        .unit("1")
        .help("Probability of the likeliest class from which on confidence stops; above 1 it never does.");
    ClassTemperature::declare(keys, section_, temperature_);
  }
  std::unique_ptr<const GatePolicy> make() const override {
    return std::make_unique<Confidence>(least_confidence_,
                                        ClassTemperature::parse(section_ + ".temperature", temperature_));
  }

 private:
  std::string section_;
  double least_confidence_ = 0.9;
  std::string temperature_;
};

}  // namespace semlink
