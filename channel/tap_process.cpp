#include <semlink/channel/tap_process.h>

#include <cmath>
#include <numbers>

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

}  // namespace

TapProcess::TapProcess(const DelayTap& tap, double doppler_hz, Stream& stream)
    : amplitude_(static_cast<float>(std::sqrt(tap.power))), turn_(kTwoPi * kDirectPathDoppler * doppler_hz) {
  if (tap.direct)
    phase_ = kTwoPi * stream.uniform();
  else
    scattered_.emplace(stream, doppler_hz);
}

Eigen::VectorXcf TapProcess::values(double start_s, double step_s, Index num_values) const {
  if (scattered_) return amplitude_ * scattered_->values(start_s, step_s, num_values);
  Eigen::VectorXcf values(num_values);
  for (Index i = 0; i < num_values; ++i)
    values(i) = Complex(std::polar(1.0, phase_ + turn_ * (start_s + step_s * static_cast<double>(i))));
  return amplitude_ * values;
}

RowMatrix<std::complex<double>> delay_phases(const std::vector<DelayTap>& taps, const OfdmGrid& grid) {
  RowMatrix<std::complex<double>> phases(static_cast<Index>(taps.size()), grid.num_subcarriers);
  for (Index k = 0; k < grid.num_subcarriers; ++k) {
    const double omega = kTwoPi * grid.frequency_hz(k);
    for (Index l = 0; l < phases.rows(); ++l) phases(l, k) = std::polar(1.0, -omega * taps[l].delay_s);
  }
  return phases;
}

}  // namespace semlink
