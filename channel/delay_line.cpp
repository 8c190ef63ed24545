#include <semlink/channel/delay_line.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <semlink/channel/earlier_fade.h>
#include <semlink/channel/mimo_detector.h>
#include <semlink/core/error.h>
#include <unsupported/Eigen/FFT>

namespace semlink {
namespace {

using ComplexDouble = std::complex<double>;
constexpr double kTwoPi = 2 * std::numbers::pi;

/// Products without the tests for infinity of std::complex.
ComplexDouble times(ComplexDouble a, ComplexDouble b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// Unscaled transforms of one length, which keep their buffers.
class Transform {
 public:
  Transform() { fft_.SetFlag(Eigen::FFT<double>::Unscaled); }
  /// out_n = sum_k in_k exp(+j 2 pi k n / N).
  void to_time(const Eigen::VectorXcd& in, Eigen::VectorXcd& out) { fft_.inv(out, in); }
  /// out_k = sum_n in_n exp(-j 2 pi k n / N).
  void to_frequency(const Eigen::VectorXcd& in, Eigen::VectorXcd& out) { fft_.fwd(out, in); }

 private:
  Eigen::FFT<double> fft_;
};

/// OFDM symbol m of a frame as one row for each antenna, what is missing at its end as zeros.
RowMatrix<ComplexDouble> spectra(const Symbols& x, Index m, Index num_subcarriers) {
  RowMatrix<ComplexDouble> out = RowMatrix<ComplexDouble>::Zero(x.cols(), num_subcarriers);
  const Index length = std::min(num_subcarriers, x.rows() - m * num_subcarriers);
  out.leftCols(length) = x.middleRows(m * num_subcarriers, length).transpose().cast<ComplexDouble>();
  return out;
}

void store(const Eigen::VectorXcd& spectrum, Index m, Index antenna, Symbols& y) {
  const Index length = std::min(spectrum.size(), y.rows() - m * spectrum.size());
  y.col(antenna).segment(m * spectrum.size(), length) = spectrum.head(length).cast<Complex>();
}

/// A plane wave from anywhere along a linear array of half-wavelength spacing; one antenna has no direction.
Eigen::VectorXcf draw_steering(Index num_antennas, Stream& stream) {
  Eigen::VectorXcf phases = Eigen::VectorXcf::Ones(num_antennas);
  if (num_antennas == 1) return phases;
  const double turn = std::numbers::pi * std::sin(kTwoPi * stream.uniform());
  for (Index i = 1; i < num_antennas; ++i) phases(i) = Complex(std::polar(1.0, turn * static_cast<double>(i)));
  return phases;
}

}  // namespace

DelayLine::DelayLine(const Options& options, const KroneckerModel& antennas) : options_(options), antennas_(antennas) {
  const OfdmGrid& grid = options_.grid;
  if (options_.taps.empty()) throw Error(ErrorCode::bad_argument, "delay line of 0 taps: expected at least 1");
  grid.require_prefix();
  delay_phase_ = delay_phases(options_.taps, grid);
  symbol_phase_.resize(grid.num_subcarriers);
  for (Index k = 0; k < grid.num_subcarriers; ++k)
    symbol_phase_(k) = std::polar(1.0, kTwoPi * grid.frequency_hz(k) * grid.symbol_s());
  for (const DelayTap& tap : options_.taps) {
    if (sends_waveform() && tap.delay_s > grid.symbol_s())
      throw Error(ErrorCode::bad_argument, "path delay of " + std::to_string(tap.delay_s * 1e9) +
                                               " ns: expected at most one OFDM symbol, " +
                                               std::to_string(grid.symbol_s() * 1e9) + " ns");
    const double late = (tap.delay_s - grid.prefix_s()) * grid.sampling_rate_hz();
    // A path that ends with the prefix to within rounding does not reach into the window.
    const auto first = static_cast<Index>(std::ceil(late - 1e-9));
    first_own_.push_back(std::clamp<Index>(first, 0, grid.num_subcarriers));
    leaked_shares_.push_back(sends_waveform() ? leaked_share(tap, first_own_.back()) : 0.0);
  }
}

/// 1 - E|c|^2 with c the mean over the window of a path of power 1, 0 where the own symbol is missing.
double DelayLine::leaked_share(const DelayTap& tap, Index first_own) const {
  const Index length = options_.grid.num_subcarriers, own = length - first_own;
  const double omega = kTwoPi * options_.doppler_hz / options_.grid.sampling_rate_hz();
  double kept = static_cast<double>(own);
  for (Index lag = 1; lag < own; ++lag) {
    const double turn = omega * static_cast<double>(lag);
    const double correlation = tap.direct ? std::cos(kDirectPathDoppler * turn) : std::cyl_bessel_j(0, turn);
    kept += 2 * static_cast<double>(own - lag) * correlation;
  }
  return std::max(1 - kept / static_cast<double>(length * length), 0.0);
}

double DelayLine::leaked_power() const {
  double leaked = 0;
  for (std::size_t l = 0; l < options_.taps.size(); ++l) leaked += options_.taps[l].power * leaked_shares_[l];
  return leaked;
}

double DelayLine::leaked_together(Index tap, Index other) const {
  const auto length = static_cast<double>(options_.grid.num_subcarriers);
  const double late = static_cast<double>(first_own_[tap]) / length;
  const double other_late = static_cast<double>(first_own_[other]) / length;
  return 2 * std::min(late, other_late) - late * other_late;
}

double DelayLine::leaked_power(const Symbols& paths, const Symbols& sent) const {
  if (!sends_waveform()) return 0;
  const Index num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx(), length = options_.grid.num_subcarriers;
  const auto gains = [&](Index instant, Index l) {
    return paths.row(instant).segment(column(l, 0, 0), num_pairs()).reshaped(num_rx, num_tx);
  };
  double leaked = 0;
  ComplexMatrix covariance = ComplexMatrix::Zero(num_tx, num_tx);
  for (Index k = 0; k < length; ++k) {
    const ComplexMatrix precoder = slot_matrix(sent, k, num_tx);
    covariance += precoder * precoder.adjoint();
  }
  for (Index l = 0; l < num_taps(); ++l)
    for (Index n = 0; n < length; ++n) {
      const ComplexMatrix path = gains(n, l);
      const auto power = (path * covariance).cwiseProduct(path.conjugate()).sum().real();
      leaked += leaked_shares_[l] * static_cast<double>(power) / static_cast<double>(length);
    }

  // Late paths leak together what the precoder of a subcarrier makes of them together.
  const Symbols mean = paths.topRows(length).colwise().mean();
  std::vector<Index> late;
  for (Index l = 0; l < num_taps(); ++l)
    if (first_own_[l] > 0) late.push_back(l);
  for (Index k = 0; k < length; ++k) {
    const ComplexMatrix precoder = slot_matrix(sent, k, num_tx);
    std::vector<ComplexMatrix> arriving;
    for (const Index l : late) {
      arriving.push_back(mean.row(0).segment(column(l, 0, 0), num_pairs()).reshaped(num_rx, num_tx) * precoder);
      arriving.back() *= Complex(delay_phase_(l, k));
      for (std::size_t i = 0; i + 1 < arriving.size(); ++i) {
        const Complex product = arriving[i].cwiseProduct(arriving.back().conjugate()).sum();
        leaked += 2 * leaked_together(l, late[i]) * static_cast<double>(product.real());
      }
    }
  }
  return std::max(leaked, 0.0) / static_cast<double>(length * num_rx);
}

Eigen::VectorXcf DelayLine::at_instants(const TapProcess& process, Index num_symbols) const {
  const OfdmGrid& grid = options_.grid;
  if (!sends_waveform()) return process.values(grid.middle_s(), grid.symbol_s(), num_symbols);
  Eigen::VectorXcf gains(num_symbols * grid.num_subcarriers);
  for (Index m = 0; m < num_symbols; ++m) {
    const double start = static_cast<double>(m) * grid.symbol_s() + grid.prefix_s();
    gains.segment(m * grid.num_subcarriers, grid.num_subcarriers) =
        process.values(start, 1 / grid.sampling_rate_hz(), grid.num_subcarriers);
  }
  return gains;
}

void DelayLine::draw_tap(const DelayTap& tap, Index num_symbols, Stream& stream, Eigen::Ref<Symbols> gains) const {
  const Index num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx();
  const auto draw = [&] { return at_instants(TapProcess(tap, options_.doppler_hz, stream), num_symbols); };
  if (tap.direct) {
    const Eigen::VectorXcf wave = draw();
    const Eigen::VectorXcf at_receiver = draw_steering(num_rx, stream);
    const ComplexMatrix pairs = at_receiver * draw_steering(num_tx, stream).transpose();
    gains = wave * pairs.reshaped().transpose();
    return;
  }
  for (Index pair = 0; pair < gains.cols(); ++pair) gains.col(pair) = draw();
  if (!antennas_.is_correlated()) return;
  for (Index n = 0; n < gains.rows(); ++n)
    gains.row(n) = antennas_.correlate(gains.row(n).reshaped(num_rx, num_tx)).reshaped().transpose();
}

Symbols DelayLine::draw(Index num_elements, Stream& stream) const {
  const Index num_symbols = options_.grid.num_symbols(num_elements);
  Symbols paths(num_symbols * (sends_waveform() ? options_.grid.num_subcarriers : 1), num_taps() * num_pairs());
  for (Index l = 0; l < num_taps(); ++l)
    draw_tap(options_.taps[l], num_symbols, stream, paths.middleCols(column(l, 0, 0), num_pairs()));
  return paths;
}

Symbols DelayLine::draw_earlier(Index num_elements, Stream& stream, Stream& other, double correlation) const {
  Symbols paths = draw(num_elements, stream);
  const Symbols others = draw(num_elements, other);
  for (Index l = 0; l < num_taps(); ++l)
    if (!options_.taps[l].direct) {
      auto path = paths.middleCols(column(l, 0, 0), num_pairs());
      path = earlier_fade(path, others.middleCols(column(l, 0, 0), num_pairs()), correlation);
    }
  return paths;
}

Eigen::RowVectorXcd DelayLine::kept_gains(const Symbols& paths, Index m) const {
  if (!sends_waveform()) return paths.row(m).cast<ComplexDouble>();
  const Index length = options_.grid.num_subcarriers;
  Eigen::RowVectorXcd mean(paths.cols());
  for (Index c = 0; c < paths.cols(); ++c) {
    const Index first = first_own_[c / num_pairs()];
    const auto own = paths.col(c).segment(m * length + first, length - first).cast<ComplexDouble>();
    mean(c) = own.sum() / static_cast<double>(length);
  }
  return mean;
}

Symbols DelayLine::matrices(Index num_elements, const Symbols& paths) const {
  const Index num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx(), width = options_.grid.num_subcarriers;
  Symbols matrices(num_elements * num_rx, num_tx);
  Eigen::RowVectorXcd gains(num_taps());
  for (Index m = 0; m < options_.grid.num_symbols(num_elements); ++m) {
    const Eigen::RowVectorXcd kept = kept_gains(paths, m);
    for (Index tx = 0; tx < num_tx; ++tx)
      for (Index rx = 0; rx < num_rx; ++rx) {
        for (Index l = 0; l < gains.size(); ++l) gains(l) = kept(column(l, rx, tx));
        const Eigen::RowVectorXcd response = gains * delay_phase_;
        const Index end = std::min(width, num_elements - m * width);
        for (Index k = 0; k < end; ++k) matrices((m * width + k) * num_rx + rx, tx) = Complex(response(k));
      }
  }
  return matrices;
}

Symbols DelayLine::propagate(const Symbols& x, const Symbols& paths) const {
  const Index length = options_.grid.num_subcarriers, num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx();
  Transform transform;
  Symbols y(x.rows(), num_rx);
  Spectra before = Spectra::Zero(num_tx, length);
  Eigen::MatrixXcd received(length, num_rx);
  Eigen::VectorXcd waveform(length), out(length);
  for (Index m = 0; m < options_.grid.num_symbols(x.rows()); ++m) {
    const Spectra own = spectra(x, m, length);
    received.setZero();
    const auto add = [&](const Spectra& symbols, Index l, Index tx, Index begin, Index end) {
      if (begin >= end) return;
      const Eigen::VectorXcd delayed = symbols.row(tx).cwiseProduct(delay_phase_.row(l)).transpose();
      transform.to_time(delayed, waveform);
      for (Index rx = 0; rx < num_rx; ++rx)
        for (Index n = begin; n < end; ++n)
          received(n, rx) += times(ComplexDouble(paths(m * length + n, column(l, rx, tx))), waveform(n));
    };
    for (Index l = 0; l < num_taps(); ++l)
      for (Index tx = 0; tx < num_tx; ++tx) {
        add(own, l, tx, first_own_[l], length);
        add(before, l, tx, 0, first_own_[l]);
      }
    for (Index rx = 0; rx < num_rx; ++rx) {
      transform.to_frequency(received.col(rx), out);
      store(out / static_cast<double>(length), m, rx, y);
    }
    before = own * symbol_phase_.asDiagonal();
  }
  return y;
}

Symbols DelayLine::propagate_pullback(const Symbols& g_y, const Symbols& paths) const {
  const Index length = options_.grid.num_subcarriers, num_rx = antennas_.num_rx(), num_tx = antennas_.num_tx();
  Transform transform;
  Symbols g_x(g_y.rows(), num_tx);
  Eigen::MatrixXcd g_received(length, num_rx);
  Eigen::VectorXcd g_waveform(length), g_symbol(length);
  Spectra g_from_next = Spectra::Zero(num_tx, length);
  for (Index m = options_.grid.num_symbols(g_y.rows()); m-- > 0;) {
    const Spectra g_out = spectra(g_y, m, length);
    for (Index rx = 0; rx < num_rx; ++rx) {
      transform.to_time(g_out.row(rx).transpose(), g_waveform);
      g_received.col(rx) = g_waveform / static_cast<double>(length);
    }
    Spectra g_own = g_from_next;
    Spectra g_before = Spectra::Zero(num_tx, length);
    const auto add = [&](Spectra& sum, Index l, Index tx, Index begin, Index end) {
      if (begin >= end) return;
      g_waveform.setZero();
      for (Index rx = 0; rx < num_rx; ++rx)
        for (Index n = begin; n < end; ++n)
          g_waveform(n) += times(std::conj(ComplexDouble(paths(m * length + n, column(l, rx, tx)))), g_received(n, rx));
      transform.to_frequency(g_waveform, g_symbol);
      sum.row(tx) += g_symbol.transpose().cwiseProduct(delay_phase_.row(l).conjugate());
    };
    for (Index l = 0; l < num_taps(); ++l)
      for (Index tx = 0; tx < num_tx; ++tx) {
        add(g_own, l, tx, first_own_[l], length);
        add(g_before, l, tx, 0, first_own_[l]);
      }
    g_from_next = g_before * symbol_phase_.conjugate().asDiagonal();
    for (Index tx = 0; tx < num_tx; ++tx) store(g_own.row(tx).transpose(), m, tx, g_x);
  }
  return g_x;
}

}  // namespace semlink
