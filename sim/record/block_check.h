#pragma once

#include <semlink/sweep/statistics.h>

namespace semlink {

/// Whether sums that were read from a file can be those of a block: trials as many as fit, counts within them, finite sums.
bool is_sane_block(const TrialSums& sums);

}  // namespace semlink
