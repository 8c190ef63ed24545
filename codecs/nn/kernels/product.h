#pragma once

#include <semlink/core/types.h>

namespace semlink::kernels {

/// The arguments of `product` in one piece, as the code of each instruction set receives them.
struct ProductArgs {
  bool transpose_a, transpose_b;
  Index m, n, k;
  const float* a;
  Index lda;
  const float* b;
  Index ldb;
  float* c;
  Index ldc;
  const float* bias;
  bool accumulate;
  const float* packed = nullptr;  ///< all of B in the order of this instruction set; null when it is still to be packed
};

}  // namespace semlink::kernels
