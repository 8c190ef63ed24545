#pragma once

// Which instruction sets the kernels and decoders are compiled for; to be included before any Highway header. Left out:
// vectors of unknown length (tiles and rows are arrays of vectors; such processors have NEON too), SSSE3 (SSE4 is as
// old), and AVX3_DL: Highway 1.0.3 does not compile where it is the compiler's own baseline, as on Intel processors from
// Sapphire Rapids on, and the kernels use none of its instructions.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
