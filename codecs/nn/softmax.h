#pragma once

#include <algorithm>
#include <cmath>

#include <semlink/core/types.h>

namespace semlink::nn {

/// Softmax of `count` adjacent numbers, at least one, into `out`, which may be `x`; returns ln sum exp.
template <typename T>
T softmax(const T* x, Index count, T* out) {
  const T largest = *std::max_element(x, x + count);
  T sum = 0;
  for (Index i = 0; i < count; ++i) sum += out[i] = std::exp(x[i] - largest);
  for (Index i = 0; i < count; ++i) out[i] /= sum;
  return largest + std::log(sum);
}

}  // namespace semlink::nn
