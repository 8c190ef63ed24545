#pragma once

#include <span>
#include <vector>

#include <semlink/channel/fec/polar_code.h>
#include <semlink/core/types.h>

namespace semlink {

/// Successive-cancellation list decoding of a polar code (Tal and Vardy 2015, with the path metric of
/// Balatsoukas-Stimming et al. 2015, exact): the info bits of at most `list_size` paths, the likeliest first. `llrs`
/// and `kinds` are [N], N a power of two; a parity bit is the running parity of TS 38.212 section 5.3.1.2.
std::vector<Bits> polar_list(std::vector<float> llrs, std::span<const PolarBit> kinds, Index list_size);

}  // namespace semlink
