#pragma once

#include <cstdint>

#include <semlink/record/weights.h>

namespace semlink::train {

/// A deeper network that computes the same: `encoder_blocks` and `decoder_blocks` more blocks stand behind the old ones
/// of each half, their residual branches start at zero, and their exits start as copies of the half's old last exit
/// (function-preserving growth; Chen, Goodfellow and Shlens 2016, "Net2Net"). Gates of exits that had none are
/// untrained. `seed` fills the inner matrices of the new blocks. The checksum stays that of `shallow`.
/// Throws Error(bad_scenario) when the deeper network is out of range.
LoadedWeights deepen(const LoadedWeights& shallow, Index encoder_blocks, Index decoder_blocks, std::uint64_t seed);

}  // namespace semlink::train
