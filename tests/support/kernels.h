#pragma once

#include <semlink/core/simd_targets.h>

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <semlink/core/types.h>

#include <limits>
#include <random>
#include <string>

namespace semlink::kernels {

/// Makes the kernels run the code of one instruction set, until `use_best_target`.
inline void use_target(std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().DeInit();
}

inline void use_best_target() {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

inline std::string target_of(const ::testing::TestParamInfo<std::int64_t>& info) { return hwy::TargetName(info.param); }

inline RowMatrix<float> random_matrix(Index rows, Index cols, std::mt19937& generator) {
  std::normal_distribution<float> normal;
  RowMatrix<float> matrix(rows, cols);
  for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(generator);
  return matrix;
}

/// A matrix of `cols` columns in rows that are three elements longer; what is between the rows is NaN.
inline RowMatrix<float> random_with_gap(Index rows, Index cols, std::mt19937& generator) {
  RowMatrix<float> matrix = random_matrix(rows, cols + 3, generator);
  matrix.rightCols(3).setConstant(std::numeric_limits<float>::quiet_NaN());
  return matrix;
}

/// Nothing was written between the rows.
inline void expect_same_gap(const RowMatrix<float>& after, const RowMatrix<float>& before, Index cols) {
  ASSERT_EQ(after.cols(), before.cols());
  EXPECT_TRUE(after.rightCols(after.cols() - cols).array().isNaN().all());
}

}  // namespace semlink::kernels
