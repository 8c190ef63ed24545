#include <semlink/channel/waveform/preamble_timing.h>

#include <algorithm>
#include <cmath>
#include <complex>

namespace semlink {

PreambleTiming::PreambleTiming(const PulseShaper& shaper, const Symbols& preamble)
    : num_rows_(preamble.rows() - std::min<Index>(4, preamble.rows() / 4)) {
  constexpr double kStep = 0.25;  // samples, to both sides
  const Symbols samples = shaper.shape(preamble, 1);
  const Symbols later = shaper.match(samples, 1 + kStep, num_rows_);
  const Symbols earlier = shaper.match(samples, 1 - kStep, num_rows_);
  p_ = preamble.topRows(num_rows_).col(0).cast<std::complex<double>>();
  q_ = (later - earlier).col(0).cast<std::complex<double>>() / (2 * kStep);
}

PreambleTiming::Estimate PreambleTiming::estimate(const Symbols& received) const {
  const Eigen::VectorXcd y = received.topRows(num_rows_).col(0).cast<std::complex<double>>();
  const double pp = p_.squaredNorm(), qq = q_.squaredNorm();
  const std::complex<double> pq = p_.dot(q_), py = p_.dot(y), qy = q_.dot(y);
  const double determinant = pp * qq - std::norm(pq);
  const std::complex<double> a = (qq * py - pq * qy) / determinant;
  const std::complex<double> b = (pp * qy - std::conj(pq) * py) / determinant;
  if (!(std::norm(a) > 0)) return {};
  const double residual = (y - a * p_ - b * q_).squaredNorm() / static_cast<double>(num_rows_ - 2) / std::norm(a);
  // The variance of e is residual / (2 qq), and an error e lets neighbours in with the mean power of q.
  return {std::clamp((b / a).real(), -1.0, 1.0), residual / (2 * static_cast<double>(num_rows_))};
}

}  // namespace semlink
