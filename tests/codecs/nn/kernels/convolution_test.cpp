#include <gtest/gtest.h>
#include <semlink/codecs/nn/kernels/convolution.h>

#include <random>
#include <vector>

#include "support/kernels.h"

namespace semlink::kernels {

std::ostream& operator<<(std::ostream& out, const ConvolutionShape& s) {
  return out << s.images << " images of " << s.large_height << "x" << s.large_width << "x" << s.large_channels << ", "
             << s.small_channels << " channels, kernel " << s.kernel << ", stride " << s.stride;
}

namespace {

/// Shapes whose rows and channels leave whole tiles and vectors and rests of them, and whose taps leave the map.
const std::vector<ConvolutionShape> kShapes = {
    {1, 8, 8, 32, 32, 5, 1},  {1, 16, 16, 3, 16, 5, 2}, {1, 16, 16, 16, 3, 5, 2}, {1, 5, 7, 2, 19, 3, 1},
    {2, 9, 6, 50, 5, 3, 2},   {1, 4, 5, 7, 53, 1, 1},   {1, 5, 4, 3, 2, 1, 2},    {1, 1, 1, 4, 6, 5, 1},
    {3, 2, 3, 17, 16, 7, 1},  {1, 10, 11, 5, 4, 5, 3},  {1, 3, 64, 33, 8, 3, 2},  {1, 2, 2, 1, 1, 5, 2},
    {1, 200, 40, 16, 8, 3, 1}};

/// The convolution as a matrix, written from its definition: entry (small position and channel, large position and
/// channel) is the weight that ties them together, `weight` [kernel, kernel, large_channels, small_channels].
RowMatrix<double> as_matrix(const ConvolutionShape& s, const RowMatrix<float>& weight) {
  RowMatrix<double> matrix =
      RowMatrix<double>::Zero(s.small_rows() * s.small_channels, s.large_rows() * s.large_channels);
  for (Index image = 0; image < s.images; ++image)
    for (Index y = 0; y < s.small_height(); ++y)
      for (Index x = 0; x < s.small_width(); ++x)
        for (Index ly = 0; ly < s.large_height; ++ly)
          for (Index lx = 0; lx < s.large_width; ++lx) {
            const Index ky = ly - s.stride * y + s.kernel / 2, kx = lx - s.stride * x + s.kernel / 2;
            if (ky < 0 || ky >= s.kernel || kx < 0 || kx >= s.kernel) continue;
            const Index small = (image * s.small_height() + y) * s.small_width() + x;
            const Index large = (image * s.large_height + ly) * s.large_width + lx;
            matrix.block(small * s.small_channels, large * s.large_channels, s.small_channels, s.large_channels) =
                weight.middleRows((ky * s.kernel + kx) * s.large_channels, s.large_channels).transpose().cast<double>();
          }
  return matrix;
}

/// The same weights with the channels of each tap the other way round.
RowMatrix<float> turned(const ConvolutionShape& s, const RowMatrix<float>& weight) {
  RowMatrix<float> out(s.kernel * s.kernel * s.small_channels, s.large_channels);
  for (Index tap = 0; tap < s.kernel * s.kernel; ++tap)
    out.middleRows(tap * s.small_channels, s.small_channels) =
        weight.middleRows(tap * s.large_channels, s.large_channels).transpose();
  return out;
}

Eigen::VectorXd flat(const RowMatrix<float>& map) {
  return Eigen::Map<const Eigen::VectorXf>(map.data(), map.size()).cast<double>();
}

/// Sums of `terms` products and a start, each rounded once (Higham 2002, section 3.1).
void expect_near(const RowMatrix<float>& got, const Eigen::VectorXd& expected, const Eigen::VectorXd& sum_abs,
                 Index terms) {
  const double eps = std::numeric_limits<float>::epsilon();
  for (Index i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got.data()[i], expected[i], eps * static_cast<double>(terms + 2) * sum_abs[i]) << "at " << i;
}

class Convolution : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { use_target(GetParam()); }
  void TearDown() override { use_best_target(); }
  std::mt19937 generator_{7};
};

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Convolution, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         target_of);

TEST_P(Convolution, DownAndUpAreTheMatrixAndItsTranspose) {
  for (const ConvolutionShape& s : kShapes) {
    if (s.large_rows() > 4096) continue;  // the matrix would not fit
    SCOPED_TRACE(testing::PrintToString(s));
    const Index taps = s.kernel * s.kernel;
    const RowMatrix<float> weight = random_matrix(taps * s.large_channels, s.small_channels, generator_);
    const RowMatrix<float> other = turned(s, weight);
    const RowMatrix<float> large = random_matrix(s.large_rows(), s.large_channels, generator_);
    const RowMatrix<float> small = random_matrix(s.small_rows(), s.small_channels, generator_);
    const RowMatrix<double> matrix = as_matrix(s, weight);
    const Eigen::VectorXd down = matrix * flat(large), down_abs = matrix.cwiseAbs() * flat(large).cwiseAbs();
    const Eigen::VectorXd up = matrix.transpose() * flat(small),
                          up_abs = matrix.transpose().cwiseAbs() * flat(small).cwiseAbs();
    for (const bool transposed : {false, true}) {
      RowMatrix<float> out = random_matrix(s.small_rows(), s.small_channels, generator_);
      convolve_down(s, large.data(), (transposed ? other : weight).data(), transposed, nullptr, out.data(), false);
      expect_near(out, down, down_abs, taps * s.large_channels);
      out = small;
      convolve_down(s, large.data(), (transposed ? other : weight).data(), transposed, nullptr, out.data(), true);
      expect_near(out, down + flat(small), down_abs + flat(small).cwiseAbs(), taps * s.large_channels);

      out = random_matrix(s.large_rows(), s.large_channels, generator_);
      convolve_up(s, small.data(), (transposed ? weight : other).data(), transposed, nullptr, out.data(), false);
      expect_near(out, up, up_abs, taps * s.small_channels);
      out = large;
      convolve_up(s, small.data(), (transposed ? weight : other).data(), transposed, nullptr, out.data(), true);
      expect_near(out, up + flat(large), up_abs + flat(large).cwiseAbs(), taps * s.small_channels);
    }
  }
}

