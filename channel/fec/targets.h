#pragma once

// Which instruction sets the decoders are compiled for; to be included before any Highway header. Left out: vectors of
// unknown length (rows of vectors are arrays; such processors have NEON too) and SSSE3 (SSE4 is as old).
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
