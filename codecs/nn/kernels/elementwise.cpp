#include <semlink/codecs/nn/kernels/kernels.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace semlink::kernels {

void gelu(const float* x, float* y, Index size) {
  for (Index i = 0; i < size; ++i) y[i] = 0.5f * x[i] * std::erfc(-x[i] / std::numbers::sqrt2_v<float>);
}

void gelu_backward(const float* x, const float* g_y, float* g_x, Index size) {
  constexpr float density_at_zero = 0.3989422804f;
  for (Index i = 0; i < size; ++i) {
    const float cdf = 0.5f * std::erfc(-x[i] / std::numbers::sqrt2_v<float>);
    g_x[i] += g_y[i] * (cdf + x[i] * density_at_zero * std::exp(-0.5f * x[i] * x[i]));
  }
}

void normalize_rows(const float* x, Index rows, Index cols, float epsilon, float* y, float* rstd) {
  for (Index i = 0; i < rows; ++i, x += cols, y += cols) {
    float mean = 0, var = 0;
    for (Index j = 0; j < cols; ++j) mean += x[j] / cols;
    for (Index j = 0; j < cols; ++j) var += (x[j] - mean) * (x[j] - mean) / cols;
    rstd[i] = 1 / std::sqrt(var + epsilon);
    for (Index j = 0; j < cols; ++j) y[j] = (x[j] - mean) * rstd[i];
  }
}

void normalize_rows_backward(const float* y, const float* rstd, const float* g_y, Index rows, Index cols, float* g_x) {
  for (Index i = 0; i < rows; ++i, y += cols, g_y += cols, g_x += cols) {
    float mean_g = 0, mean_gy = 0;
    for (Index j = 0; j < cols; ++j) mean_g += g_y[j] / cols, mean_gy += g_y[j] * y[j] / cols;
    for (Index j = 0; j < cols; ++j) g_x[j] += rstd[i] * (g_y[j] - mean_g - y[j] * mean_gy);
  }
}

void attention(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k, Index ldk,
               const float* v, Index ldv, const float* bias, float* probs, float* out, Index ldo) {
  product(false, true, tq, tk, head_dim, q, ldq, k, ldk, probs, tk, nullptr, false, Precision::f32);
  for (Index i = 0; i < tq; ++i) {
    float* row = probs + i * tk;
    for (Index j = 0; j < tk; ++j) row[j] = scale * row[j] + (bias ? bias[i * tk + j] : 0);
    const float top = tk > 0 ? *std::max_element(row, row + tk) : 0;
    float sum = 0;
    for (Index j = 0; j < tk; ++j) sum += row[j] = std::exp(row[j] - top);
    for (Index j = 0; j < tk; ++j) row[j] /= sum;
  }
  product(false, false, tq, head_dim, tk, probs, tk, v, ldv, out, ldo, nullptr, false, Precision::f32);
}

void attention_backward(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k,
                        Index ldk, const float* v, Index ldv, const float* probs, const float* g_out, Index ldgo, float* g_q,
                        float* g_k, float* g_v, float* g_bias) {
  std::vector<float> g_scores(tq * tk);
  product(true, false, tk, head_dim, tq, probs, tk, g_out, ldgo, g_v, ldv, nullptr, true, Precision::f32);
  product(false, true, tq, tk, head_dim, g_out, ldgo, v, ldv, g_scores.data(), tk, nullptr, false, Precision::f32);
  for (Index i = 0; i < tq; ++i) {
    const float* p = probs + i * tk;
    float* g = g_scores.data() + i * tk;
    float dot = 0;
    for (Index j = 0; j < tk; ++j) dot += p[j] * g[j];
    for (Index j = 0; j < tk; ++j) {
      g[j] = p[j] * (g[j] - dot);
      if (g_bias) g_bias[i * tk + j] += g[j];
      g[j] *= scale;
    }
  }
  product(false, false, tq, head_dim, tk, g_scores.data(), tk, k, ldk, g_q, ldq, nullptr, true, Precision::f32);
  product(true, false, tk, head_dim, tq, g_scores.data(), tk, q, ldq, g_k, ldk, nullptr, true, Precision::f32);
}

void adam(const AdamStep& step, Index size, const float* gradient, float* parameter, float* moment1, float* moment2) {
  for (Index i = 0; i < size; ++i) {
    moment1[i] = step.beta1 * moment1[i] + (1 - step.beta1) * gradient[i];
    moment2[i] = step.beta2 * moment2[i] + (1 - step.beta2) * gradient[i] * gradient[i];
    const float denominator = std::sqrt(moment2[i] / step.correction2) + step.epsilon;
    parameter[i] -= step.rate * (moment1[i] / step.correction1 / denominator + step.weight_decay * parameter[i]);
  }
}

}  // namespace semlink::kernels
