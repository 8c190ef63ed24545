#include <semlink/record/block_check.h>

#include <algorithm>
#include <cmath>

#include <semlink/sweep/blocks.h>

namespace semlink {

namespace {

constexpr std::int64_t kMaxTrials = std::int64_t{1} << 50;  // of a point

}  // namespace

bool is_sane_block(const TrialSums& sums) {
  if (sums.num_trials < 1 || sums.num_trials > block_of(kMaxTrials).count) return false;
  for (const Moments& moments : sums.columns)
    if (moments.count < 0 || moments.count > sums.num_trials || !std::isfinite(moments.sum) ||
        !(moments.sum_squares >= 0) || !std::isfinite(moments.sum_squares))
      return false;
  const auto finite = [](double value) { return std::isfinite(value); };
  return std::all_of(sums.ledger.sums.begin(), sums.ledger.sums.end(), finite) &&
         std::all_of(sums.ledger.products.begin(), sums.ledger.products.end(), finite) &&
         sums.ledger.max_payload_error >= 0;
}

}  // namespace semlink
