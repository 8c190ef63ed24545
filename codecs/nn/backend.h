#pragma once

#include <semlink/codecs/nn/kernels/convolution.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/core/types.h>

/// One set of names for the arithmetic under the operations: in float the kernels, in double plain loops over Eigen,
/// which serve gradient checks and are the reference that the kernels are tested against.
namespace semlink::nn::backend {

using kernels::ConvolutionShape;
using kernels::Precision;

void product(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc, const double* bias, bool accumulate, Precision precision);
void gelu(const double* x, double* y, Index size);
void gelu_backward(const double* x, const double* g_y, double* g_x, Index size);
void prelu(const double* x, double slope, double* y, Index size);
double prelu_backward(const double* x, const double* g_y, double slope, double* g_x, Index size);
void convolve_down(const ConvolutionShape& shape, const double* large, const double* weight, bool transposed,
                   const double* bias, double* small, bool accumulate);
void convolve_up(const ConvolutionShape& shape, const double* small, const double* weight, bool transposed,
                 const double* bias, double* large, bool accumulate);
void convolution_gradient(const ConvolutionShape& shape, const double* large, const double* small, double* g_weight);
void normalize_rows(const double* x, Index rows, Index cols, double epsilon, double* y, double* rstd);
void normalize_rows_backward(const double* y, const double* rstd, const double* g_y, Index rows, Index cols,
                             double* g_x);
void attention(Index tq, Index tk, Index head_dim, double scale, const double* q, Index ldq, const double* k, Index ldk,
               const double* v, Index ldv, const double* bias, double* probs, double* out, Index ldo);
void attention_backward(Index tq, Index tk, Index head_dim, double scale, const double* q, Index ldq, const double* k,
                        Index ldk, const double* v, Index ldv, const double* probs, const double* g_out, Index ldgo,
                        double* g_q, double* g_k, double* g_v, double* g_bias);

using kernels::attention;
using kernels::attention_backward;
using kernels::convolution_gradient;
using kernels::convolve_down;
using kernels::convolve_up;
using kernels::gelu;
using kernels::gelu_backward;
using kernels::normalize_rows;
using kernels::normalize_rows_backward;
using kernels::prelu;
using kernels::prelu_backward;
using kernels::product;

}  // namespace semlink::nn::backend