TEST_P(Convolution, StartsFromTheBias) {
  for (const ConvolutionShape& s : kShapes) {
    SCOPED_TRACE(testing::PrintToString(s));
    const RowMatrix<float> weight = random_matrix(s.kernel * s.kernel * s.large_channels, s.small_channels, generator_);
    const RowMatrix<float> zero_large = RowMatrix<float>::Zero(s.large_rows(), s.large_channels);
    const RowMatrix<float> zero_small = RowMatrix<float>::Zero(s.small_rows(), s.small_channels);
    const RowMatrix<float> small_bias = random_matrix(1, s.small_channels, generator_);
    const RowMatrix<float> large_bias = random_matrix(1, s.large_channels, generator_);
    RowMatrix<float> small(s.small_rows(), s.small_channels), large(s.large_rows(), s.large_channels);
    convolve_down(s, zero_large.data(), weight.data(), false, small_bias.data(), small.data(), false);
    convolve_up(s, zero_small.data(), weight.data(), true, large_bias.data(), large.data(), false);
    EXPECT_EQ(small, small_bias.replicate(s.small_rows(), 1));
    EXPECT_EQ(large, large_bias.replicate(s.large_rows(), 1));
  }
}

/// <g, down(x)> is linear in the weights, so that its gradient is exact: the matrix of the unit weight, entry by entry.
TEST_P(Convolution, GradientIsThatOfTheInnerProduct) {
  for (const ConvolutionShape& s : kShapes) {
    if (s.large_rows() > 4096) continue;
    SCOPED_TRACE(testing::PrintToString(s));
    const RowMatrix<float> large = random_matrix(s.large_rows(), s.large_channels, generator_);
    const RowMatrix<float> small = random_matrix(s.small_rows(), s.small_channels, generator_);
    const RowMatrix<float> start = random_matrix(s.kernel * s.kernel * s.large_channels, s.small_channels, generator_);
    RowMatrix<float> got = start;
    convolution_gradient(s, large.data(), small.data(), got.data());
    RowMatrix<double> expected = start.cast<double>(), sum_abs = expected.cwiseAbs();
    for (Index tap = 0; tap < s.kernel * s.kernel; ++tap) {
      // With one channel on both sides the matrix of this tap alone says which positions it ties together.
      ConvolutionShape one = s;
      one.large_channels = one.small_channels = 1;
      RowMatrix<float> unit = RowMatrix<float>::Zero(s.kernel * s.kernel, 1);
      unit(tap, 0) = 1;
      const RowMatrix<double> ties = as_matrix(one, unit);
      const RowMatrix<double> g = large.cast<double>().transpose() * (ties.transpose() * small.cast<double>());
      expected.middleRows(tap * s.large_channels, s.large_channels) += g;
      sum_abs.middleRows(tap * s.large_channels, s.large_channels) +=
          large.cast<double>().cwiseAbs().transpose() * (ties.transpose() * small.cast<double>().cwiseAbs());
    }
    expect_near(got, Eigen::Map<Eigen::VectorXd>(expected.data(), expected.size()),
                Eigen::Map<Eigen::VectorXd>(sum_abs.data(), sum_abs.size()), s.small_rows());
  }
}

TEST_P(Convolution, AnImageHasTheSameBitsInAnyBatch) {
  for (ConvolutionShape s : kShapes) {
    SCOPED_TRACE(testing::PrintToString(s));
    s.images = 3;
    const RowMatrix<float> weight = random_matrix(s.kernel * s.kernel * s.large_channels, s.small_channels, generator_);
    const RowMatrix<float> large = random_matrix(s.large_rows(), s.large_channels, generator_);
    const RowMatrix<float> small = random_matrix(s.small_rows(), s.small_channels, generator_);
    RowMatrix<float> down(s.small_rows(), s.small_channels), up(s.large_rows(), s.large_channels);
    convolve_down(s, large.data(), weight.data(), false, nullptr, down.data(), false);
    convolve_up(s, small.data(), weight.data(), true, nullptr, up.data(), false);
    ConvolutionShape one = s;
    one.images = 1;
    const Index last_large = 2 * one.large_rows(), last_small = 2 * one.small_rows();
    RowMatrix<float> one_down(one.small_rows(), s.small_channels), one_up(one.large_rows(), s.large_channels);
    convolve_down(one, large.data() + last_large * s.large_channels, weight.data(), false, nullptr, one_down.data(),
                  false);
    convolve_up(one, small.data() + last_small * s.small_channels, weight.data(), true, nullptr, one_up.data(), false);
    EXPECT_EQ(one_down, down.bottomRows(one.small_rows()));
    EXPECT_EQ(one_up, up.bottomRows(one.large_rows()));
  }
}

}  // namespace
}  // namespace semlink::kernels
