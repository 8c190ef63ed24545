#pragma once

#include <cmath>

#include <semlink/codecs/nn/operations.h>
#include <semlink/core/rng.h>

namespace semlink::nn {

/// Uniform in the open interval (0, 1).
inline double open_uniform(Stream& stream) { return stream.uniform() + 0x1p-54; }

/// Standard Gumbel: -ln(-ln u).
inline double gumbel(Stream& stream) { return -std::log(-std::log(open_uniform(stream))); }

/// Standard logistic, the difference of two Gumbels: ln u / (1 - u).
inline double logistic(Stream& stream) {
  const double u = open_uniform(stream);
  return std::log(u) - std::log1p(-u);
}

/// x plus a draw per entry, row by row; x itself where there is no stream.
template <typename T, typename Draw>
Var<T> add_noise(Context<T>& context, const Var<T>& x, Stream* stream, Draw draw) {
  if (stream == nullptr) return x;
  RowMatrix<T> noise(x.rows(), x.cols());
  for (Index i = 0; i < noise.size(); ++i) noise.data()[i] = static_cast<T>(draw(*stream));
  return add(context, x, input<T>(context, noise));
}

/// 1 where an entry is positive, else 0.
template <typename T>
RowMatrix<T> positive(const Var<T>& x) {
  return (x.value().array() > T(0)).template cast<T>();
}

}  // namespace semlink::nn
