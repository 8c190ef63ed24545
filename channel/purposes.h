#pragma once

#include <semlink/core/rng.h>

namespace semlink {

/// Random streams of channels beyond Purpose::fade and Purpose::noise.
inline constexpr Purpose kBurstPurpose{16};         ///< bursts, impulses, losses, flipped bits
inline constexpr Purpose kInterferencePurpose{17};  ///< what other transmitters send
inline constexpr Purpose kOffsetPurpose{20};        ///< delay, carrier frequency and phase that a receiver must find
inline constexpr Purpose kReportedFadePurpose{21};  ///< what differs in the fade that a late report is of
inline constexpr Purpose kReportErrorPurpose{22};   ///< what is wrong with such a report

}  // namespace semlink
