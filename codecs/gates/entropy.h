#pragma once

#include <cmath>
#include <string>
#include <utility>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/class_temperature.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops as soon as the classes' probabilities at this exit have an entropy of at most `most_entropy` nats (row D4 of
/// the survey's taxonomy; BranchyNet, Teerapittayanon et al. 2016). It minds what is left to all other classes, where
/// `confidence` minds the first one only. Probabilities are those at `temperature`.
class Entropy final : public GatePolicy {
 public:
  explicit Entropy(double most_entropy, ClassTemperature temperature = {})
      : most_entropy_(most_entropy), temperature_(std::move(temperature)) {}
  bool open(const GateQuery& query) const override { return !decides(query); }
  bool needs_classes() const override { return true; }
  bool decides(const GateQuery& query) const override {
    double entropy = 0;
    for (const double p : temperature_.probabilities(query)) entropy -= p > 0 ? p * std::log(p) : 0;
    return !query.class_probabilities.empty() && entropy <= most_entropy_;
  }

 private:
  double most_entropy_;
  ClassTemperature temperature_;
};

/// `gate.policy = entropy` with keys `gate.most_entropy` and `gate.temperature`.
class EntropyPlugin final : public Plugin<GatePolicy> {
 public:
  explicit EntropyPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.number(section_ + ".most_entropy", most_entropy_)
        .range(-1, 10)
        .unit("nats")
        .help("Entropy of the classes' probabilities up to which entropy stops; below 0 it never does.");
    ClassTemperature::declare(keys, section_, temperature_);
  }
  std::unique_ptr<const GatePolicy> make() const override {
    return std::make_unique<Entropy>(most_entropy_, ClassTemperature::parse(section_ + ".temperature", temperature_));
  }

 private:
  std::string section_;
  double most_entropy_ = 0.3;
  std::string temperature_;
};

}  // namespace semlink
