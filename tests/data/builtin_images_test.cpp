#include <semlink/data/builtin_images.h>

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <set>

#include <semlink/data/pixels.h>
#include <support/expect_error.h>

namespace semlink {
namespace {

std::vector<double> luminance(const Image& image) {
  std::vector<double> out(image.height * image.width);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = (image.values[3 * i] + image.values[3 * i + 1] + image.values[3 * i + 2]) / 3.0;
  return out;
}

/// Plain discrete Fourier transform of `count` values `step` apart, in place; `roots` are the powers of exp(-2 pi j /
/// count).
void transform_line(std::complex<double>* values, int count, int step, const std::vector<std::complex<double>>& roots) {
  std::vector<std::complex<double>> out(count);
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < count; ++i) out[k] += values[i * step] * roots[k * i % count];
  for (int k = 0; k < count; ++k) values[k * step] = out[k];
}

std::vector<std::complex<double>> windowed_spectrum(const std::vector<double>& image, int side) {
  std::vector<std::complex<double>> roots(side);
  std::vector<double> window(side);
  for (int i = 0; i < side; ++i) {
    roots[i] = std::polar(1.0, -2 * std::numbers::pi * i / side);
    window[i] = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (i + 0.5) / side);
  }
  double mean = 0;
  for (const double value : image) mean += value / image.size();
  std::vector<std::complex<double>> spectrum(side * side);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) spectrum[y * side + x] = (image[y * side + x] - mean) * window[y] * window[x];
  for (int y = 0; y < side; ++y) transform_line(&spectrum[y * side], side, 1, roots);
  for (int x = 0; x < side; ++x) transform_line(&spectrum[x], side, side, roots);
  return spectrum;
}

/// Power at the radial frequencies 0 ... side / 2 (cycles per image), averaged over rings, under a Hann window.
std::vector<double> radial_power(const std::vector<double>& image, int side) {
  const std::vector<std::complex<double>> spectrum = windowed_spectrum(image, side);
  std::vector<double> power(side / 2 + 1, 0.0);
  std::vector<int> counts(side / 2 + 1, 0);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const auto ring = static_cast<std::size_t>(std::lround(std::hypot(std::min(y, side - y), std::min(x, side - x))));
      if (ring >= power.size()) continue;
      power[ring] += std::norm(spectrum[y * side + x]);
      ++counts[ring];
    }
  for (std::size_t ring = 0; ring < power.size(); ++ring) power[ring] /= counts[ring];
  return power;
}

/// Slope of the least-squares line through (ln f, ln power) for f in [low, high].
double log_slope(const std::vector<double>& power, int low, int high) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const int n = high - low + 1;
  for (int f = low; f <= high; ++f) {
    const double u = std::log(f), v = std::log(power[f]);
    x += u;
    y += v;
    xx += u * u;
    xy += u * v;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

TEST(BuiltinImages, SameAddressGivesTheSameBits) {
  const BuiltinImages one(40, 24, Split::test);
  const BuiltinImages other(40, 24, Split::test);
  const Sample a = one.sample({3, 17, 0});
  const Sample b = other.sample({3, 17, 0});
  EXPECT_EQ(a.image.values, b.image.values);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.id, 17);
}

TEST(BuiltinImages, SeedTrialSaltAndSplitMakeDifferentImages) {
  const BuiltinImages test(16, 16, Split::test);
  const BuiltinImages train(16, 16, Split::train);
  const BuiltinImages validation(16, 16, Split::validation);
  std::set<std::vector<float>> images;
  for (const TrialRng& rng : {TrialRng{1, 0, 0}, TrialRng{2, 0, 0}, TrialRng{1, 1, 0}, TrialRng{1, 0, 1}})
    images.insert(test.sample(rng).image.values);
  images.insert(train.sample({1, 0, 0}).image.values);
  images.insert(validation.sample({1, 0, 0}).image.values);
  EXPECT_EQ(images.size(), 6u);
}

TEST(BuiltinImages, ValuesAreWholeEightBitSteps) {
  const Sample sample = BuiltinImages(64, 64, Split::test).sample({1, 5, 0});
  for (const float value : sample.image.values) ASSERT_EQ(value, from_byte(to_byte(value)));
}

