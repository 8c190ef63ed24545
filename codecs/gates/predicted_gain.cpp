#include <semlink/codecs/gates/predicted_gain.h>

namespace semlink {

bool fits_budget(const GateQuery& query, const std::optional<std::int64_t>& mac_budget) {
  return !mac_budget || query.macs_spent + query.macs_next <= *mac_budget;
}

void declare_mac_budget(Keys& keys, const std::string& section, std::optional<std::int64_t>& mac_budget) {
  keys.optional_integer(section + ".mac_budget", mac_budget)
      .range(0, 1e15)
      .unit("1")
      .help("MACs this side may spend per sample before its last stage's output, gates included; none for no limit." +
            always_run_note(section));
}

std::string always_run_note(const std::string& section) {
  return section == "encoder_gate"
             ? " Stages up to the token selection, and the first in any case, run whatever it says."
             : "";
}

bool PredictedGain::open(const GateQuery& query) const {
  if (!fits_budget(query, mac_budget_)) return false;
  constexpr double kPeak = 255;
  const double gain = (query.predicted_mse - query.predicted_mse_next) * kPeak * kPeak;
  return gain >= threshold_ * static_cast<double>(query.macs_next) / 1e6;
}

void PredictedGainPlugin::declare(Keys& keys) {
  keys.number(section_ + ".threshold", threshold_)
      .range(0, 1e6)
      .unit("1/MMAC")
      .help(
          "Least predicted decrease of the mean squared error (8-bit values) per million MACs for which learned runs a "
          "stage.");
  declare_mac_budget(keys, section_, mac_budget_);
}

}  // namespace semlink
