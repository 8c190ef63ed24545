#pragma once

#include <semlink/channel/bit_transport.h>
#include <semlink/core/types.h>
#include <semlink/link/trial_result.h>

namespace semlink {

/// Fills the fields of `result` on bits and blocks: `sent` against `decided`, of which missing ones count as 0, in
/// blocks of `block_bits`, the last of which may be shorter. `received` tells what the decoder said of its blocks.
void measure_bits(const Bits& sent, const Bits& decided, Index block_bits, const ReceivedBits& received,
                  TrialResult& result);

}  // namespace semlink
