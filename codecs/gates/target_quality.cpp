#include <semlink/codecs/gates/target_quality.h>

#include <cmath>

namespace semlink {

double TargetQuality::mse_of(double psnr_db) { return std::pow(10, -psnr_db / 10); }

bool TargetQuality::open(const GateQuery& query) const {
  if (query.predicted_mse <= target_mse_ || !fits_budget(query, mac_budget_)) return false;
  return least_gain_db_ <= 0 || 10 * std::log10(query.predicted_mse / query.predicted_mse_next) >= least_gain_db_;
}

void TargetQualityPlugin::declare(Keys& keys) {
  keys.number(section_ + ".target_psnr_db", target_psnr_db_)
      .range(0, 100)
      .unit("dB")
      .help("PSNR at which target_quality is content: it stops once the output is predicted to reach it.");
  keys.number(section_ + ".least_gain_db", least_gain_db_)
      .range(0, 100)
      .unit("dB")
      .help("target_quality also stops when the next stage is predicted to gain less than this; 0 never gives up.");
  declare_mac_budget(keys, section_, mac_budget_);
}

}  // namespace semlink
