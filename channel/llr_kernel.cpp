#include <semlink/channel/llr_kernel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace semlink {
namespace {

inline float mul_add(float a, float b, float c) {
#ifdef __FMA__
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/// exp(x) for x <= 0, not below 1e-38: powers of two and the polynomial of Cephes `expf` (Moshier 1992).
inline float exp_negative(float x) {
  x = std::max(x, -87.0f);
  const float n = std::nearbyint(x * 1.44269504f);
  float r = mul_add(n, -0.693359375f, x);
  r = mul_add(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = mul_add(p, r, 1.3981999507e-3f);
  p = mul_add(p, r, 8.3334519073e-3f);
  p = mul_add(p, r, 4.1665795894e-2f);
  p = mul_add(p, r, 1.6666665459e-1f);
  p = mul_add(p, r, 5.0000001201e-1f);
  p = mul_add(p * r, r, r + 1.0f);
  const std::int32_t exponent = static_cast<std::int32_t>(n) * (1 << 23);
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(p) + exponent);
}

/// log(x) for normal x > 0: the polynomial of Cephes `logf` on [sqrt(1/2), sqrt(2)).
inline float log_positive(float x) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
  const float f = std::bit_cast<float>(bits - exponent * (1 << 23)) - 1.0f;
  const auto e = static_cast<float>(exponent);
  const float f2 = f * f;
  float p = 7.0376836292e-2f;
  p = mul_add(p, f, -1.1514610310e-1f);
  p = mul_add(p, f, 1.1676998740e-1f);
  p = mul_add(p, f, -1.2420140846e-1f);
  p = mul_add(p, f, 1.4249322787e-1f);
  p = mul_add(p, f, -1.6668057665e-1f);
  p = mul_add(p, f, 2.0000714765e-1f);
  p = mul_add(p, f, -2.4999993993e-1f);
  p = mul_add(p, f, 3.3333331174e-1f);
  float tail = mul_add(p * f, f2, e * -2.12194440e-4f);
  tail = mul_add(f2, -0.5f, tail);
  return mul_add(e, 0.693359375f, f + tail);
}

constexpr float kFar = std::numeric_limits<float>::max();

/// Squared distance of the coordinates from a level of one axis.
struct AxisMetric {
  const float* coordinates;
  const float* levels;

  auto of(std::size_t label) const {
    return [c = coordinates, level = levels[label]](std::size_t i) {
      const float distance = c[i] - level;
      return distance * distance;
    };
  }
};

/// Squared distance from a point of magnitude 1, without |y|^2 + 1, which all points have in common.
struct PhaseMetric {
  const float* real;
  const float* imag;
  const std::complex<float>* points;

  auto of(std::size_t label) const {
    return [re = real, im = imag, u = -2 * points[label].real(), v = -2 * points[label].imag()](std::size_t i) {
      return mul_add(re[i], u, im[i] * v);
    };
  }
};

/// Smallest metric of a label whose bit is 0, and of one whose bit is 1.
template <typename Metric>
void nearest_of_each(const Metric& metric, std::size_t count, int label_bits, int shift, float* zero, float* one) {
  std::fill_n(zero, count, kFar);
  std::fill_n(one, count, kFar);
  for (std::size_t label = 0; label < (std::size_t{1} << label_bits); ++label) {
    const auto distance = metric.of(label);
    float* nearest = (label >> shift) & 1 ? one : zero;
    for (std::size_t i = 0; i < count; ++i) nearest[i] = std::min(nearest[i], distance(i));
  }
}

template <typename Metric>
void llrs_max_log(const Metric& metric, std::span<const float> inverse_noise_var, int label_bits, float* llrs) {
  alignas(64) float zero[kMaxCoordinates], one[kMaxCoordinates];
  const std::size_t count = inverse_noise_var.size();
  for (int bit = 0; bit < label_bits; ++bit) {
    nearest_of_each(metric, count, label_bits, label_bits - 1 - bit, zero, one);
    float* out = llrs + static_cast<std::size_t>(bit) * count;
    for (std::size_t i = 0; i < count; ++i) out[i] = (one[i] - zero[i]) * inverse_noise_var[i];
  }
}

template <typename Metric>
void llrs_exact(const Metric& metric, std::span<const float> inverse_noise_var, int label_bits, float* llrs) {
  // The sum of each half is taken relative to its own nearest label, so that neither underflows.
  alignas(64) float zero[kMaxCoordinates], one[kMaxCoordinates], zero_sum[kMaxCoordinates], one_sum[kMaxCoordinates];
  const std::size_t count = inverse_noise_var.size();
  for (int bit = 0; bit < label_bits; ++bit) {
    const int shift = label_bits - 1 - bit;
    nearest_of_each(metric, count, label_bits, shift, zero, one);
    std::fill_n(zero_sum, count, 0.0f);
    std::fill_n(one_sum, count, 0.0f);
    for (std::size_t label = 0; label < (std::size_t{1} << label_bits); ++label) {
      const auto distance = metric.of(label);
      const float* nearest = (label >> shift) & 1 ? one : zero;
      float* sum = (label >> shift) & 1 ? one_sum : zero_sum;
      for (std::size_t i = 0; i < count; ++i) sum[i] += exp_negative((nearest[i] - distance(i)) * inverse_noise_var[i]);
    }
    float* out = llrs + static_cast<std::size_t>(bit) * count;
    for (std::size_t i = 0; i < count; ++i)
      out[i] = (one[i] - zero[i]) * inverse_noise_var[i] + log_positive(zero_sum[i]) - log_positive(one_sum[i]);
  }
}

}  // namespace

void axis_llrs_exact(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                     std::span<const float> levels, int axis_bits, float* llrs) {
  llrs_exact(AxisMetric{coordinates.data(), levels.data()}, inverse_noise_var, axis_bits, llrs);
}

void axis_llrs_max_log(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                       std::span<const float> levels, int axis_bits, float* llrs) {
  llrs_max_log(AxisMetric{coordinates.data(), levels.data()}, inverse_noise_var, axis_bits, llrs);
}

void phase_llrs_exact(std::span<const float> real, std::span<const float> imag,
                      std::span<const float> inverse_noise_var, std::span<const std::complex<float>> points, int bits,
                      float* llrs) {
  llrs_exact(PhaseMetric{real.data(), imag.data(), points.data()}, inverse_noise_var, bits, llrs);
}

void phase_llrs_max_log(std::span<const float> real, std::span<const float> imag,
                        std::span<const float> inverse_noise_var, std::span<const std::complex<float>> points, int bits,
                        float* llrs) {
  llrs_max_log(PhaseMetric{real.data(), imag.data(), points.data()}, inverse_noise_var, bits, llrs);
}

}  // namespace semlink
