#include <semlink/channel/doppler.h>

#include <cmath>
#include <numbers>

namespace semlink {

DopplerProcess::DopplerProcess(Stream& stream, double doppler) : amplitudes_(kNumWaves), frequencies_(kNumWaves) {
  const Symbols normals = stream.complex_normals(kNumWaves, 1);
  for (int m = 0; m < kNumWaves; ++m) {
    const double angle = 2 * std::numbers::pi * (m + stream.uniform()) / kNumWaves;
    frequencies_[m] = 2 * std::numbers::pi * doppler * std::cos(angle);
    amplitudes_[m] = std::complex<double>(normals(m, 0)) / std::sqrt(double{kNumWaves});
  }
}

std::complex<double> DopplerProcess::at(double t) const {
  std::complex<double> sum = 0;
  for (int m = 0; m < kNumWaves; ++m) sum += amplitudes_[m] * std::polar(1.0, frequencies_[m] * t);
  return sum;
}

Eigen::VectorXcf DopplerProcess::values(double start, double step, Index num_values) const {
  Eigen::VectorXcd sum = Eigen::VectorXcd::Zero(num_values);
  for (int m = 0; m < kNumWaves; ++m) {
    std::complex<double> wave = amplitudes_[m] * std::polar(1.0, frequencies_[m] * start);
    const std::complex<double> turn = std::polar(1.0, frequencies_[m] * step);
    for (Index i = 0; i < num_values; ++i) {
      sum(i) += wave;
      // By hand: the operator of std::complex looks for infinities.
      wave = {wave.real() * turn.real() - wave.imag() * turn.imag(),
              wave.real() * turn.imag() + wave.imag() * turn.real()};
    }
  }
  return sum.cast<Complex>();
}

}  // namespace semlink
