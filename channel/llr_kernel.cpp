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

/// Smallest squared distance to a level whose bit is 0, and to one whose bit is 1.
void nearest_of_each(std::span<const float> coordinates, std::span<const float> levels, int shift, float* zero,
                     float* one) {
  const std::size_t count = coordinates.size();
  std::fill_n(zero, count, kFar);
  std::fill_n(one, count, kFar);
  for (std::size_t label = 0; label < levels.size(); ++label) {
    const float level = levels[label];
    float* nearest = (label >> shift) & 1 ? one : zero;
    for (std::size_t i = 0; i < count; ++i) {
      const float distance = coordinates[i] - level;
      nearest[i] = std::min(nearest[i], distance * distance);
    }
  }
}

}  // namespace

void axis_llrs_max_log(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                       std::span<const float> levels, int axis_bits, float* llrs) {
  alignas(64) float zero[kMaxCoordinates], one[kMaxCoordinates];
  for (int bit = 0; bit < axis_bits; ++bit) {
    nearest_of_each(coordinates, levels, axis_bits - 1 - bit, zero, one);
    float* out = llrs + static_cast<std::size_t>(bit) * coordinates.size();
    for (std::size_t i = 0; i < coordinates.size(); ++i) out[i] = (one[i] - zero[i]) * inverse_noise_var[i];
  }
}

void axis_llrs_exact(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                     std::span<const float> levels, int axis_bits, float* llrs) {
  // The sum of each half is taken relative to its own nearest level, so that neither underflows.
  alignas(64) float zero[kMaxCoordinates], one[kMaxCoordinates], zero_sum[kMaxCoordinates], one_sum[kMaxCoordinates];
  const std::size_t count = coordinates.size();
  for (int bit = 0; bit < axis_bits; ++bit) {
    const int shift = axis_bits - 1 - bit;
    nearest_of_each(coordinates, levels, shift, zero, one);
    std::fill_n(zero_sum, count, 0.0f);
    std::fill_n(one_sum, count, 0.0f);
    for (std::size_t label = 0; label < levels.size(); ++label) {
      const float level = levels[label];
      const float* nearest = (label >> shift) & 1 ? one : zero;
      float* sum = (label >> shift) & 1 ? one_sum : zero_sum;
      for (std::size_t i = 0; i < count; ++i) {
        const float distance = coordinates[i] - level;
        sum[i] += exp_negative((nearest[i] - distance * distance) * inverse_noise_var[i]);
      }
    }
    float* out = llrs + static_cast<std::size_t>(bit) * count;
    for (std::size_t i = 0; i < count; ++i)
      out[i] = (one[i] - zero[i]) * inverse_noise_var[i] + log_positive(zero_sum[i]) - log_positive(one_sum[i]);
  }
}

}  // namespace semlink
