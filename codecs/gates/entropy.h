#pragma once

#include <cmath>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops as soon as the classes' probabilities at this exit have an entropy of at most `most_entropy` nats (row D4 of
/// the survey's taxonomy; BranchyNet, Teerapittayanon et al. 2016). It minds what is left to all other classes, where
/// `confidence` minds the first one only.
class Entropy final : public GatePolicy {
 public:
  explicit Entropy(double most_entropy) : most_entropy_(most_entropy) {}
  bool open(const GateQuery& query) const override { return !decides(query); }
  bool needs_classes() const override { return true; }
  bool decides(const GateQuery& query) const override {
    double entropy = 0;
    for (const double p : query.class_probabilities) entropy -= p > 0 ? p * std::log(p) : 0;
    return !query.class_probabilities.empty() && entropy <= most_entropy_;
  }

 private:
  double most_entropy_;
};

/// `gate.policy = entropy` with key `gate.most_entropy`.
class EntropyPlugin final : public Plugin<GatePolicy> {
 public:
  explicit EntropyPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.number(section_ + ".most_entropy", most_entropy_)
        .range(-1, 10)
        .unit("nats")
        .help("Entropy of the classes' probabilities up to which entropy stops; below 0 it never does.");
  }
  std::unique_ptr<const GatePolicy> make() const override { return std::make_unique<Entropy>(most_entropy_); }

 private:
  std::string section_;
  double most_entropy_ = 0.3;
};

}  // namespace semlink
