#pragma once

#include <cstdint>

#include <semlink/core/types.h>

/// Single-precision kernels under the neural layers: every product and every element-wise pass over activations goes
/// through here, so that one file can be replaced without touching a layer. Matrices are row-major with a row stride
/// (`ld*`, in elements). Results do not depend on the number of threads or on addresses.
namespace semlink::kernels {

/// Arithmetic of a product's factors; sums are always float. bf16 rounds both factors to nearest even.
enum class Precision { f32, bf16 };

/// C[m, n] = (accumulate ? C : 0) + op(A)[m, k] op(B)[k, n], plus bias[n] on every row when `bias` is not null.
/// op is the transpose when the flag is set: A is then stored [k, m], B is stored [n, k]. Products are added in order
/// of k (bf16: pair by pair), starting from C or the bias: an entry's bits depend on its row of A and column of B only,
/// not on the sizes or the storage of the rest. Any size may be 0.
void product(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const float* a, Index lda, const float* b,
             Index ldb, float* c, Index ldc, const float* bias, bool accumulate, Precision precision);

/// y = x Phi(x) (Hendrycks and Gimpel 2016) with the normal distribution itself, not its tanh approximation: the error
/// is below 2e-7 + 2 eps |y|. Infinite x: +inf gives +inf, -inf gives NaN.
void gelu(const float* x, float* y, Index size);
/// g_x += g_y gelu'(x), gelu' having an error below 5e-7.
void gelu_backward(const float* x, const float* g_y, float* g_x, Index size);

/// y = x where x > 0, else slope x (He et al. 2015, eq. 1, one slope for all channels).
void prelu(const float* x, float slope, float* y, Index size);
/// g_x += g_y where x > 0, else slope g_y. Returns the slope's own gradient, the sum of g_y x over x <= 0.
float prelu_backward(const float* x, const float* g_y, float slope, float* g_x, Index size);

/// y = (x - mean) / sqrt(var + epsilon) per row; keeps 1/sqrt(var + epsilon) per row in `rstd`. Ba et al. 2016, without
/// gain and bias (those are a separate scale and shift).
void normalize_rows(const float* x, Index rows, Index cols, float epsilon, float* y, float* rstd);
/// g_x += rstd (g_y - mean(g_y) - y mean(g_y y)) per row.
void normalize_rows_backward(const float* y, const float* rstd, const float* g_y, Index rows, Index cols, float* g_x);

/// One head of attention over one window: out[tq, dv] = softmax(scale q k^T + bias) v, rows of q and k being tokens.
/// bias [tq, tk] contiguous, may be null; minus infinity excludes a token, but not all of a row. probs [tq, tk]
/// contiguous receives the softmax (needed by the backward pass). out is overwritten. head_dim is the width of q, k and
/// v.
void attention(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k, Index ldk,
               const float* v, Index ldv, const float* bias, float* probs, float* out, Index ldo);
/// Adds to g_q, g_k, g_v (strides as q, k, v) and, when not null, to g_bias [tq, tk].
void attention_backward(Index tq, Index tk, Index head_dim, float scale, const float* q, Index ldq, const float* k,
                        Index ldk, const float* v, Index ldv, const float* probs, const float* g_out, Index ldgo,
                        float* g_q, float* g_k, float* g_v, float* g_bias);

/// One pass of Adam with decoupled weight decay (Loshchilov and Hutter 2019): updates parameter and both moments.
struct AdamStep {
  float rate, beta1, beta2, epsilon, weight_decay;
  float correction1, correction2;  ///< 1 - beta^step
};
void adam(const AdamStep& step, Index size, const float* gradient, float* parameter, float* moment1, float* moment2);

/// Name of the instruction set in use ("AVX3_ZEN4", "AVX2", ...), and whether it multiplies bf16 natively.
const char* level();
bool has_bf16();

}  // namespace semlink::kernels
