#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/error.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Stops once so many stages in a row have left the output as it was (row D5 of the survey's taxonomy; PABEE, Zhou et
/// al. 2020, in its form for regression). It looks at outputs, not at predictions: nothing has to be trained or
/// trusted, but every exit that is passed pays for its output. For estimates that lower the squared error step by step
/// towards the conditional mean, the mean squared change is the decrease of the error.
class Patience final : public GatePolicy {
 public:
  /// Outputs count as equal from `settled_psnr_db` on: a mean squared change of at most 10^(-settled_psnr_db / 10).
  Patience(Index patience, double settled_psnr_db)
      : patience_(static_cast<std::size_t>(patience)), most_change_(std::pow(10, -settled_psnr_db / 10)) {}
  bool open(const GateQuery& query) const override {
    if (query.output_changes.size() < patience_) return true;
    const auto recent = query.output_changes.last(patience_);
    return std::any_of(recent.begin(), recent.end(), [this](double change) { return change > most_change_; });
  }
  bool needs_output_changes() const override { return true; }

 private:
  std::size_t patience_;
  double most_change_;
};

/// `gate.policy = patience` with keys `gate.patience` and `gate.settled_psnr_db`.
class PatiencePlugin final : public Plugin<GatePolicy> {
 public:
  explicit PatiencePlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override {
    keys.integer(section_ + ".patience", patience_)
        .range(1, 1000)
        .unit("1")
        .help("Stages in a row that must leave the output as it was before patience stops.");
    keys.number(section_ + ".settled_psnr_db", settled_psnr_db_)
        .range(0, 200)
        .unit("dB")
        .help("PSNR between the outputs before and after a stage from which on they count as equal.");
  }
  /// Throws Error(bad_scenario) at the transmitter, which has no output to look at.
  std::unique_ptr<const GatePolicy> make() const override {
    if (section_ == "encoder_gate")
      throw Error(ErrorCode::bad_scenario, "encoder_gate.policy = patience: expected a policy that needs no output");
    return std::make_unique<Patience>(patience_, settled_psnr_db_);
  }

 private:
  std::string section_;
  std::int64_t patience_ = 1;
  double settled_psnr_db_ = 40;
};

}  // namespace semlink
