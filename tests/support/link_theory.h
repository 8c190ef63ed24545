#pragma once

#include <cmath>
#include <numbers>

namespace semlink::test {

/// Mean of erfc(a |h|) over Rician fades with E|h|^2 = 1, by the moment generating function of |h|^2 (Simon and
/// Alouini, Digital Communication over Fading Channels, section 5.1.4); K = 0 is Rayleigh, infinite K no fading.
inline double mean_erfc(double a, double rician_k) {
  if (std::isinf(rician_k)) return std::erfc(a);
  constexpr int kSteps = 4000;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double sine = std::sin((i + 0.5) / kSteps * std::numbers::pi / 2);
    const double s = a * a / (sine * sine);
    sum += (1 + rician_k) / (1 + rician_k + s) * std::exp(-rician_k * s / (1 + rician_k + s));
  }
  return sum / kSteps;
}

/// Bit error rate of Gray-mapped square M-QAM decided by the nearest point, the receiver knowing the fade: Cho and
/// Yoon, IEEE Trans. Commun. 50 (2002), equations 14 and 16, with erfc averaged over the fade. M = 4, 16, 64, ...
inline double qam_bit_error_rate(int order, double ebn0_db, double rician_k) {
  const double bits = std::log2(order), levels = std::sqrt(order);
  const double step = std::sqrt(3 * bits * std::pow(10, ebn0_db / 10) / (2 * (order - 1)));
  double total = 0;
  for (double half = 1; half < levels; half *= 2) {  // 2^(k - 1) for bit k of an axis
    const int terms = static_cast<int>((1 - 0.5 / half) * levels);
    for (int i = 0; i < terms; ++i) {
      const double fold = std::floor(i * half / levels);
      const double weight = half - std::floor(i * half / levels + 0.5);
      total += (std::fmod(fold, 2) == 0 ? 1 : -1) * weight * mean_erfc((2 * i + 1) * step, rician_k) / levels;
    }
  }
  return total / (bits / 2);
}

/// Ergodic capacity of Rayleigh fading in bits per use, exp(1 / snr) E1(1 / snr) / ln 2; linear SNR. Alouini and
/// Goldsmith, IEEE Trans. Veh. Technol. 48 (1999), equation 34.
inline double rayleigh_capacity(double snr) { return -std::exp(1 / snr) * std::expint(-1 / snr) / std::numbers::ln2; }

/// Probability that log2(1 + |h|^2 snr) < rate in Rayleigh fading.
inline double rayleigh_outage(double snr, double rate) { return 1 - std::exp(-(std::exp2(rate) - 1) / snr); }

/// The same for the sum of the SNRs of two fades: |h|^2 + |h'|^2 is Gamma of shape 2.
inline double rayleigh_outage_of_two_added(double snr, double rate) {
  const double least = (std::exp2(rate) - 1) / snr;
  return 1 - std::exp(-least) * (1 + least);
}

/// The same for the sum of their bits: log2(1 + |h|^2 snr) + log2(1 + |h'|^2 snr) < rate.
inline double rayleigh_outage_of_two_joined(double snr, double rate) {
  constexpr int kSteps = 100'000;
  const double most = (std::exp2(rate) - 1) / snr;  // of |h|^2, which then needs no help
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double gain = most * (i + 0.5) / kSteps;
    sum += std::exp(-gain) * rayleigh_outage(snr, rate - std::log2(1 + gain * snr));
  }
  return sum * most / kSteps;
}

}  // namespace semlink::test
