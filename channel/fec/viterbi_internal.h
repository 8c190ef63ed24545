#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <semlink/core/types.h>

namespace semlink::viterbi {

inline constexpr Index kStates = 64;

/// Path metrics of the 64 states, modulo 2^16: only differences mean anything.
using Metrics = std::array<std::int16_t, kStates>;

/// Largest magnitude of a soft bit. Two paths into one time differ by at most 6 steps * 2 * 3 outputs * this, which
/// with the start's penalty stays under 2^15.
inline constexpr int kMaxSoftBit = 400;
/// What a state that cannot be the start has to make up for: more than any path can gain.
inline constexpr int kStartPenalty = 15000;

/// Add, compare, select over all states of a K=7 code, for `soft.size() / generators.size()` steps. `soft` holds one
/// value per code bit, positive for bit 0. A state is the last six bits, the newest at binary place 5; every generator
/// has taps at places 0 and 6. Bit n of `decisions[step]` is the lowest bit of the state before state n. `metrics` are
/// those of the start and become those of the end.
void forward(std::span<const std::int16_t> soft, std::span<const unsigned> generators, Metrics& metrics,
             std::uint64_t* decisions);

}  // namespace semlink::viterbi
