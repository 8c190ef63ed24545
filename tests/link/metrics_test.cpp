#include <semlink/link/metrics.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/rng.h>
#include <support/expect_error.h>

namespace semlink {
namespace {

Image flat(Index height, Index width, float value) {
  return {height, width, std::vector<float>(3 * height * width, value)};
}

EightBitImage flat_bytes(Index height, Index width, float value) {
  return {height, width, std::vector<float>(3 * height * width, value)};
}

EightBitImage noise(Index height, Index width, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 0);
  EightBitImage image = flat_bytes(height, width, 0);
  for (float& value : image.values) value = static_cast<float>(stream.below(256));
  return image;
}

/// `image` with each value moved by a whole number in [-spread, spread], kept in 0 ... 255.
EightBitImage disturbed(EightBitImage image, int spread, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 1);
  for (float& value : image.values)
    value = std::clamp(value + static_cast<float>(stream.below(2 * spread + 1)) - spread, 0.0f, 255.0f);
  return image;
}

/// A smooth picture: waves of another length in each colour.
EightBitImage waves(Index height, Index width) {
  EightBitImage image = flat_bytes(height, width, 0);
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (Index c = 0; c < 3; ++c)
        image.values[3 * (y * width + x) + c] = std::round(128 + 100 * std::sin(0.1f * (c + 2) * x + 0.07f * y));
  return image;
}

struct Reference {
  double ssim = 0;
  double contrast_structure = 0;
};

