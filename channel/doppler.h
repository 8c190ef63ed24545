#pragma once

#include <complex>
#include <vector>

#include <semlink/core/rng.h>

namespace semlink {

/// A stationary complex Gaussian process with the spectrum of Clarke and Jakes, E|h|^2 = 1:
///     h(t) = sum_m a_m exp(j 2 pi f_d cos(alpha_m) t),   alpha_m = 2 pi (m + u_m) / M,
/// a_m circular normal of variance 1/M, u_m uniform in [0, 1), M = kNumWaves. Because the amplitudes are normal, h(t)
/// is exactly circular normal at every t (|h| exactly Rayleigh), and over realisations E h(t + tau) conj(h(t)) is
/// exactly J0(2 pi f_d tau), for any M. One realisation is a sum of M waves: its own time averages differ from J0.
/// Clarke 1968; Jakes, Microwave Mobile Communications, section 1.1.
class DopplerProcess {
 public:
  static constexpr int kNumWaves = 16;

  /// Draws the waves from `stream`; `doppler`: f_d, in cycles per unit of t; 0 gives a gain that stays.
  DopplerProcess(Stream& stream, double doppler);

  std::complex<double> at(double t) const;
  /// h(start), h(start + step), ... [num_values]; more values begin with those of fewer.
  Eigen::VectorXcf values(double start, double step, Index num_values) const;

 private:
  std::vector<std::complex<double>> amplitudes_;
  std::vector<double> frequencies_;  ///< in radians per unit of t
};

/// Doppler shift of a direct path over the largest one, f_d: 3GPP TR 38.901 V16.1.0, section 7.7.2.
inline constexpr double kDirectPathDoppler = 0.7;

}  // namespace semlink
