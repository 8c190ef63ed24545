#include <semlink/link/ssim.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace semlink {
namespace {

constexpr Index kTaps = 11;
constexpr float kC1 = (0.01f * 255) * (0.01f * 255);
constexpr float kC2 = (0.03f * 255) * (0.03f * 255);
/// Values are moved by this before they are squared: variances do not change, and float keeps them better.
constexpr float kCentre = 128;
constexpr std::array<double, 5> kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

using PerColour = std::array<double, 3>;

/// Means over windows, per colour.
struct Means {
  PerColour ssim{};
  PerColour contrast_structure{};
};

/// One dimension of the window; it sums to 1.
const std::array<float, kTaps>& window() {
  static const std::array<float, kTaps> weights = [] {
    std::array<double, kTaps> raw;
    double sum = 0;
    for (Index i = 0; i < kTaps; ++i) sum += raw[i] = std::exp(-0.5 * (i - 5) * (i - 5) / (1.5 * 1.5));
    std::array<float, kTaps> normal;
    for (Index i = 0; i < kTaps; ++i) normal[i] = static_cast<float>(raw[i] / sum);
    return normal;
  }();
  return weights;
}

/// Weighted moments of both images along one row of windows or of columns: means, mean of (a - b)^2, mean of a b.
struct Moments {
  std::vector<float> a, b, difference, product;

  explicit Moments(Index size) : a(size), b(size), difference(size), product(size) {}

  void clear() {
    for (std::vector<float>* row : {&a, &b, &difference, &product}) std::fill(row->begin(), row->end(), 0.0f);
  }
};

/// Adds one image row of each image, times a weight, to the moments of every column.
void add_row(const float* __restrict a, const float* __restrict b, float weight, Index size, Moments& sums) {
  float* __restrict sum_a = sums.a.data();
  float* __restrict sum_b = sums.b.data();
  float* __restrict sum_difference = sums.difference.data();
  float* __restrict sum_product = sums.product.data();
  for (Index i = 0; i < size; ++i) {
    const float x = a[i] - kCentre;
    const float y = b[i] - kCentre;
    sum_a[i] += weight * x;
    sum_b[i] += weight * y;
    sum_difference[i] += weight * ((x - y) * (x - y));
    sum_product[i] += weight * (x * y);
  }
}

/// out[i] = sum over taps of the row at i + 3 tap: windows along a row whose neighbours of the same colour are 3 apart.
void filter_row(const std::vector<float>& row, Index size, std::vector<float>& out) {
  const std::array<float, kTaps>& weights = window();
  const float* __restrict in = row.data();
  float* __restrict sums = out.data();
  for (Index i = 0; i < size; ++i) {
    float sum = 0;
    for (Index tap = 0; tap < kTaps; ++tap) sum += weights[tap] * in[i + 3 * tap];
    sums[i] = sum;
  }
}

/// SSIM and its contrast-structure factor for every window of a row, over the moments' first two vectors. With
/// var a + var b = 2 cov + var(a - b), and likewise for the means, equal images give exactly 1 and alike ones lose no
/// digits.
void compare(Moments& m, Index size) {
  float* __restrict a = m.a.data();
  float* __restrict b = m.b.data();
  const float* __restrict difference = m.difference.data();
  const float* __restrict product = m.product.data();
  for (Index i = 0; i < size; ++i) {
    const float mean_difference = a[i] - b[i];
    const float covariance = product[i] - a[i] * b[i];
    const float difference_var = std::max(0.0f, difference[i] - mean_difference * mean_difference);
    const float mean_product = (a[i] + kCentre) * (b[i] + kCentre);
    const float structure = 2 * covariance + kC2;
    const float luminance = 2 * mean_product + kC1;
    b[i] = structure / (structure + difference_var);
    a[i] = b[i] * (luminance / (luminance + mean_difference * mean_difference));
  }
}

void add_per_colour(const std::vector<float>& row, Index size, PerColour& sums) {
  for (Index i = 0; i < size; i += 3)
    for (Index c = 0; c < 3; ++c) sums[c] += row[i + c];
}

Means window_means(const EightBitImage& a, const EightBitImage& b) {
  const Index row_size = 3 * a.width;
  const Index num_rows = a.height - kTaps + 1;
  const Index num_columns = a.width - kTaps + 1;
  const std::array<float, kTaps>& weights = window();
  Moments columns(row_size);
  Moments windows(3 * num_columns);
  Means means;
  for (Index row = 0; row < num_rows; ++row) {
    columns.clear();
    for (Index tap = 0; tap < kTaps; ++tap)
      add_row(&a.values[(row + tap) * row_size], &b.values[(row + tap) * row_size], weights[tap], row_size, columns);
    filter_row(columns.a, 3 * num_columns, windows.a);
    filter_row(columns.b, 3 * num_columns, windows.b);
    filter_row(columns.difference, 3 * num_columns, windows.difference);
    filter_row(columns.product, 3 * num_columns, windows.product);
    compare(windows, 3 * num_columns);
    add_per_colour(windows.a, 3 * num_columns, means.ssim);
    add_per_colour(windows.b, 3 * num_columns, means.contrast_structure);
  }
  const double num_windows = static_cast<double>(num_rows * num_columns);
  for (Index c = 0; c < 3; ++c) {
    means.ssim[c] /= num_windows;
    means.contrast_structure[c] /= num_windows;
  }
  return means;
}

/// Means of 2 x 2 pixels.
EightBitImage halved(const EightBitImage& image) {
  EightBitImage out{image.height / 2, image.width / 2, {}};
  out.values.resize(3 * out.height * out.width);
  const Index row_size = 3 * image.width;
  for (Index y = 0; y < out.height; ++y)
    for (Index x = 0; x < out.width; ++x)
      for (Index c = 0; c < 3; ++c) {
        const float* p = &image.values[2 * y * row_size + 6 * x + c];
        out.values[3 * (y * out.width + x) + c] = 0.25f * ((p[0] + p[3]) + (p[row_size] + p[row_size + 3]));
      }
  return out;
}

double mean(const PerColour& values) { return (values[0] + values[1] + values[2]) / 3; }

}  // namespace

double ssim(const EightBitImage& a, const EightBitImage& b) {
  if (std::min(a.height, a.width) < kTaps) return std::numeric_limits<double>::quiet_NaN();
  return mean(window_means(a, b).ssim);
}

double ms_ssim(const EightBitImage& a, const EightBitImage& b) {
  const Index smallest = kTaps << (kScaleWeights.size() - 1);
  if (std::min(a.height, a.width) < smallest) return std::numeric_limits<double>::quiet_NaN();
  PerColour product{1, 1, 1};
  EightBitImage x = a;
  EightBitImage y = b;
  for (std::size_t scale = 0; scale < kScaleWeights.size(); ++scale) {
    if (scale > 0) {
      x = halved(x);
      y = halved(y);
    }
    const Means means = window_means(x, y);
    const PerColour& factor = scale + 1 < kScaleWeights.size() ? means.contrast_structure : means.ssim;
    for (Index c = 0; c < 3; ++c) product[c] *= std::pow(std::max(0.0, factor[c]), kScaleWeights[scale]);
  }
  return mean(product);
}

}  // namespace semlink
