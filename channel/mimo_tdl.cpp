#include <semlink/channel/mimo_tdl.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <semlink/channel/earlier_fade.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

/// A plane wave from anywhere along a linear array of half-wavelength spacing; one antenna has no direction.
Eigen::VectorXcf draw_steering(Index num_antennas, Stream& stream) {
  Eigen::VectorXcf phases = Eigen::VectorXcf::Ones(num_antennas);
  if (num_antennas == 1) return phases;
  const double turn = std::numbers::pi * std::sin(2 * std::numbers::pi * stream.uniform());
  for (Index i = 1; i < num_antennas; ++i) phases(i) = Complex(std::polar(1.0, turn * static_cast<double>(i)));
  return phases;
}

}  // namespace

MimoTdl::MimoTdl(const Options& options, const KroneckerModel& antennas) : options_(options), antennas_(antennas) {
  if (options.taps.empty()) throw Error(ErrorCode::bad_argument, "delay line of 0 taps: expected at least 1");
  options.grid.require_prefix();
  delay_phase_ = delay_phases(options.taps, options.grid);
}

Symbols MimoTdl::draw_tap(const DelayTap& tap, Index num_symbols, Stream& stream) const {
  const Index num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx();
  const auto draw = [&] {
    return TapProcess(tap, options_.doppler_hz, stream)
        .values(options_.grid.middle_s(), options_.grid.symbol_s(), num_symbols);
  };
  if (tap.direct) {
    const Eigen::VectorXcf wave = draw();
    const Eigen::VectorXcf at_receiver = draw_steering(num_rx, stream);
    const ComplexMatrix pairs = at_receiver * draw_steering(num_tx, stream).transpose();
    return wave * pairs.reshaped().transpose();
  }
  Symbols gains(num_symbols, num_rx * num_tx);
  for (Index pair = 0; pair < gains.cols(); ++pair) gains.col(pair) = draw();
  for (Index m = 0; m < num_symbols; ++m)
    gains.row(m) = antennas_.correlate(gains.row(m).reshaped(num_rx, num_tx)).reshaped().transpose();
  return gains;
}

std::vector<Symbols> MimoTdl::draw_taps(Index num_elements, Stream& stream) const {
  std::vector<Symbols> taps;
  for (const DelayTap& tap : options_.taps)
    taps.push_back(draw_tap(tap, options_.grid.num_symbols(num_elements), stream));
  return taps;
}

Symbols MimoTdl::draw(Index num_elements, Stream& stream) const {
  return matrices(num_elements, draw_taps(num_elements, stream));
}

Symbols MimoTdl::draw_earlier(Index num_elements, Stream& stream, Stream& other, double correlation) const {
  std::vector<Symbols> taps = draw_taps(num_elements, stream);
  const std::vector<Symbols> others = draw_taps(num_elements, other);
  for (std::size_t l = 0; l < taps.size(); ++l)
    if (!options_.taps[l].direct) taps[l] = earlier_fade(taps[l], others[l], correlation);
  return matrices(num_elements, taps);
}

Symbols MimoTdl::matrices(Index num_elements, const std::vector<Symbols>& taps) const {
  const Index num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx();
  const Index num_symbols = options_.grid.num_symbols(num_elements), width = options_.grid.num_subcarriers;
  Symbols matrices(num_elements * num_rx, num_tx);
  Eigen::RowVectorXcd gains(delay_phase_.rows());
  for (Index m = 0; m < num_symbols; ++m) {
    for (Index pair = 0; pair < num_rx * num_tx; ++pair) {
      for (Index l = 0; l < gains.size(); ++l) gains(l) = std::complex<double>(taps[l](m, pair));
      const Eigen::RowVectorXcd response = gains * delay_phase_;
      const Index end = std::min(width, num_elements - m * width);
      for (Index k = 0; k < end; ++k)
        matrices((m * width + k) * num_rx + pair % num_rx, pair / num_rx) = Complex(response(k));
    }
  }
  return matrices;
}

}  // namespace semlink
