#pragma once

#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Runs stages while they fit a budget of MACs.
class MacBudget final : public GatePolicy {
 public:
  explicit MacBudget(std::int64_t mac_budget) : mac_budget_(mac_budget) {}
  bool open(const GateQuery& query) const override;

 private:
  std::int64_t mac_budget_;
};

/// `gate.policy = mac_budget` with key `gate.mac_budget`, which must be given.
class MacBudgetPlugin final : public Plugin<GatePolicy> {
 public:
  explicit MacBudgetPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const GatePolicy> make() const override;

 private:
  std::string section_;
  std::optional<std::int64_t> mac_budget_;
};

}  // namespace semlink
