// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_MATH_INL_H_
#undef SEMLINK_KERNELS_MATH_INL_H_
#else
#define SEMLINK_KERNELS_MATH_INL_H_
#endif

#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// e^x for x <= 0, with a relative error below 2e-7; 0 below -87.3, where the normal floats end. A NaN stays one.
HWY_INLINE Vector exp_of_nonpositive(Vector x) {
  const Lanes d;
  const hn::Repartition<std::uint32_t, Lanes> d32;
  const auto lowest = constant(-87.3f);
  // x = n ln 2 + r. Adding 1.5 * 2^23 + 127 leaves n + 127, the exponent of 2^n, in the lowest bits of the sum; ln 2 is
  // split so that n times its upper part is exact.
  const auto shift = constant(12583039.0f);
  const auto shifted = hn::MulAdd(hn::Max(x, lowest), constant(1.44269504f), shift);
  const auto n = hn::Sub(shifted, shift);
  auto r = hn::NegMulAdd(n, constant(0.693359375f), x);
  r = hn::NegMulAdd(n, constant(-2.12194440e-4f), r);
  // e^r = 1 + r + r^2 q(r): q has the smallest maximal relative error (3e-9) on |r| <= ln 2 / 2, found by Lawson's
  // method.
  auto q = hn::MulAdd(constant(1.381446627e-3f), r, constant(8.368780475e-3f));
  q = hn::MulAdd(q, r, constant(4.166839423e-2f));
  q = hn::MulAdd(q, r, constant(0.1666652011f));
  q = hn::MulAdd(q, r, constant(0.4999999341f));
  const auto power = hn::Add(hn::MulAdd(q, hn::Mul(r, r), r), constant(1.0f));
  const auto value = hn::Mul(power, hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(d32, shifted))));
  return hn::IfThenElse(hn::Lt(x, lowest), hn::Zero(d), value);
}

/// The standard normal distribution at x.
struct Normal {
  Vector density, cdf;
};

/// cdf(-t) = exp(-t^2 / 2) m(t) for t >= 0, where m (half of erfcx) is a polynomial in 1 / (1 + 0.36 t) of relative
/// error below 9e-7 (coefficients found by Lawson's method on t <= 14); the tail is 0 beyond 13.2, where floats end.
HWY_INLINE Normal normal(Vector x) {
  const auto t = hn::Abs(x);
  const auto bell = exp_of_nonpositive(hn::Mul(hn::Mul(x, x), constant(-0.5f)));
  const auto s = hn::Div(constant(1.0f), hn::MulAdd(constant(0.36f), t, constant(1.0f)));
  auto m = hn::MulAdd(constant(4.705605604e-2f), s, constant(-0.1797639093f));
  m = hn::MulAdd(m, s, constant(0.1809529802f));
  m = hn::MulAdd(m, s, constant(2.655000038e-2f));
  m = hn::MulAdd(m, s, constant(0.1397190359f));
  m = hn::MulAdd(m, s, constant(0.1417724912f));
  m = hn::MulAdd(m, s, constant(0.1437130431f));
  const auto tail = hn::Mul(hn::Mul(m, s), bell);
  const auto cdf = hn::IfThenElse(hn::Lt(x, constant(0.0f)), tail, hn::Sub(constant(1.0f), tail));
  return {hn::Mul(bell, constant(0.3989422804f)), cdf};
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_MATH_INL_H_
