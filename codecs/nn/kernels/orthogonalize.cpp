#include <semlink/codecs/nn/kernels/orthogonalize.h>

#include <cmath>

namespace semlink::kernels {
namespace {

constexpr int kIterations = 5;
constexpr float kLinear = 3.4445f, kCubic = -4.7750f, kQuintic = 2.0315f;

}  // namespace

void orthogonalize(Index rows, Index cols, float* x, Precision precision) {
  double square = 0;
  for (Index i = 0; i < rows * cols; ++i) square += static_cast<double>(x[i]) * x[i];
  if (square == 0) return;
  // The Gram matrix of the shorter side, and X multiplied by its polynomial from that side: no transposes.
  const bool wide = rows <= cols;
  const Index side = wide ? rows : cols, other = wide ? cols : rows;
  // In double: what no pass has used for long has a momentum so small that its inverse is no float.
  RowMatrix<float> at =
      (Eigen::Map<const RowMatrix<float>>(x, rows, cols).cast<double>() * (1 / std::sqrt(square))).cast<float>();
  RowMatrix<float> gram(side, side), polynomial(side, side), next(rows, cols);
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    product(!wide, wide, side, side, other, at.data(), cols, at.data(), cols, gram.data(), side, nullptr, false,
            precision);
    product(false, false, side, side, side, gram.data(), side, gram.data(), side, polynomial.data(), side, nullptr,
            false, precision);
    polynomial = kCubic * gram + kQuintic * polynomial;
    next = kLinear * at;
    product(false, false, rows, cols, side, wide ? polynomial.data() : at.data(), wide ? side : cols,
            wide ? at.data() : polynomial.data(), wide ? cols : side, next.data(), cols, nullptr, true, precision);
    at.swap(next);
  }
  Eigen::Map<RowMatrix<float>>(x, rows, cols) = at;
}

}  // namespace semlink::kernels