/// The definitions of Wang et al. 2004, window by window, in double, for one colour: weighted means, then weighted
/// deviations from them.
Reference reference_means(const EightBitImage& a, const EightBitImage& b, Index colour) {
  const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
  double weights[11][11], total = 0;
  for (int i = 0; i < 11; ++i)
    for (int j = 0; j < 11; ++j)
      total += weights[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
  const auto at = [&](const EightBitImage& m, Index y, Index x) { return m.values[3 * (y * m.width + x) + colour]; };
  Reference sums;
  for (Index y = 0; y + 11 <= a.height; ++y)
    for (Index x = 0; x + 11 <= a.width; ++x) {
      double mean_a = 0, mean_b = 0, var_a = 0, var_b = 0, covariance = 0;
      for (int i = 0; i < 11; ++i)
        for (int j = 0; j < 11; ++j) {
          mean_a += weights[i][j] / total * at(a, y + i, x + j);
          mean_b += weights[i][j] / total * at(b, y + i, x + j);
        }
      for (int i = 0; i < 11; ++i)
        for (int j = 0; j < 11; ++j) {
          const double da = at(a, y + i, x + j) - mean_a, db = at(b, y + i, x + j) - mean_b;
          var_a += weights[i][j] / total * da * da;
          var_b += weights[i][j] / total * db * db;
          covariance += weights[i][j] / total * da * db;
        }
      const double structure = (2 * covariance + c2) / (var_a + var_b + c2);
      sums.contrast_structure += structure;
      sums.ssim += structure * (2 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1);
    }
  const double count = static_cast<double>((a.height - 10) * (a.width - 10));
  return {sums.ssim / count, sums.contrast_structure / count};
}

EightBitImage reference_half(const EightBitImage& m) {
  EightBitImage out = flat_bytes(m.height / 2, m.width / 2, 0);
  for (Index y = 0; y < out.height; ++y)
    for (Index x = 0; x < out.width; ++x)
      for (Index c = 0; c < 3; ++c) {
        double sum = 0;
        for (Index k = 0; k < 4; ++k) sum += m.values[3 * ((2 * y + k / 2) * m.width + 2 * x + k % 2) + c];
        out.values[3 * (y * out.width + x) + c] = static_cast<float>(sum / 4);
      }
  return out;
}

double reference_ms_ssim(EightBitImage a, EightBitImage b) {
  const double powers[] = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
  double products[] = {1, 1, 1};
  for (int scale = 0; scale < 5; ++scale) {
    for (int c = 0; c < 3; ++c) {
      const Reference means = reference_means(a, b, c);
      products[c] *= std::pow(scale < 4 ? means.contrast_structure : means.ssim, powers[scale]);
    }
    a = reference_half(a);
    b = reference_half(b);
  }
  return (products[0] + products[1] + products[2]) / 3;
}

// Moments are sums of 22 terms up to 2^14 in float, so their error stays below 22 * 2^14 * 2^-24 = 0.02 and that of a
// window's SSIM below 0.02 / C2.
constexpr double kSsimTolerance = 0.02 / 58.5;

TEST(EightBit, ClipsAndRounds) {
  const EightBitImage image = to_eight_bit({1, 2, {-0.5f, 0.0f, 1.0f, 1.7f, 0.5f, 10.4f / 255}});
  EXPECT_EQ(image.values, (std::vector<float>{0, 0, 255, 255, 128, 10}));
}

TEST(Mse, CountsInEightBitSteps) {
  const EightBitImage a = flat_bytes(2, 2, 100);
  EightBitImage b = a;
  b.values[3] = 103;
  b.values[7] = 99;
  EXPECT_DOUBLE_EQ(mean_squared_error(a, b), (9 + 1) / 12.0);
}

TEST(Psnr, KnownValues) {
  EXPECT_DOUBLE_EQ(psnr_db(255.0 * 255.0), 0);
  EXPECT_NEAR(psnr_db(1), 48.1308036, 1e-6);  // 20 log10(255)
  EXPECT_NEAR(psnr_db(10), 38.1308036, 1e-6);
}

TEST(Psnr, IsCappedAtAHundred) {
  EXPECT_EQ(psnr_db(0), 100);
  EXPECT_EQ(psnr_db(1e-9), 100);
}

TEST(Ssim, EqualImagesGiveExactlyOne) {
  EXPECT_EQ(ssim(noise(32, 32, 1), noise(32, 32, 1)), 1);
  EXPECT_EQ(ms_ssim(waves(176, 180), waves(176, 180)), 1);
}

TEST(Ssim, FlatImagesHaveOnlyLuminance) {
  const double c1 = 6.5025;  // (0.01 * 255)^2
  const double expected = (2 * 100 * 120 + c1) / (100.0 * 100 + 120.0 * 120 + c1);
  EXPECT_NEAR(ssim(flat_bytes(16, 20, 100), flat_bytes(16, 20, 120)), expected, kSsimTolerance);
  EXPECT_NEAR(ms_ssim(flat_bytes(176, 176, 100), flat_bytes(176, 176, 120)), std::pow(expected, 0.1333),
              kSsimTolerance);
}

TEST(Ssim, FollowsTheDefinitionWindowByWindow) {
  for (const auto& [a, b] :
       {std::pair(waves(32, 32), disturbed(waves(32, 32), 20, 1)), std::pair(noise(24, 40, 1), noise(24, 40, 2)),
        std::pair(waves(11, 11), noise(11, 11, 3))}) {
    const double expected =
        (reference_means(a, b, 0).ssim + reference_means(a, b, 1).ssim + reference_means(a, b, 2).ssim) / 3;
    EXPECT_NEAR(ssim(a, b), expected, kSsimTolerance);
  }
}

TEST(MsSsim, FollowsTheDefinitionScaleByScale) {
  const EightBitImage a = waves(177, 190);
  const EightBitImage b = disturbed(a, 60, 1);
  EXPECT_NEAR(ms_ssim(a, b), reference_ms_ssim(a, b), kSsimTolerance);
}

TEST(Ssim, IsSymmetric) {
  const EightBitImage a = waves(32, 32);
  const EightBitImage b = disturbed(a, 40, 1);
  EXPECT_NEAR(ssim(a, b), ssim(b, a), kSsimTolerance);
}

TEST(Ssim, FallsAsTheDisturbanceGrows) {
  const EightBitImage a = waves(32, 32);
  EXPECT_GT(ssim(a, disturbed(a, 5, 1)), ssim(a, disturbed(a, 20, 1)));
  EXPECT_GT(ssim(a, disturbed(a, 20, 1)), ssim(a, disturbed(a, 80, 1)));
}

TEST(Ssim, IsNegativeForANegative) {
  const EightBitImage a = waves(32, 32);
  EightBitImage b = a;
  for (float& value : b.values) value = 255 - value;
  EXPECT_LT(ssim(a, b), -0.5);
  EXPECT_GE(ssim(a, b), -1);
}

TEST(Ssim, TooSmallImagesAreNotMeasured) {
  EXPECT_TRUE(std::isnan(ssim(flat_bytes(10, 32, 1), flat_bytes(10, 32, 1))));
  EXPECT_FALSE(std::isnan(ssim(flat_bytes(11, 32, 1), flat_bytes(11, 32, 1))));
  EXPECT_TRUE(std::isnan(ms_ssim(flat_bytes(176, 175, 1), flat_bytes(176, 175, 1))));
}

TEST(Classification, LargestLogitWins) {
  const Eigen::Vector3f logits(1, 3, 2);
  EXPECT_EQ(classification_correct(logits, 1), 1);
  EXPECT_EQ(classification_correct(logits, 2), 0);
}

TEST(Classification, IsNotMeasuredWithoutLabelOrClass) {
  const Eigen::Vector3f logits(1, 3, 2);
  EXPECT_TRUE(std::isnan(classification_correct(logits, -1)));
  EXPECT_TRUE(std::isnan(classification_correct(logits, 3)));
  EXPECT_TRUE(std::isnan(classification_correct(Eigen::VectorXf(), 0)));
  EXPECT_TRUE(std::isnan(cross_entropy(Eigen::VectorXf(), 0)));
}

TEST(CrossEntropy, KnownValues) {
  EXPECT_NEAR(cross_entropy(Eigen::VectorXf::Zero(10), 3), std::log(10.0), 1e-12);
  EXPECT_NEAR(cross_entropy(Eigen::Vector2f(0, std::log(3.0f)), 1), std::log(4.0 / 3), 1e-6);
}

TEST(CrossEntropy, SurvivesLargeLogits) {
  EXPECT_NEAR(cross_entropy(Eigen::Vector2f(-3000, 3000), 0), 6000, 1e-9);
  EXPECT_NEAR(cross_entropy(Eigen::Vector2f(-3000, 3000), 1), 0, 1e-12);
}

TEST(MeasureQuality, FillsWhatThereIs) {
  const Sample sample{.id = 0, .image = flat(16, 16, 0.5f), .label = 2};
  Output output;
  output.image = flat(16, 16, 0.5f + 2.0f / 255);
  output.logits = Eigen::VectorXf{{0, 0, 9}};
  TrialResult result;
  measure_quality(sample, output, result);
  EXPECT_DOUBLE_EQ(result.mse, 4);
  EXPECT_NEAR(result.psnr_db, 48.1308036 - 6.0205999, 1e-6);  // 20 log10(255) - 10 log10(4)
  EXPECT_NEAR(result.ssim, (2 * 128 * 130 + 6.5025) / (128.0 * 128 + 130.0 * 130 + 6.5025), kSsimTolerance);
  EXPECT_TRUE(std::isnan(result.ms_ssim));
  EXPECT_EQ(result.correct, 1);
  EXPECT_NEAR(result.cross_entropy, std::log(1 + 2 * std::exp(-9.0)), 1e-12);
}

/// Errors of 2 in the picture and of 100 in its padding.
TEST(MeasureQuality, PaddingIsNotCompared) {
  Sample sample{.id = 0, .image = flat(16, 16, 0.5f)};
  sample.picture = Picture{.top = 1, .left = 2, .height = 13, .width = 11, .num_channels = 1};
  Output output;
  output.image = flat(16, 16, 0.5f + 100.0f / 255);
  for (Index y = 1; y < 14; ++y) std::fill_n(output.image.values.begin() + 3 * (16 * y + 2), 3 * 11, 0.5f + 2.0f / 255);
  TrialResult result;
  measure_quality(sample, output, result);
  EXPECT_DOUBLE_EQ(result.mse, 4);
  EXPECT_NEAR(result.ssim, (2 * 128 * 130 + 6.5025) / (128.0 * 128 + 130.0 * 130 + 6.5025), kSsimTolerance);
}

TEST(MeasureQuality, WithoutAPictureOnlyTheClassIsMeasured) {
  Output output;
  output.logits = Eigen::VectorXf{{1, 0}};
  TrialResult result;
  measure_quality({.id = 0, .image = flat(16, 16, 0.5f), .label = 0}, output, result);
  EXPECT_TRUE(std::isnan(result.mse));
  EXPECT_TRUE(std::isnan(result.psnr_db));
  EXPECT_TRUE(std::isnan(result.ssim));
  EXPECT_EQ(result.correct, 1);
}

TEST(MeasureQuality, SizesMustAgree) {
  Output output;
  output.image = flat(16, 12, 0);
  TrialResult result;
  expect_error(ErrorCode::bad_argument, "output.image has 12x16 pixels: expected 16x16",
               [&] { measure_quality({.id = 0, .image = flat(16, 16, 0), .label = -1}, output, result); });
}

}  // namespace
}  // namespace semlink
