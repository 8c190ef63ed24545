#pragma once

#include <span>
#include <string>
#include <string_view>

#include <semlink/core/types.h>

namespace semlink::adaptive {

/// What a rule reads to decide how many symbols per token an image is worth.
struct RateQuery {
  std::span<const double> mse;  ///< predicted for widths 1, 2, ..., values in [0, 1]; never empty
  double ratio_per_width = 0;   ///< channel uses of one more symbol per token over source reals
  double least_gain = 0;        ///< decrease of the squared error of 8-bit values per 0.01 of bandwidth ratio
  double target_psnr_db = 0;
};

/// How an image gets its number of symbols per token, up to what the budget allows.
struct RateRule {
  std::string_view name;
  std::string_view help;
  /// In [1, query.mse.size()]; null for as many as fit, which needs no prediction.
  Index (*width)(const RateQuery& query);
};

/// All there are, one line each.
std::span<const RateRule> rate_rules();
/// Throws Error(bad_scenario) for a name there is not.
const RateRule& find_rate_rule(const std::string& name);

}  // namespace semlink::adaptive
