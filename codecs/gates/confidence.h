#pragma once

#include <algorithm>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops as soon as one class is likely enough (row D4 of the survey's taxonomy): its probability at this exit is at
/// least `least_confidence`. Networks are often surer than they are right, above all under noise: the threshold is a
/// matter of calibration (`semlink calibrate` with `calibrate.loss = error`).
class Confidence final : public GatePolicy {
 public:
  explicit Confidence(double least_confidence) : least_confidence_(least_confidence) {}
  bool open(const GateQuery& query) const override { return !decides(query); }
  bool needs_classes() const override { return true; }
  bool decides(const GateQuery& query) const override {
    const auto& p = query.class_probabilities;
    return !p.empty() && *std::max_element(p.begin(), p.end()) >= least_confidence_;
  }

 private:
  double least_confidence_;
};

/// `gate.policy = confidence` with key `gate.least_confidence`.
class ConfidencePlugin final : public Plugin<GatePolicy> {
 public:
  explicit ConfidencePlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.number(section_ + ".least_confidence", least_confidence_)
        .range(0, 1.01)
        .unit("1")
        .help("Probability of the likeliest class from which on confidence stops; above 1 it never does.");
  }
  std::unique_ptr<const GatePolicy> make() const override { return std::make_unique<Confidence>(least_confidence_); }

 private:
  std::string section_;
  double least_confidence_ = 0.9;
};

}  // namespace semlink
