#pragma once

#include <semlink/link/link.h>

namespace semlink {

/// Largest |x|^2 over its mean in dB; NaN without power.
double papr_db(const Symbols& x);

/// Throws Error(non_finite), naming seed, point and trial, unless `finite`.
void require_finite(bool finite, const char* what, const Link& link, const TrialRng& rng);

}  // namespace semlink
