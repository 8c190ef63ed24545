#pragma once

#include <cstdint>

#include <semlink/record/weights.h>

namespace semlink::train {

/// A deeper network that computes the same: `encoder_blocks` and `decoder_blocks` more blocks stand behind the old ones
/// of each half, their residual branches start at zero, and their exits start as copies of the half's old last exit
/// (function-preserving growth; Chen, Goodfellow and Shlens 2016, "Net2Net"). Gates of exits that had none are
/// untrained. `seed` fills the inner matrices of the new blocks. The checksum stays that of `shallow`.
/// Throws Error(bad_scenario) when the deeper network is out of range, or plans its depth.
LoadedWeights deepen(const LoadedWeights& shallow, Index encoder_blocks, Index decoder_blocks, std::uint64_t seed);

/// The same network with the mechanism of depth, its share and the aggregate of `wanted`; `seed` fills the gates. With
/// them open it computes what `plain` does. Throws Error(bad_scenario) when `plain` has a mechanism already.
LoadedWeights add_depth(const LoadedWeights& plain, const adaptive::NetworkConfig& wanted, std::uint64_t seed);

/// The same network with a rate gate, which is untrained; `seed` fills it. A network that has one stays as it is.
LoadedWeights add_rate_gate(const LoadedWeights& plain, std::uint64_t seed);

}  // namespace semlink::train
