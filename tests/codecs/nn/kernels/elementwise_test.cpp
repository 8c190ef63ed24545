#include <gtest/gtest.h>
#include <semlink/codecs/nn/kernels/kernels.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "support/kernels.h"

namespace semlink::kernels {
namespace {

constexpr Index kVectorful = 19;  // a whole vector and some rest on every instruction set
constexpr double kEps = std::numeric_limits<float>::epsilon();

class Elementwise : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { use_target(GetParam()); }
  void TearDown() override { use_best_target(); }
};

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Elementwise, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         target_of);

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

/// Finely spaced numbers in [-20, 20], an odd count of them, and the edges.
std::vector<float> arguments() {
  std::vector<float> x;
  for (int i = -20000; i <= 20000; ++i) x.push_back(1e-3f * static_cast<float>(i));
  for (const float edge : {0.0f, -0.0f, 1e-30f, -1e-30f, 1e30f, -1e30f}) x.push_back(edge);
  return x;
}

TEST_P(Elementwise, GeluKeepsItsStatedError) {
  const std::vector<float> x = arguments();
  std::vector<float> y(x.size());
  gelu(x.data(), y.data(), static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = x[i] * normal_cdf(x[i]);
    ASSERT_NEAR(y[i], exact, 2e-7 + 2 * kEps * std::abs(exact)) << "at " << x[i];
  }
}

TEST_P(Elementwise, GeluBackwardKeepsItsStatedError) {
  const std::vector<float> x = arguments();
  std::vector<float> g_x(x.size(), 0.5f);
  const std::vector<float> g_y(x.size(), -2.0f);
  gelu_backward(x.data(), g_y.data(), g_x.data(), static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double slope = normal_cdf(x[i]) + x[i] * normal_density(x[i]);
    // The kernel's error, and one rounding of a sum of at most 3.
    ASSERT_NEAR(g_x[i], 0.5 - 2 * slope, 2 * 5e-7 + 3 * kEps) << "at " << x[i];
  }
}

TEST_P(Elementwise, PreluIsTheIdentityOrTheSlope) {
  const std::vector<float> x = arguments();
  std::vector<float> y(x.size()), g_x(x.size(), 0.5f);
  const std::vector<float> g_y(x.size(), 2.0f);
  prelu(x.data(), 0.25f, y.data(), static_cast<Index>(x.size()));
  prelu_backward(x.data(), g_y.data(), 0.25f, g_x.data(), static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(y[i], x[i] > 0 ? x[i] : 0.25f * x[i]);
    ASSERT_EQ(g_x[i], x[i] > 0 ? 2.5f : 1.0f);
  }
}

TEST_P(Elementwise, PreluGivesItsSlopesGradient) {
  std::vector<float> x, g_y, g_x(kVectorful, 0.0f);
  float expected = 0;  // of small integers: exact in any order
  for (Index i = 0; i < kVectorful; ++i) {
    x.push_back(static_cast<float>(i % 5 - 2));
    g_y.push_back(static_cast<float>(i % 7));
    if (x.back() <= 0) expected += x.back() * g_y.back();
  }
  EXPECT_EQ(prelu_backward(x.data(), g_y.data(), 0.25f, g_x.data(), kVectorful), expected);
}

TEST_P(Elementwise, NothingIsWrittenBeyondTheEnd) {
  for (Index size = 0; size < 40; ++size) {
    const std::vector<float> x(40, 1.0f);
    std::vector<float> y(40, -7.0f), g_x(40, -7.0f);
    gelu(x.data(), y.data(), size);
    gelu_backward(x.data(), x.data(), g_x.data(), size);
    EXPECT_EQ(std::count(y.begin(), y.end(), -7.0f), 40 - size);
    EXPECT_EQ(std::count(g_x.begin(), g_x.end(), -7.0f), 40 - size);
    std::fill(y.begin(), y.end(), -7.0f);
    std::fill(g_x.begin(), g_x.end(), -7.0f);
    prelu(x.data(), 0.25f, y.data(), size);
    prelu_backward(x.data(), x.data(), 0.25f, g_x.data(), size);
    EXPECT_EQ(std::count(y.begin(), y.end(), -7.0f), 40 - size);
    EXPECT_EQ(std::count(g_x.begin(), g_x.end(), -7.0f), 40 - size);
  }
}

