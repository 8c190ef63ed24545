#include <semlink/channel/linear_algebra.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/SVD>
#include <cmath>

namespace semlink {

DoubleMatrix product(const DoubleMatrix& a, const DoubleMatrix& b) { return a * b; }

Eigen::VectorXd singular_values(const DoubleMatrix& a) { return Eigen::JacobiSVD<DoubleMatrix>(a).singularValues(); }

DoubleMatrix right_singular_vectors(const DoubleMatrix& a) {
  return Eigen::JacobiSVD<DoubleMatrix>(a, Eigen::ComputeThinU | Eigen::ComputeThinV).matrixV();
}

HermitianEigen hermitian_eigen(const DoubleMatrix& a) {
  const Eigen::SelfAdjointEigenSolver<DoubleMatrix> solver(a);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

DoubleMatrix solve_hermitian(const DoubleMatrix& a, const DoubleMatrix& b) { return a.llt().solve(b); }

DoubleMatrix inverse_gram(const DoubleMatrix& a, double ridge) {
  const Index size = a.cols();
  const DoubleMatrix gram = product(a.adjoint(), a) + ridge * DoubleMatrix::Identity(size, size);
  return gram.llt().solve(DoubleMatrix::Identity(size, size));
}

double log2_det_gram(const DoubleMatrix& a, double scale) {
  const DoubleMatrix gram = DoubleMatrix::Identity(a.rows(), a.rows()) + scale * product(a, a.adjoint());
  return std::log2(gram.determinant().real());
}

}  // namespace semlink
