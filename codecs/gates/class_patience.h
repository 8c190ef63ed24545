#pragma once

#include <algorithm>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops when `patience` stages in a row have left the likeliest class as it was (row D5 of the survey's taxonomy;
/// PABEE, Zhou et al. 2020): `patience` + 1 exits agree. It needs no probabilities, hence no trust in them.
class ClassPatience final : public GatePolicy {
 public:
  explicit ClassPatience(Index patience) : exits_(static_cast<std::size_t>(patience) + 1) {}
  bool open(const GateQuery& query) const override { return !decides(query); }
  bool needs_classes() const override { return true; }
  bool decides(const GateQuery& query) const override {
    if (query.class_decisions.size() < exits_) return false;
    const auto recent = query.class_decisions.last(exits_);
    return std::all_of(recent.begin(), recent.end(), [&](Index decision) { return decision == recent.front(); });
  }

 private:
  std::size_t exits_;
};

/// `gate.policy = class_patience` with key `gate.equal_classes`.
class ClassPatiencePlugin final : public Plugin<GatePolicy> {
 public:
  explicit ClassPatiencePlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.integer(section_ + ".equal_classes", equal_classes_)
        .range(1, 1000)
        .unit("1")
        .help("Stages in a row that must leave the likeliest class as it was before class_patience stops.");
  }
  std::unique_ptr<const GatePolicy> make() const override { return std::make_unique<ClassPatience>(equal_classes_); }

 private:
  std::string section_;
  std::int64_t equal_classes_ = 2;
};

}  // namespace semlink
