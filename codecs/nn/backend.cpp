#include <semlink/codecs/nn/backend.h>

#include <cmath>
#include <numbers>

namespace semlink::nn::backend {

namespace {

using Stride = Eigen::OuterStride<>;
using View = Eigen::Map<RowMatrix<double>, 0, Stride>;
using ConstView = Eigen::Map<const RowMatrix<double>, 0, Stride>;

RowMatrix<double> plain(bool transpose, Index rows, Index cols, const double* data, Index stride) {
  if (transpose) return ConstView(data, cols, rows, Stride(stride)).transpose();
  return ConstView(data, rows, cols, Stride(stride));
}

}  // namespace

void product(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const double* a, Index lda, const double* b,
             Index ldb, double* c, Index ldc, const double* bias, bool accumulate, Precision) {
  View out(c, m, n, Stride(ldc));
  if (!accumulate) out.setZero();
  out += plain(transpose_a, m, k, a, lda) * plain(transpose_b, k, n, b, ldb);
  if (bias != nullptr) out.rowwise() += Eigen::Map<const Eigen::RowVectorXd>(bias, n);
}

void gelu(const double* x, double* y, Index size) {
  for (Index i = 0; i < size; ++i) y[i] = 0.5 * x[i] * std::erfc(-x[i] / std::numbers::sqrt2);
}

void gelu_backward(const double* x, const double* g_y, double* g_x, Index size) {
  const double density_scale = 1 / std::sqrt(2 * std::numbers::pi);
  for (Index i = 0; i < size; ++i) {
    const double cdf = 0.5 * std::erfc(-x[i] / std::numbers::sqrt2);
    g_x[i] += g_y[i] * (cdf + x[i] * density_scale * std::exp(-0.5 * x[i] * x[i]));
  }
}

void normalize_rows(const double* x, Index rows, Index cols, double epsilon, double* y, double* rstd) {
  for (Index r = 0; r < rows; ++r) {
    const Eigen::Map<const Eigen::RowVectorXd> in(x + r * cols, cols);
    const Eigen::RowVectorXd centred = in.array() - in.mean();
    rstd[r] = 1 / std::sqrt(centred.squaredNorm() / static_cast<double>(cols) + epsilon);
    Eigen::Map<Eigen::RowVectorXd>(y + r * cols, cols) = centred * rstd[r];
  }
}

void normalize_rows_backward(const double* y, const double* rstd, const double* g_y, Index rows, Index cols,
                             double* g_x) {
  for (Index r = 0; r < rows; ++r) {
    const Eigen::Map<const Eigen::RowVectorXd> out(y + r * cols, cols);
    const Eigen::Map<const Eigen::RowVectorXd> g(g_y + r * cols, cols);
    const double along = g.dot(out) / static_cast<double>(cols);
    Eigen::Map<Eigen::RowVectorXd>(g_x + r * cols, cols).array() +=
        rstd[r] * (g.array() - g.mean() - out.array() * along);
  }
}

void attention(Index tq, Index tk, Index head_dim, double scale, const double* q, Index ldq, const double* k, Index ldk,
               const double* v, Index ldv, const double* bias, double* probs, double* out, Index ldo) {
  Eigen::Map<RowMatrix<double>> p(probs, tq, tk);
  p = scale * ConstView(q, tq, head_dim, Stride(ldq)) * ConstView(k, tk, head_dim, Stride(ldk)).transpose();
  if (bias != nullptr) p += Eigen::Map<const RowMatrix<double>>(bias, tq, tk);
  for (Index r = 0; r < tq; ++r) {
    p.row(r) = (p.row(r).array() - p.row(r).maxCoeff()).exp();
    p.row(r) /= p.row(r).sum();
  }
  View(out, tq, head_dim, Stride(ldo)) = p * ConstView(v, tk, head_dim, Stride(ldv));
}

void attention_backward(Index tq, Index tk, Index head_dim, double scale, const double* q, Index ldq, const double* k,
                        Index ldk, const double* v, Index ldv, const double* probs, const double* g_out, Index ldgo,
                        double* g_q, double* g_k, double* g_v, double* g_bias) {
  const Eigen::Map<const RowMatrix<double>> p(probs, tq, tk);
  const ConstView g(g_out, tq, head_dim, Stride(ldgo));
  View(g_v, tk, head_dim, Stride(ldv)) += p.transpose() * g;
  const RowMatrix<double> g_p = g * ConstView(v, tk, head_dim, Stride(ldv)).transpose();
  RowMatrix<double> g_s = p.cwiseProduct(g_p);
  g_s -= (g_s.rowwise().sum().asDiagonal() * p).eval();
  if (g_bias != nullptr) Eigen::Map<RowMatrix<double>>(g_bias, tq, tk) += g_s;
  View(g_q, tq, head_dim, Stride(ldq)) += scale * g_s * ConstView(k, tk, head_dim, Stride(ldk));
  View(g_k, tk, head_dim, Stride(ldk)) += scale * g_s.transpose() * ConstView(q, tq, head_dim, Stride(ldq));
}

}  // namespace semlink::nn::backend
