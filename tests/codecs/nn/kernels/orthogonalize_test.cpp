#include <gtest/gtest.h>
#include <semlink/channel/linear_algebra.h>
#include <semlink/codecs/nn/kernels/orthogonalize.h>

#include <random>

#include "support/kernels.h"

namespace semlink::kernels {
namespace {

DoubleMatrix wide(const RowMatrix<float>& x) { return x.cast<std::complex<double>>(); }

class Orthogonalize : public ::testing::TestWithParam<std::pair<Index, Index>> {};

INSTANTIATE_TEST_SUITE_P(WideAndTall, Orthogonalize,
                         ::testing::Values(std::pair<Index, Index>{32, 96}, std::pair<Index, Index>{96, 32},
                                           std::pair<Index, Index>{1, 7}, std::pair<Index, Index>{50, 63}));

TEST_P(Orthogonalize, EvensOutTheSingularValuesAndKeepsTheVectors) {
  std::mt19937 generator(1);
  const auto [rows, cols] = GetParam();
  const RowMatrix<float> before = 100 * random_matrix(rows, cols, generator);
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    RowMatrix<float> x = before;
    orthogonalize(rows, cols, x.data(), precision);
    const Eigen::VectorXd values = singular_values(wide(x));
    EXPECT_GE(values.minCoeff(), 0.6);
    EXPECT_LE(values.maxCoeff(), 1.3);
    // U^H X V is what became of the singular values: diagonal but for the rounding of products of numbers below 1.3.
    const DoubleMatrix v = right_singular_vectors(wide(before));
    const DoubleMatrix u =
        semlink::product(wide(before), v) * singular_values(wide(before)).cwiseInverse().asDiagonal();
    const DoubleMatrix diagonal = semlink::product(semlink::product(u.adjoint(), wide(x)), v);
    const DoubleMatrix rest = diagonal - DoubleMatrix(diagonal.diagonal().asDiagonal());
    EXPECT_LE(rest.cwiseAbs().maxCoeff(), precision == Precision::f32 ? 1e-3 : 0.3);
  }
}

TEST(OrthogonalizeOfZeros, IsZero) {
  RowMatrix<float> zeros = RowMatrix<float>::Zero(3, 4);
  orthogonalize(3, 4, zeros.data(), Precision::f32);
  EXPECT_EQ(zeros, RowMatrix<float>::Zero(3, 4));
}

// The momentum of a block that no image uses any more fades to numbers whose inverse is infinite as a float.
TEST(OrthogonalizeOfAlmostNothing, IsFiniteAndEven) {
  std::mt19937 generator(2);
  RowMatrix<float> x = 1e-41f * random_matrix(6, 9, generator);
  orthogonalize(6, 9, x.data(), Precision::f32);
  const Eigen::VectorXd values = singular_values(wide(x));
  EXPECT_GE(values.minCoeff(), 0.6);
  EXPECT_LE(values.maxCoeff(), 1.3);
}

}  // namespace
}  // namespace semlink::kernels
