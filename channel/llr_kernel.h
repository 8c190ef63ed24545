#pragma once

#include <complex>
#include <span>

namespace semlink {

/// LLRs of the bits of one axis of a Gray-mapped constellation, for many coordinates at once, in loops that the
/// compiler turns into vector code. For bit j (0 outermost) of coordinate i
///   exact    ln sum_{b=0} exp(-(c - l)^2 s) - ln sum_{b=1} exp(-(c - l)^2 s)
///   max-log  (min_{b=1} (c - l)^2 - min_{b=0} (c - l)^2) s
/// over levels l, with s = 1 / N0. exp and log are polynomials: the error of an exact LLR is below 2e-6 of 1 + |LLR|.
///
/// `levels` has 2^axis_bits entries by label, outermost bit highest; `llrs` is [axis_bits, coordinates.size()], one bit
/// after the other. At most kMaxCoordinates at a time.
inline constexpr int kMaxCoordinates = 256;
void axis_llrs_exact(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                     std::span<const float> levels, int axis_bits, float* llrs);
void axis_llrs_max_log(std::span<const float> coordinates, std::span<const float> inverse_noise_var,
                       std::span<const float> levels, int axis_bits, float* llrs);

/// The same for points of magnitude 1 in the plane, |y - x|^2 in place of (c - l)^2, with y = real + j imag and
/// `points` by label, 2^bits of them, first bit highest.
void phase_llrs_exact(std::span<const float> real, std::span<const float> imag,
                      std::span<const float> inverse_noise_var, std::span<const std::complex<float>> points, int bits,
                      float* llrs);
void phase_llrs_max_log(std::span<const float> real, std::span<const float> imag,
                        std::span<const float> inverse_noise_var, std::span<const std::complex<float>> points, int bits,
                        float* llrs);

}  // namespace semlink
