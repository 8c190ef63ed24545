#pragma once

namespace semlink::kernels {

/// What this core reaches with nothing but float multiply-adds on full vectors in registers [FLOP/s of processor time].
/// The best of several short runs: other work on the machine only lowers it.
double fma_peak();

}  // namespace semlink::kernels
