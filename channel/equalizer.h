#pragma once

#include <algorithm>
#include <complex>

#include <semlink/core/types.h>

namespace semlink {

/// How the gain is taken out. With h the assumed gain and N = N0 + E|h_hat - h|^2:
///   - zero_forcing: x_hat = y / h, noise_var = N / |h|^2; gain one, the noise grows without bound in a fade;
///   - mmse: x_hat = conj(h) y / (|h|^2 + N), noise_var = N / (|h|^2 + N); gain 1 - noise_var, noise_var at most 1.
/// For one stream without interference the two differ only by the factor 1 - noise_var (unbiased MMSE *is* zero
/// forcing), so that BPSK and QPSK LLRs are equal; larger constellations must be demapped from zero forcing, or divided
/// by 1 - noise_var first.
enum class Equalizer { zero_forcing, mmse };

/// Keeps a gain of exactly zero from making infinities: |h|^2 is no smaller than this (-120 dB).
inline constexpr float kMinGainPower = 1e-12f;

/// The factor that the equaliser applies to y.
inline Complex equalizer_factor(Equalizer equalizer, Complex gain, float noise_var) {
  const float power = std::max(std::norm(gain), kMinGainPower);
  return std::conj(gain) / (equalizer == Equalizer::mmse ? power + noise_var : power);
}

/// E|x_hat - x|^2 after it, for symbols of power 1.
inline float residual_noise(Equalizer equalizer, Complex gain, float noise_var) {
  const float power = std::max(std::norm(gain), kMinGainPower);
  return noise_var / (equalizer == Equalizer::mmse ? power + noise_var : power);
}

}  // namespace semlink
