#pragma once

#include <string_view>

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// Which sample of a finite set a trial takes.
enum class SampleOrder {
  file,      ///< trial t takes sample t mod N
  shuffled,  ///< the same after a random permutation, a new one for every N trials
};

/// Throws Error(bad_scenario) for anything but `file` and `shuffled`.
SampleOrder parse_sample_order(std::string_view text);

/// Index in [0, num_samples) of the trial's sample; num_samples >= 1. Trials e N ... e N + N - 1 visit every sample
/// once in both orders. The permutation is a function of seed, salt and e alone (a swap-or-not shuffle with Philox
/// keys; Hoang, Morris and Rogaway 2012), so no table is kept and a single trial can be replayed.
Index sample_index(SampleOrder order, Index num_samples, const TrialRng& rng);

}  // namespace semlink
