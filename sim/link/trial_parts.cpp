#include <semlink/link/trial_parts.h>

#include <cmath>
#include <limits>
#include <string>

#include <semlink/core/energy.h>
#include <semlink/core/error.h>

namespace semlink {

double papr_db(const Symbols& x) {
  const double mean = energy_of(x) / static_cast<double>(x.size());
  return mean > 0 ? 10 * std::log10(x.cwiseAbs2().maxCoeff() / mean) : std::numeric_limits<double>::quiet_NaN();
}

void require_finite(bool finite, const char* what, const Link& link, const TrialRng& rng) {
  if (finite) return;
  throw Error(ErrorCode::non_finite, std::string(what) + " is not finite: seed " + std::to_string(rng.seed) + ", " +
                                         (link.point_name.empty() ? "channel.snr_db = " + std::to_string(link.point.snr_db)
                                                                  : link.point_name) +
                                         ", trial " + std::to_string(rng.trial));
}

}  // namespace semlink