TEST_P(Elementwise, GeluKeepsNaN) {
  const std::vector<float> x(kVectorful, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> y(kVectorful), g_x(kVectorful);
  gelu(x.data(), y.data(), kVectorful);
  gelu_backward(x.data(), x.data(), g_x.data(), kVectorful);
  const auto is_nan = [](float value) { return std::isnan(value); };
  EXPECT_TRUE(std::all_of(y.begin(), y.end(), is_nan));
  EXPECT_TRUE(std::all_of(g_x.begin(), g_x.end(), is_nan));
}

TEST_P(Elementwise, NormalizedRowsHaveNoMeanAndUnitVariance) {
  std::mt19937 generator(1);
  for (const Index cols : {1, 3, 16, 48, 127, 128, 192}) {
    RowMatrix<float> x = random_matrix(5, cols, generator), y(5, cols);
    x.array() = 3 * x.array() + 10;
    std::vector<float> rstd(5);
    const float epsilon = 1e-5f;
    normalize_rows(x.data(), 5, cols, epsilon, y.data(), rstd.data());
    for (Index i = 0; i < 5; ++i) {
      const Eigen::RowVectorXd row = x.row(i).cast<double>();
      const double mean = row.mean(), var = (row.array() - mean).square().mean();
      const double scale = 1 / std::sqrt(var + epsilon);
      // The rounding of the mean, which is near 10, is magnified like the row itself.
      const double tolerance = 4 * kEps * row.cwiseAbs().maxCoeff() * scale;
      EXPECT_NEAR(rstd[i], scale, scale * scale * tolerance + 4 * kEps * scale);
      for (Index j = 0; j < cols; ++j) EXPECT_NEAR(y(i, j), (row(j) - mean) * scale, 2 * tolerance) << cols;
    }
  }
}

TEST_P(Elementwise, NormalizeRowsBackwardAgreesWithItsFormula) {
  std::mt19937 generator(2);
  for (const Index cols : {1, 3, 16, 127, 128}) {
    const RowMatrix<float> y = random_matrix(5, cols, generator), g_y = random_matrix(5, cols, generator);
    const RowMatrix<float> before = random_matrix(5, cols, generator);
    RowMatrix<float> g_x = before;
    const std::vector<float> rstd = {0.5f, 1, 2, 3, 0};
    normalize_rows_backward(y.data(), rstd.data(), g_y.data(), 5, cols, g_x.data());
    for (Index i = 0; i < 5; ++i) {
      const Eigen::RowVectorXd g = g_y.row(i).cast<double>(), at = y.row(i).cast<double>();
      const double mean_g = g.mean(), mean_gy = g.cwiseProduct(at).mean();
      const Eigen::RowVectorXd expected =
          before.row(i).cast<double>() +
          double(rstd[i]) * (g - Eigen::RowVectorXd::Constant(cols, mean_g) - mean_gy * at);
      const double largest = g.cwiseAbs().maxCoeff() * (2 + at.cwiseAbs2().maxCoeff());
      EXPECT_LE((g_x.row(i).cast<double>() - expected).cwiseAbs().maxCoeff(), 8 * kEps * (1 + 3 * largest)) << cols;
    }
  }
}

TEST_P(Elementwise, AdamFollowsItsPublishedSteps) {
  std::mt19937 generator(3);
  const Index size = 37;
  const AdamStep step{.rate = 0.01f,
                      .beta1 = 0.9f,
                      .beta2 = 0.99f,
                      .epsilon = 1e-8f,
                      .weight_decay = 0.1f,
                      .correction1 = 0.19f,
                      .correction2 = 0.0199f};
  const RowMatrix<float> gradient = random_matrix(1, size, generator), parameter = random_matrix(1, size, generator);
  const RowMatrix<float> moment1 = random_matrix(1, size, generator);
  const RowMatrix<float> moment2 = random_matrix(1, size, generator).cwiseAbs2();
  RowMatrix<float> p = parameter, m1 = moment1, m2 = moment2;
  adam(step, size, gradient.data(), p.data(), m1.data(), m2.data());
  for (Index i = 0; i < size; ++i) {
    const double g = gradient(i);
    const double first = 0.9 * moment1(i) + 0.1 * g, second = 0.99 * moment2(i) + 0.01 * g * g;
    EXPECT_NEAR(m1(i), first, 4 * kEps * (std::abs(moment1(i)) + std::abs(g)));
    EXPECT_NEAR(m2(i), second, 4 * kEps * (moment2(i) + g * g));
    const double change = first / 0.19 / (std::sqrt(second / 0.0199) + 1e-8) + 0.1 * parameter(i);
    EXPECT_NEAR(p(i), parameter(i) - 0.01 * change, 16 * kEps * (std::abs(parameter(i)) + std::abs(change)));
  }
}

}  // namespace
}  // namespace semlink::kernels
