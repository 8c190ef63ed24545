#pragma once

#include <cmath>
#include <optional>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/core/registry.h>

namespace semlink {

/// `predicted_gain`: runs a stage when it is predicted to raise the PSNR enough for what it costs (row D6 of the
/// survey's taxonomy in decibels): 10 log10(mse / mse_next) / macs_next at least so many dB per million MACs. Where
/// `learned` spends compute on images with much squared error, this one treats a decibel alike in all of them. A
/// budget, when there is one, is not overrun.
class GainDb final : public GatePolicy {
 public:
  GainDb(double least_db_per_mmac, std::optional<std::int64_t> mac_budget)
      : least_db_per_mmac_(least_db_per_mmac), mac_budget_(mac_budget) {}
  bool open(const GateQuery& query) const override {
    if (!fits_budget(query, mac_budget_)) return false;
    const double gain_db = 10 * std::log10(query.predicted_mse / query.predicted_mse_next);
    return gain_db >= least_db_per_mmac_ * static_cast<double>(query.macs_next) / 1e6;
  }
  bool needs_prediction() const override { return true; }
  bool may_open(const GateQuery& query) const override { return fits_budget(query, mac_budget_); }

 private:
  double least_db_per_mmac_;
  std::optional<std::int64_t> mac_budget_;
};

/// `gate.policy = predicted_gain` with keys `gate.least_db_per_mmac` and `gate.mac_budget`.
class GainDbPlugin final : public Plugin<GatePolicy> {
 public:
  explicit GainDbPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.number(section_ + ".least_db_per_mmac", least_db_per_mmac_)
        .range(0, 1e3)
        .unit("dB/MMAC")
        .help("Least predicted rise of the PSNR per million MACs for which predicted_gain runs a stage.");
    declare_mac_budget(keys, section_, mac_budget_);
  }
  std::unique_ptr<const GatePolicy> make() const override {
    return std::make_unique<GainDb>(least_db_per_mmac_, mac_budget_);
  }

 private:
  std::string section_;
  double least_db_per_mmac_ = 0.005;
  std::optional<std::int64_t> mac_budget_;
};

}  // namespace semlink
