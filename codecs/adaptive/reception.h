#pragma once

#include <span>

#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Reals by which one received token is described to the decoder: [3 max_width]. First the real and imaginary parts of
/// its symbols, shrunk by their reliability r = 1 / (1 + noise variance), the linear MMSE estimate of a unit-power
/// symbol; then r itself, one per symbol. What was not sent is zero. `symbols` and `noise_var` hold the `width` symbols
/// of the token, noise variance per complex symbol; `out` holds 3 max_width reals.
void describe_token(std::span<const Complex> symbols, std::span<const float> noise_var, Index max_width, float* out);

}  // namespace semlink::adaptive
