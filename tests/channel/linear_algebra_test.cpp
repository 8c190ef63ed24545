#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/linear_algebra.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

DoubleMatrix draw(Index rows, Index cols) {
  Stream stream = TrialRng{.seed = 3}.stream(Purpose::fade);
  return stream.complex_normals(rows, cols).cast<std::complex<double>>();
}

double distance_from_identity(const DoubleMatrix& a) {
  return (a - DoubleMatrix::Identity(a.rows(), a.cols())).cwiseAbs().maxCoeff();
}

TEST(LinearAlgebra, SingularVectorsAreScaledByTheirFallingValues) {
  const DoubleMatrix a = draw(6, 4);
  const Eigen::VectorXd values = singular_values(a);
  const DoubleMatrix vectors = right_singular_vectors(a);
  ASSERT_EQ(values.size(), 4);
  EXPECT_LT(distance_from_identity(product(vectors.adjoint(), vectors)), 1e-12);
  for (Index k = 0; k < 4; ++k) {
    EXPECT_NEAR(product(a, vectors.col(k)).norm(), values(k), 1e-12);
    EXPECT_TRUE(k == 0 || values(k) < values(k - 1));
  }
  EXPECT_NEAR(values.squaredNorm(), a.squaredNorm(), 1e-10);
}

TEST(LinearAlgebra, EigenvectorsAreScaledByTheirRisingValues) {
  const DoubleMatrix a = draw(30, 30);
  const DoubleMatrix hermitian = a + a.adjoint();
  const HermitianEigen eigen = hermitian_eigen(hermitian);
  const DoubleMatrix scaled = eigen.vectors * eigen.values.cast<std::complex<double>>().asDiagonal();
  EXPECT_LT((product(hermitian, eigen.vectors) - scaled).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_LT(eigen.values(0), eigen.values(29));
}

TEST(LinearAlgebra, InverseAndDeterminantAreThoseOfTheGramMatrix) {
  const DoubleMatrix a = draw(6, 4);
  const DoubleMatrix gram = a.adjoint() * a + 0.3 * DoubleMatrix::Identity(4, 4);
  EXPECT_LT(distance_from_identity(product(inverse_gram(a, 0.3), gram)), 1e-12);
  double bits = 0;
  for (const double value : singular_values(a)) bits += std::log2(1 + 2.5 * value * value);
  EXPECT_NEAR(log2_det_gram(a, 2.5), bits, 1e-12);
}

}  // namespace
}  // namespace semlink
