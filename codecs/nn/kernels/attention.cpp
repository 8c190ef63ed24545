#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/attention.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>
#include <semlink/codecs/nn/kernels/math-inl.h>
#include <semlink/codecs/nn/kernels/scratch.h>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

/// Replaces every row x by softmax(scale x + bias); `bias` may be null.
void softmax_rows(Index rows, Index cols, float scale, const float* bias, float* x) {
  const auto lowest = constant(hwy::LowestValue<float>()), factor = constant(scale);
  for (Index row = 0; row < rows; ++row, x += cols, bias += bias != nullptr ? cols : 0) {
    auto top = lowest;
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto shift = bias != nullptr ? load(bias + i, count) : hn::Zero(Lanes());
      const auto score = hn::MulAdd(factor, load(x + i, count), shift);
      store(score, x + i, count);
      top = hn::Max(top, hn::IfThenElse(first_lanes(count), score, lowest));
    });
    const auto highest = constant(max_of(top));
    auto sum = hn::Zero(Lanes());
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto power =
          hn::IfThenElseZero(first_lanes(count), exp_of_nonpositive(hn::Sub(load(x + i, count), highest)));
      store(power, x + i, count);
      sum = hn::Add(sum, power);
    });
    const auto share = constant(1.0f / sum_of(sum));
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR { store(hn::Mul(load(x + i, count), share), x + i, count); });
  }
}

/// From the gradient `g` at the softmax to that at its argument: g_x = p (g - sum(p g)) per row. Adds it to `g_bias`
/// when that is not null, and leaves scale g_x in `g`.
void softmax_rows_backward(Index rows, Index cols, float scale, const float* p, float* g, float* g_bias) {
  const auto factor = constant(scale);
  for (Index row = 0; row < rows; ++row, p += cols, g += cols, g_bias += g_bias != nullptr ? cols : 0) {
    auto sum = hn::Zero(Lanes());
    for_vectors(cols,
                [&](Index i, Index count) HWY_ATTR { sum = hn::MulAdd(load(p + i, count), load(g + i, count), sum); });
    const auto mean = constant(sum_of(sum));
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto g_x = hn::Mul(load(p + i, count), hn::Sub(load(g + i, count), mean));
      if (g_bias != nullptr) store(hn::Add(load(g_bias + i, count), g_x), g_bias + i, count);
      store(hn::Mul(factor, g_x), g + i, count);
    });
  }
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(softmax_rows);
HWY_EXPORT(softmax_rows_backward);

void attention(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k, Index ldk,
               const float* v, Index ldv, const float* bias, float* probs, float* out, Index ldo) {
  product(false, true, tq, tk, head_dim, q, ldq, k, ldk, probs, tk, nullptr, false, Precision::f32);
  HWY_DYNAMIC_DISPATCH(softmax_rows)(tq, tk, scale, bias, probs);
  product(false, false, tq, head_dim, tk, probs, tk, v, ldv, out, ldo, nullptr, false, Precision::f32);
}

void attention_backward(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k,
                        Index ldk, const float* v, Index ldv, const float* probs, const float* g_out, Index ldgo,
                        float* g_q, float* g_k, float* g_v, float* g_bias) {
  float* g_scores = scratch(Slot::attention, tq * tk);
  product(true, false, tk, head_dim, tq, probs, tk, g_out, ldgo, g_v, ldv, nullptr, true, Precision::f32);
  product(false, true, tq, tk, head_dim, g_out, ldgo, v, ldv, g_scores, tk, nullptr, false, Precision::f32);
  HWY_DYNAMIC_DISPATCH(softmax_rows_backward)(tq, tk, scale, probs, g_scores, g_bias);
  product(false, false, tq, head_dim, tk, g_scores, tk, k, ldk, g_q, ldq, nullptr, true, Precision::f32);
  product(true, false, tk, head_dim, tq, g_scores, tk, q, ldq, g_k, ldk, nullptr, true, Precision::f32);
}

}  // namespace semlink::kernels
#endif  // HWY_ONCE
