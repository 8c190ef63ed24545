#pragma once

#include <optional>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops as soon as the output is predicted to reach a PSNR, or when the next stage is predicted to bring next to
/// nothing (the target is then out of reach and compute would be wasted). A budget, when there is one, is not overrun.
class TargetQuality final : public GatePolicy {
 public:
  TargetQuality(double target_psnr_db, double least_gain_db, std::optional<std::int64_t> mac_budget)
      : target_mse_(mse_of(target_psnr_db)), least_gain_db_(least_gain_db), mac_budget_(mac_budget) {}
  bool open(const GateQuery& query) const override;
  bool needs_prediction() const override { return true; }
  bool may_open(const GateQuery& query) const override { return fits_budget(query, mac_budget_); }

 private:
  static double mse_of(double psnr_db);
  double target_mse_;
  double least_gain_db_;
  std::optional<std::int64_t> mac_budget_;
};

/// `gate.policy = target_quality` with keys `gate.target_psnr_db`, `gate.least_gain_db` and `gate.mac_budget`.
class TargetQualityPlugin final : public Plugin<GatePolicy> {
 public:
  explicit TargetQualityPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const GatePolicy> make() const override {
    return std::make_unique<TargetQuality>(target_psnr_db_, least_gain_db_, mac_budget_);
  }

 private:
  std::string section_;
  double target_psnr_db_ = 25;
  double least_gain_db_ = 0;
  std::optional<std::int64_t> mac_budget_;
};

}  // namespace semlink
