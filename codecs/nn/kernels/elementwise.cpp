#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/elementwise.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>
#include <semlink/codecs/nn/kernels/math-inl.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

void gelu_all(const float* x, float* y, Index size) {
  for_vectors(size, [&](Index i, Index count) HWY_ATTR {
    const auto at = load(x + i, count);
    store(hn::Mul(at, normal(at).cdf), y + i, count);
  });
}

void gelu_backward_all(const float* x, const float* g_y, float* g_x, Index size) {
  for_vectors(size, [&](Index i, Index count) HWY_ATTR {
    const auto at = load(x + i, count);
    const Normal phi = normal(at);
    const auto slope = hn::MulAdd(at, phi.density, phi.cdf);
    store(hn::MulAdd(load(g_y + i, count), slope, load(g_x + i, count)), g_x + i, count);
  });
}

void prelu_all(const float* x, float slope, float* y, Index size) {
  const auto zero = constant(0), factor = constant(slope);
  for_vectors(size, [&](Index i, Index count) HWY_ATTR {
    const auto at = load(x + i, count);
    store(hn::IfThenElse(hn::Gt(at, zero), at, hn::Mul(factor, at)), y + i, count);
  });
}

float prelu_backward_all(const float* x, const float* g_y, float slope, float* g_x, Index size) {
  const auto zero = constant(0), factor = constant(slope);
  auto sum = hn::Zero(Lanes());
  for_vectors(size, [&](Index i, Index count) HWY_ATTR {
    const auto at = load(x + i, count), g = load(g_y + i, count);
    const auto is_positive = hn::Gt(at, zero);
    sum = hn::Add(sum, hn::IfThenZeroElse(is_positive, hn::Mul(g, at)));
    store(hn::Add(load(g_x + i, count), hn::IfThenElse(is_positive, g, hn::Mul(factor, g))), g_x + i, count);
  });
  return sum_of(sum);
}

void normalize(const float* x, Index rows, Index cols, float epsilon, float* y, float* rstd) {
  const Lanes d;
  const float share = 1.0f / static_cast<float>(cols);
  for (Index row = 0; row < rows; ++row, x += cols, y += cols) {
    auto sum = hn::Zero(d);
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR { sum = hn::Add(sum, load(x + i, count)); });
    const auto mean = constant(sum_of(sum) * share);
    auto squares = hn::Zero(d);
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto centred = hn::IfThenElseZero(first_lanes(count), hn::Sub(load(x + i, count), mean));
      squares = hn::MulAdd(centred, centred, squares);
    });
    rstd[row] = 1.0f / std::sqrt(sum_of(squares) * share + epsilon);
    const auto scale = constant(rstd[row]);
    for_vectors(cols, [&](Index i, Index count)
                          HWY_ATTR { store(hn::Mul(hn::Sub(load(x + i, count), mean), scale), y + i, count); });
  }
}

void normalize_backward(const float* y, const float* rstd, const float* g_y, Index rows, Index cols, float* g_x) {
  const Lanes d;
  const float share = 1.0f / static_cast<float>(cols);
  for (Index row = 0; row < rows; ++row, y += cols, g_y += cols, g_x += cols) {
    auto sum_g = hn::Zero(d), sum_gy = hn::Zero(d);
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto g = load(g_y + i, count);
      sum_g = hn::Add(sum_g, g);
      sum_gy = hn::MulAdd(g, load(y + i, count), sum_gy);
    });
    const auto mean_g = constant(sum_of(sum_g) * share), mean_gy = constant(sum_of(sum_gy) * share);
    const auto scale = constant(rstd[row]);
    for_vectors(cols, [&](Index i, Index count) HWY_ATTR {
      const auto rest = hn::NegMulAdd(load(y + i, count), mean_gy, hn::Sub(load(g_y + i, count), mean_g));
      store(hn::MulAdd(scale, rest, load(g_x + i, count)), g_x + i, count);
    });
  }
}

void adam_all(const AdamStep& step, Index size, const float* gradient, float* parameter, float* moment1,
              float* moment2) {
  const auto beta1 = constant(step.beta1), other1 = constant(1 - step.beta1);
  const auto beta2 = constant(step.beta2), other2 = constant(1 - step.beta2);
  const auto unbias1 = constant(1 / step.correction1), unbias2 = constant(1 / step.correction2);
  const auto epsilon = constant(step.epsilon), rate = constant(step.rate), decay = constant(step.weight_decay);
  for_vectors(size, [&](Index i, Index count) HWY_ATTR {
    const auto g = load(gradient + i, count), p = load(parameter + i, count);
    const auto m1 = hn::MulAdd(beta1, load(moment1 + i, count), hn::Mul(other1, g));
    const auto m2 = hn::MulAdd(beta2, load(moment2 + i, count), hn::Mul(other2, hn::Mul(g, g)));
    store(m1, moment1 + i, count);
    store(m2, moment2 + i, count);
    const auto scale = hn::Add(hn::Sqrt(hn::Mul(m2, unbias2)), epsilon);
    const auto change = hn::MulAdd(decay, p, hn::Div(hn::Mul(m1, unbias1), scale));
    store(hn::NegMulAdd(rate, change, p), parameter + i, count);
  });
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(gelu_all);
HWY_EXPORT(gelu_backward_all);
HWY_EXPORT(prelu_all);
HWY_EXPORT(prelu_backward_all);
HWY_EXPORT(normalize);
HWY_EXPORT(normalize_backward);
HWY_EXPORT(adam_all);

void gelu(const float* x, float* y, Index size) { HWY_DYNAMIC_DISPATCH(gelu_all)(x, y, size); }

void gelu_backward(const float* x, const float* g_y, float* g_x, Index size) {
  HWY_DYNAMIC_DISPATCH(gelu_backward_all)(x, g_y, g_x, size);
}

void prelu(const float* x, float slope, float* y, Index size) { HWY_DYNAMIC_DISPATCH(prelu_all)(x, slope, y, size); }

float prelu_backward(const float* x, const float* g_y, float slope, float* g_x, Index size) {
  return HWY_DYNAMIC_DISPATCH(prelu_backward_all)(x, g_y, slope, g_x, size);
}

void normalize_rows(const float* x, Index rows, Index cols, float epsilon, float* y, float* rstd) {
  HWY_DYNAMIC_DISPATCH(normalize)(x, rows, cols, epsilon, y, rstd);
}

void normalize_rows_backward(const float* y, const float* rstd, const float* g_y, Index rows, Index cols, float* g_x) {
  HWY_DYNAMIC_DISPATCH(normalize_backward)(y, rstd, g_y, rows, cols, g_x);
}

void adam(const AdamStep& step, Index size, const float* gradient, float* parameter, float* moment1, float* moment2) {
  HWY_DYNAMIC_DISPATCH(adam_all)(step, size, gradient, parameter, moment1, moment2);
}

}  // namespace semlink::kernels
#endif  // HWY_ONCE
