#include <semlink/app/calibration.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include <semlink/core/format.h>

namespace semlink {
namespace {

using calibrate::CandidateRisk;

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

const char* decline_unit(const Calibration& calibration) {
  return calibration.settings().loss_kind() == calibrate::Loss::psnr ? "dB lost" : "lost";
}

std::string risk_text(const CandidateRisk& risk) {
  return format("%9.4f +- %.4f %9.3f", risk.risk, risk.std_error, risk.decline);
}

std::string cost_text(const CandidateRisk& risk) {
  return format("%11.1f %% %9.2fM %7.1f %%", 100 * risk.overthought, risk.macs / 1e6, 100 * risk.macs_share);
}

std::string promise(const Calibration& calibration) {
  const calibrate::CalibrateSettings& settings = calibration.settings();
  std::string loss = "share of wrong classes";
  if (settings.loss_kind() == calibrate::Loss::psnr)
    loss = "mean of min(max(PSNR lost against always_open, 0), 3 dB) / 3 dB";
  if (settings.method_kind() == calibrate::Method::conformal)
    return format("averaged over calibrations, the %s is at most %g", loss.c_str(), settings.alpha);
  return format("with a confidence of %g the %s is at most %g", 1 - settings.delta, loss.c_str(), settings.alpha);
}

}  // namespace

void print_candidates(std::ostream& out, const Calibration& calibration, const calibrate::Selection& selection) {
  const std::string& key = calibration.settings().key;
  std::size_t width = key.size();
  for (const std::string& text : calibration.candidates()) width = std::max(width, text.size());
  out << right(key, width) << "       risk +- error " << right(decline_unit(calibration), 9)
      << "  better early   dec MACs of full    p-value\n";
  for (std::size_t i = 0; i < selection.candidates.size(); ++i) {
    const CandidateRisk& candidate = selection.candidates[i];
    out << right(calibration.candidates()[i], width) << risk_text(candidate) << cost_text(candidate)
        << format(" %10.2g", candidate.p_value);
    if (selection.chosen == i)
      out << "  chosen";
    else if (i < selection.num_valid)
      out << "  kept";
    out << "\n";
  }
}

void print_points(std::ostream& out, const Calibration& calibration, const calibrate::RiskTable& table) {
  for (std::size_t point = 0; point < calibration.num_points(); ++point) {
    std::vector<Index> trials;
    for (Index trial = 0; trial < table.num_trials(); ++trial)
      if (table.point[static_cast<std::size_t>(trial)] == point) trials.push_back(trial);
    if (trials.size() < 2) continue;
    const CandidateRisk risk = calibrate::candidate_risks(table.rows(trials), calibration.settings()).front();
    out << "  " << calibration.point_label(point) << ":" << risk_text(risk) << cost_text(risk) << "\n";
  }
}

std::string calibrated_fragment(const Calibration& calibration, const calibrate::Selection& selection,
                                const std::string& command_line) {
  const calibrate::CalibrateSettings& settings = calibration.settings();
  const CandidateRisk& chosen = selection.candidates[*selection.chosen];
  const Provenance provenance = calibration.job().provenance();
  std::string text = "# Written by: " + command_line + "\n# Promise: " + promise(calibration) + ",\n";
  text += "# for the source, channel and mix of points of that scenario and the weights " +
          (provenance.weights_checksum.empty() ? std::string("(none)") : provenance.weights_checksum) + ".\n";
  text += format("# On %lld calibration trials: risk %.4f, %.3f %s, %.1f %% of the receiver's MACs.\n",
                 static_cast<long long>(calibration.job().scenario().run.max_trials), chosen.risk, chosen.decline,
                 decline_unit(calibration), 100 * chosen.macs_share);
  text += "# Use: a line `include = FILE` ahead of the first section of a scenario.\n\n[gate]\n";
  const Scenario& scenario = calibration.job().scenario();
  text += "policy = " + scenario.gate.name() + "\n";
  for (const std::string& key : scenario.gate.chosen_keys())
    text += key.substr(key.find('.') + 1) + " = " +
            (key == settings.key ? calibration.candidates()[*selection.chosen] : scenario.keys().get(key)) + "\n";
  text += "\n[calibrate]\nkey = " + settings.key + "\nloss = " + settings.loss +
          "\nalpha = " + scenario.keys().get("calibrate.alpha") + "\n";
  return text;
}

}  // namespace semlink
