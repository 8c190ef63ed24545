#include <gtest/gtest.h>
#include <semlink/codecs/nn/kernels/orthogonalize.h>

#include <Eigen/SVD>
#include <random>

#include "support/kernels.h"

namespace semlink::kernels {
namespace {

using Svd = Eigen::JacobiSVD<Eigen::MatrixXd>;

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
    const Eigen::VectorXd values = Svd(x.cast<double>()).singularValues();
    EXPECT_GE(values.minCoeff(), 0.6);
    EXPECT_LE(values.maxCoeff(), 1.3);
    // U^T X V is what became of the singular values: diagonal but for the rounding of products of numbers below 1.3.
    const Svd svd(before.cast<double>(), Eigen::ComputeThinU | Eigen::ComputeThinV);
    const Eigen::MatrixXd diagonal = svd.matrixU().transpose() * x.cast<double>() * svd.matrixV();
    const Eigen::MatrixXd rest = diagonal - Eigen::MatrixXd(diagonal.diagonal().asDiagonal());
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
  const Eigen::VectorXd values = Svd(x.cast<double>()).singularValues();
  EXPECT_GE(values.minCoeff(), 0.6);
  EXPECT_LE(values.maxCoeff(), 1.3);
}

}  // namespace
}  // namespace semlink::kernels
