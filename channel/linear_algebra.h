#pragma once

#include <complex>

#include <semlink/core/types.h>

namespace semlink {

/// What antennas and pilots need of linear algebra, in double precision. Each decomposition is compiled here and
/// nowhere else: Eigen's templates for complex numbers take a compiler longer than all else in a source.
using DoubleMatrix = Eigen::MatrixXcd;

/// a b.
DoubleMatrix product(const DoubleMatrix& a, const DoubleMatrix& b);

/// Falling, min(rows, cols) of them.
Eigen::VectorXd singular_values(const DoubleMatrix& a);

/// Columns of V in a = U S V^H for falling singular values, [cols, min(rows, cols)].
DoubleMatrix right_singular_vectors(const DoubleMatrix& a);

struct HermitianEigen {
  Eigen::VectorXd values;  ///< ascending
  DoubleMatrix vectors;    ///< columns
};

/// Of a Hermitian matrix, whose lower triangle is read.
HermitianEigen hermitian_eigen(const DoubleMatrix& a);

/// a^-1 b for a Hermitian positive-definite a.
DoubleMatrix solve_hermitian(const DoubleMatrix& a, const DoubleMatrix& b);

/// (A^H A + ridge)^-1; `ridge` above 0, or A of full column rank.
DoubleMatrix inverse_gram(const DoubleMatrix& a, double ridge);

/// log2 det(I + scale A A^H).
double log2_det_gram(const DoubleMatrix& a, double scale);

}  // namespace semlink
