#pragma once

#include <optional>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Whether a stage fits what is left of a budget; true without one.
bool fits_budget(const GateQuery& query, const std::optional<std::int64_t>& mac_budget);

/// What the help of a key that limits stages adds where not all of them ask the policy; begins with a blank.
std::string always_run_note(const std::string& section);

/// `learned`: runs a stage when the gate predicts that it lowers the mean squared error enough for what it costs (row
/// D6 of the survey's taxonomy): (mse - mse_next) / macs_next at least `threshold`, with mse of 8-bit values and MACs
/// in millions. One price for all images is what lowers the mean squared error most for a mean number of MACs. A
/// budget, when there is one, is not overrun.
class PredictedGain final : public GatePolicy {
 public:
  PredictedGain(double threshold, std::optional<std::int64_t> mac_budget)
      : threshold_(threshold), mac_budget_(mac_budget) {}
  bool open(const GateQuery& query) const override;
  bool needs_prediction() const override { return true; }
  bool may_open(const GateQuery& query) const override { return fits_budget(query, mac_budget_); }

 private:
  double threshold_;
  std::optional<std::int64_t> mac_budget_;
};

/// Declares `<section>.mac_budget`, which several policies share.
void declare_mac_budget(Keys& keys, const std::string& section, std::optional<std::int64_t>& mac_budget);

/// `gate.policy = learned` with keys `gate.threshold` and `gate.mac_budget`.
class PredictedGainPlugin final : public Plugin<GatePolicy> {
 public:
  explicit PredictedGainPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const GatePolicy> make() const override {
    return std::make_unique<PredictedGain>(threshold_, mac_budget_);
  }

 private:
  std::string section_;
  double threshold_ = 0.1;
  std::optional<std::int64_t> mac_budget_;
};

}  // namespace semlink
