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

void prelu(const double* x, double slope, double* y, Index size) {
  for (Index i = 0; i < size; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

double prelu_backward(const double* x, const double* g_y, double slope, double* g_x, Index size) {
  double g_slope = 0;
  for (Index i = 0; i < size; ++i) {
    g_x[i] += x[i] > 0 ? g_y[i] : slope * g_y[i];
    if (!(x[i] > 0)) g_slope += g_y[i] * x[i];
  }
  return g_slope;
}

namespace {

/// Calls `visit(large row, small row, tap)` for all pairs of positions that a tap ties together.
template <typename Visit>
void for_each_tap(const ConvolutionShape& shape, const Visit& visit) {
  const Index height = shape.small_height(), width = shape.small_width(), padding = shape.kernel / 2;
  for (Index small = 0; small < shape.small_rows(); ++small)
    for (Index tap = 0; tap < shape.kernel * shape.kernel; ++tap) {
      const Index y = small / width % height * shape.stride + tap / shape.kernel - padding;
      const Index x = small % width * shape.stride + tap % shape.kernel - padding;
      if (y < 0 || y >= shape.large_height || x < 0 || x >= shape.large_width) continue;
      visit((small / (height * width) * shape.large_height + y) * shape.large_width + x, small, tap);
    }
}

/// to[to_channels] += from[from_channels] times a tap's weights.
void add_tap(const double* from, Index from_channels, const double* weight, bool transposed, double* to,
             Index to_channels) {
  for (Index i = 0; i < from_channels; ++i)
    for (Index o = 0; o < to_channels; ++o)
      to[o] += from[i] * (transposed ? weight[o * from_channels + i] : weight[i * to_channels + o]);
}

/// What a map starts from.
void start_map(double* map, Index rows, Index channels, const double* bias, bool accumulate) {
  for (Index i = 0; !accumulate && i < rows * channels; ++i) map[i] = bias != nullptr ? bias[i % channels] : 0;
}

}  // namespace

void convolve_down(const ConvolutionShape& shape, const double* large, const double* weight, bool transposed,
                   const double* bias, double* small, bool accumulate) {
  const Index in = shape.large_channels, out = shape.small_channels;
  start_map(small, shape.small_rows(), out, bias, accumulate);
  for_each_tap(shape, [&](Index from, Index to, Index tap) {
    add_tap(large + from * in, in, weight + tap * in * out, transposed, small + to * out, out);
  });
}

void convolve_up(const ConvolutionShape& shape, const double* small, const double* weight, bool transposed,
                 const double* bias, double* large, bool accumulate) {
  const Index in = shape.small_channels, out = shape.large_channels;
  start_map(large, shape.large_rows(), out, bias, accumulate);
  for_each_tap(shape, [&](Index to, Index from, Index tap) {
    add_tap(small + from * in, in, weight + tap * in * out, transposed, large + to * out, out);
  });
}

void convolution_gradient(const ConvolutionShape& shape, const double* large, const double* small, double* g_weight) {
  const Index rows = shape.large_channels, cols = shape.small_channels;
  for_each_tap(shape, [&](Index at_large, Index at_small, Index tap) {
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c)
        g_weight[(tap * rows + r) * cols + c] += large[at_large * rows + r] * small[at_small * cols + c];
  });
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