TEST(BuiltinImages, LabelsAreUniform) {
  const BuiltinImages source(8, 8, Split::test);
  const int num_samples = 4000;
  std::vector<int> counts(source.class_names().size(), 0);
  for (int t = 0; t < num_samples; ++t) ++counts[source.sample({1, static_cast<std::uint64_t>(t), 0}).label];
  const double expected = static_cast<double>(num_samples) / counts.size();
  for (const int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected));
}

TEST(BuiltinImages, ExtremeSizesAreFilled) {
  for (const auto& [height, width] : {std::pair<Index, Index>{8, 8}, {8, 1024}, {1024, 8}, {1024, 1024}}) {
    const Sample sample = BuiltinImages(height, width, Split::test).sample({1, 0, 0});
    EXPECT_EQ(sample.image.height, height);
    EXPECT_EQ(sample.image.width, width);
    EXPECT_EQ(static_cast<Index>(sample.image.values.size()), 3 * height * width);
  }
}

TEST(BuiltinImages, SizesOutsideTheBoundsAreRejected) {
  expect_error(ErrorCode::bad_scenario, "source.height = 7: expected [8, 1024]",
               [] { BuiltinImages(7, 32, Split::test); });
  expect_error(ErrorCode::bad_scenario, "source.width = 1025", [] { BuiltinImages(32, 1025, Split::test); });
}

// Natural images have power spectra 1/f^a with a about 2 (Field 1987); 12 Kodak photographs give 2.1 by this measure.
// Above half the Nyquist frequency (64), the soft borders of the leaves take over.
TEST(BuiltinImages, PowerSpectrumFallsAsInNaturalImages) {
  const int side = 128;
  const BuiltinImages source(side, side, Split::test);
  std::vector<double> power(side / 2 + 1, 0.0);
  for (std::uint64_t t = 0; t < 64; ++t) {
    const std::vector<double> one = radial_power(luminance(source.sample({1, t, 0}).image), side);
    for (std::size_t f = 0; f < power.size(); ++f) power[f] += one[f];
  }
  const double exponent = -log_slope(power, 2, 32);
  EXPECT_GE(exponent, 1.6);
  EXPECT_LE(exponent, 2.4);
}

// A Gaussian has kurtosis 3; differences of neighbouring pixels in natural images have far more (9.3 on CIFAR-10).
TEST(BuiltinImages, DifferencesHaveHeavyTails) {
  const BuiltinImages source(32, 32, Split::test);
  double squares = 0, fourths = 0;
  int count = 0;
  for (std::uint64_t t = 0; t < 200; ++t) {
    const std::vector<double> image = luminance(source.sample({1, t, 0}).image);
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 31; ++x, ++count) {
        const double d = image[y * 32 + x + 1] - image[y * 32 + x];
        squares += d * d;
        fourths += d * d * d * d;
      }
  }
  const double variance = squares / count;
  EXPECT_GT(fourths / count / (variance * variance), 6);
}

// On CIFAR-10 the channels have mean 0.45 to 0.50, deviation 0.25 and correlations 0.91 (red-green) and 0.80
// (red-blue); the margins are those of choices, not of sampling.
TEST(BuiltinImages, ChannelsCorrelateAsInNaturalImages) {
  const BuiltinImages source(32, 32, Split::test);
  double mean[3] = {}, products[3][3] = {};
  int count = 0;
  for (std::uint64_t t = 0; t < 400; ++t) {
    const Image image = source.sample({1, t, 0}).image;
    for (std::size_t i = 0; i < image.values.size(); i += 3, ++count)
      for (int a = 0; a < 3; ++a) {
        mean[a] += image.values[i + a];
        for (int b = 0; b < 3; ++b) products[a][b] += image.values[i + a] * image.values[i + b];
      }
  }
  const auto covariance = [&](int a, int b) { return products[a][b] / count - mean[a] * mean[b] / count / count; };
  const auto correlation = [&](int a, int b) {
    return covariance(a, b) / std::sqrt(covariance(a, a) * covariance(b, b));
  };
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(mean[c] / count, 0.48, 0.06);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(std::sqrt(covariance(c, c)), 0.25, 0.03);
  EXPECT_NEAR(correlation(0, 1), 0.91, 0.05);
  EXPECT_NEAR(correlation(0, 2), 0.80, 0.07);
}

}  // namespace
}  // namespace semlink
