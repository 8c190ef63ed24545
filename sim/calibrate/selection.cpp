#include <semlink/calibrate/selection.h>

#include <algorithm>
#include <cmath>

#include <semlink/calibrate/risk_control.h>

namespace semlink::calibrate {

std::vector<CandidateRisk> candidate_risks(const RiskTable& table, const CalibrateSettings& settings) {
  const auto n = static_cast<double>(table.num_trials());
  std::vector<CandidateRisk> risks;
  for (Index candidate = 0; candidate < table.num_candidates(); ++candidate) {
    const Eigen::VectorXd loss = table.loss.col(candidate);
    const Eigen::VectorXd decline = table.decline.col(candidate);
    const Eigen::VectorXd macs = table.macs.col(candidate);
    CandidateRisk risk;
    risk.risk = loss.mean();
    risk.std_error = std::sqrt((loss.array() - risk.risk).square().sum() / (n - 1) / n);
    risk.p_value = settings.test_kind() == RiskTest::betting
                       ? betting_p_value(loss, settings.alpha, settings.delta)
                       : hoeffding_bentkus_p_value(loss.sum(), table.num_trials(), settings.alpha);
    risk.decline = decline.mean();
    risk.overthought = static_cast<double>((decline.array() < 0).count()) / n;
    risk.macs = macs.mean();
    const double full = table.full_macs.mean();
    risk.macs_share = full > 0 ? risk.macs / full : 1;  // a codec without compute saves none
    risks.push_back(risk);
  }
  return risks;
}

Selection select(const RiskTable& table, const CalibrateSettings& settings) {
  Selection selection;
  selection.candidates = candidate_risks(table, settings);
  if (settings.method_kind() == Method::conformal) {
    selection.num_valid = conformal(table.loss, settings.alpha);
  } else {
    std::vector<double> p_values;
    for (const CandidateRisk& candidate : selection.candidates) p_values.push_back(candidate.p_value);
    selection.num_valid = fixed_sequence(p_values, settings.delta);
  }
  const auto end = selection.candidates.begin() + static_cast<std::ptrdiff_t>(selection.num_valid);
  // At equal cost the later one is as good; the first keeps more quality.
  const auto cheapest =
      std::min_element(selection.candidates.begin(), end,
                       [](const CandidateRisk& a, const CandidateRisk& b) { return a.macs < b.macs; });
  if (cheapest != end) selection.chosen = static_cast<std::size_t>(cheapest - selection.candidates.begin());
  return selection;
}

}  // namespace semlink::calibrate
