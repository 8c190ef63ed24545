#pragma once

#include <gtest/gtest.h>

#include <limits>

#include <semlink/core/types.h>

namespace semlink::test {

/// Real inner product of two complex vectors, Re sum conj(a) b: the one for which dL = <gradient, dx>.
inline double inner(const Symbols& a, const Symbols& b) {
  return a.cast<std::complex<double>>().conjugate().cwiseProduct(b.cast<std::complex<double>>()).sum().real();
}

inline double inner_of_magnitudes(const Symbols& a, const Symbols& b) {
  return a.cwiseAbs().cast<double>().cwiseProduct(b.cwiseAbs().cast<double>()).sum();
}

/// States that `pullback` is the adjoint of the affine map `forward`: <g, J d> = <pullback(g), d>, with J d = forward(x
/// + d) - forward(x). The tolerance is the rounding of float in the two values whose difference is J d.
template <typename Forward, typename Pullback>
void expect_adjoint(const Forward& forward, const Pullback& pullback, const Symbols& x, const Symbols& d,
                    const Symbols& g) {
  const Symbols moved = forward(x + d);
  const Symbols start = forward(x);
  const double rounding =
      4 * std::numeric_limits<float>::epsilon() * (inner_of_magnitudes(g, moved) + inner_of_magnitudes(g, start));
  EXPECT_NEAR(inner(g, moved - start), inner(pullback(g), d), rounding);
}

}  // namespace semlink::test
