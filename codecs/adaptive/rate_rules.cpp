#include <semlink/codecs/adaptive/rate_rules.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <semlink/core/error.h>

namespace semlink::adaptive {

namespace {

constexpr double k8BitPeak = 255;

/// The lowest predicted error plus price of its symbols: over a whole set of images, the least mean squared error for
/// the mean rate that comes of it, were the predictions right (a Lagrange multiplier, the same for every image). Of
/// equals the narrowest.
Index least_gain(const RateQuery& query) {
  const double price = query.least_gain * query.ratio_per_width * 100;
  Index best = 1;
  double lowest = 0;
  for (std::size_t i = 0; i < query.mse.size(); ++i) {
    const double cost = k8BitPeak * k8BitPeak * query.mse[i] + price * static_cast<double>(i + 1);
    if (i > 0 && cost >= lowest) continue;
    lowest = cost;
    best = static_cast<Index>(i) + 1;
  }
  return best;
}

/// The narrowest that is predicted to reach the target, or the widest.
Index target_psnr(const RateQuery& query) {
  const double target_mse = std::pow(10, -query.target_psnr_db / 10);
  const auto found = std::find_if(query.mse.begin(), query.mse.end(), [&](double mse) { return mse <= target_mse; });
  return std::min<Index>(found - query.mse.begin() + 1, static_cast<Index>(query.mse.size()));
}

constexpr std::array kRules = {
    RateRule{"fixed", "as many as the budget allows, the same for every image", nullptr},
    RateRule{"least_gain", "as many as pay: the lowest predicted error plus codec.least_gain times the rate",
             least_gain},
    RateRule{"target_psnr", "as few as are predicted to reach codec.target_psnr_db", target_psnr},
};

}  // namespace

std::span<const RateRule> rate_rules() { return kRules; }

const RateRule& find_rate_rule(const std::string& name) {
  for (const RateRule& rule : kRules)
    if (rule.name == name) return rule;
  throw Error(ErrorCode::bad_scenario, "codec.rate = " + name + ": no such rule");
}

}  // namespace semlink::adaptive
