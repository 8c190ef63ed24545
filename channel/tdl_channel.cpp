#include <semlink/channel/tdl_channel.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <semlink/channel/earlier_fade.h>
#include <semlink/channel/purposes.h>
#include <semlink/channel/tap_process.h>
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

/// OFDM symbol m of a frame, what is missing at its end as zeros.
Eigen::VectorXcd spectrum(const Symbols& x, Index m, Index num_subcarriers) {
  Eigen::VectorXcd out = Eigen::VectorXcd::Zero(num_subcarriers);
  const Index length = std::min(num_subcarriers, x.rows() - m * num_subcarriers);
  for (Index k = 0; k < length; ++k) out(k) = ComplexDouble(x(m * num_subcarriers + k, 0));
  return out;
}

void store(const Eigen::VectorXcd& spectrum, Index m, Symbols& y) {
  const Index length = std::min(spectrum.size(), y.rows() - m * spectrum.size());
  for (Index k = 0; k < length; ++k) y(m * spectrum.size() + k, 0) = Complex(spectrum(k));
}

}  // namespace

TdlChannel::TdlChannel(const Options& options) : options_(options) {
  const OfdmGrid& grid = options_.grid;
  if (options_.taps.empty()) throw Error(ErrorCode::bad_argument, "delay line of 0 taps: expected at least 1");
  grid.require_prefix();
  delay_phase_ = delay_phases(options_.taps, grid);
  symbol_phase_.resize(grid.num_subcarriers);
  for (Index k = 0; k < grid.num_subcarriers; ++k)
    symbol_phase_(k) = std::polar(1.0, kTwoPi * grid.frequency_hz(k) * grid.symbol_s());
  for (const DelayTap& tap : options_.taps) {
    if (options_.domain == Domain::time && tap.delay_s > grid.symbol_s())
      throw Error(ErrorCode::bad_argument, "path delay of " + std::to_string(tap.delay_s * 1e9) +
                                               " ns: expected at most one OFDM symbol, " +
                                               std::to_string(grid.symbol_s() * 1e9) + " ns");
    const double late = (tap.delay_s - grid.prefix_s()) * grid.sampling_rate_hz();
    // A path that ends with the prefix to within rounding does not reach into the window.
    const auto first = static_cast<Index>(std::ceil(late - 1e-9));
    first_own_.push_back(std::clamp<Index>(first, 0, grid.num_subcarriers));
  }
  if (options_.domain == Domain::time) interference_var_ = leaked_power();
}

/// sum_l p_l (1 - E|c_l|^2) with c_l the mean over the window of the gain, 0 where the own symbol is missing.
double TdlChannel::leaked_power() const {
  const Index length = options_.grid.num_subcarriers;
  const double omega = kTwoPi * options_.doppler_hz / options_.grid.sampling_rate_hz();
  double leaked = 0;
  for (std::size_t l = 0; l < options_.taps.size(); ++l) {
    const Index own = length - first_own_[l];
    double kept = static_cast<double>(own);
    for (Index lag = 1; lag < own; ++lag) {
      const double turn = omega * static_cast<double>(lag);
      const double correlation =
          options_.taps[l].direct ? std::cos(kDirectPathDoppler * turn) : std::cyl_bessel_j(0, turn);
      kept += 2 * static_cast<double>(own - lag) * correlation;
    }
    leaked += options_.taps[l].power * (1 - kept / static_cast<double>(length * length));
  }
  return std::max(leaked, 0.0);
}

Symbols TdlChannel::draw_taps(Index num_symbols, Stream stream) const {
  const OfdmGrid& grid = options_.grid;
  const bool waveform = options_.domain == Domain::time;
  // One instant, the middle of every symbol; or in every symbol all samples of its window.
  const Index num_runs = waveform ? num_symbols : 1;
  const Index run_length = waveform ? grid.num_subcarriers : num_symbols;
  const double step = waveform ? 1 / grid.sampling_rate_hz() : grid.symbol_s();
  const double first = waveform ? grid.prefix_s() : grid.middle_s();
  Symbols out(num_runs * run_length, static_cast<Index>(options_.taps.size()));
  for (Index l = 0; l < out.cols(); ++l) {
    const TapProcess tap(options_.taps[l], options_.doppler_hz, stream);
    for (Index run = 0; run < num_runs; ++run) {
      const double start = static_cast<double>(run) * grid.symbol_s() + first;
      out.col(l).segment(run * run_length, run_length) = tap.values(start, step, run_length);
    }
  }
  return out;
}

Symbols TdlChannel::frequency_gains(Index num_uses, const Symbols& taps) const {
  Symbols gain(num_uses, 1);
  for (Index m = 0; m < taps.rows(); ++m)
    store((taps.row(m).cast<ComplexDouble>() * delay_phase_).transpose(), m, gain);
  return gain;
}

Symbols TdlChannel::diagonal(Index num_uses, const Symbols& taps) const {
  const Index length = options_.grid.num_subcarriers;
  Symbols gain(num_uses, 1);
  for (Index m = 0; m < options_.grid.num_symbols(num_uses); ++m) {
    Eigen::RowVectorXcd mean(taps.cols());
    for (Index l = 0; l < taps.cols(); ++l) {
      const Index own = length - first_own_[l];
      mean(l) = taps.col(l).segment(m * length + first_own_[l], own).cast<ComplexDouble>().sum() /
                static_cast<double>(length);
    }
    store((mean * delay_phase_).transpose(), m, gain);
  }
  return gain;
}

Symbols TdlChannel::gains(Index num_uses, const Symbols& taps) const {
  return options_.domain == Domain::frequency ? frequency_gains(num_uses, taps) : diagonal(num_uses, taps);
}

ChannelState TdlChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Symbols taps = draw_taps(options_.grid.num_symbols(num_uses), rng.stream(Purpose::fade));
  ChannelState state = with_noise(gains(num_uses, taps), point, rng);
  if (options_.domain == Domain::frequency) return state;
  state.interference_var = interference_var_;
  state.detail = std::move(taps);
  return state;
}

Symbols TdlChannel::earlier_gain(const TrialRng& rng, double correlation) const {
  Symbols taps = draw_taps(1, rng.stream(Purpose::fade));
  const Symbols others = draw_taps(1, rng.stream(kReportedFadePurpose));
  for (Index l = 0; l < taps.cols(); ++l)
    if (!options_.taps[static_cast<std::size_t>(l)].direct)
      taps.col(l) = earlier_fade(taps.col(l), others.col(l), correlation);
  return gains(1, taps);
}

double TdlChannel::gain_energy(const ChannelState& state) const {
  return Channel::gain_energy(state) + static_cast<double>(state.gain.rows()) * interference_var_;
}

Symbols TdlChannel::propagate(const Symbols& x, const ChannelState& state) const {
  if (options_.domain == Domain::frequency) return Channel::propagate(x, state);
  const Index length = options_.grid.num_subcarriers;
  Transform transform;
  Symbols y(x.rows(), 1);
  Eigen::VectorXcd before = Eigen::VectorXcd::Zero(length);
  Eigen::VectorXcd waveform(length), received(length), out(length);
  for (Index m = 0; m < options_.grid.num_symbols(x.rows()); ++m) {
    const Eigen::VectorXcd own = spectrum(x, m, length);
    received.setZero();
    const auto add = [&](const Eigen::VectorXcd& symbol, Index l, Index begin, Index end) {
      if (begin >= end) return;
      const Eigen::VectorXcd delayed = symbol.cwiseProduct(delay_phase_.row(l).transpose());
      transform.to_time(delayed, waveform);
      for (Index n = begin; n < end; ++n)
        received(n) += times(ComplexDouble(state.detail(m * length + n, l)), waveform(n));
    };
    for (Index l = 0; l < state.detail.cols(); ++l) {
      add(own, l, first_own_[l], length);
      add(before, l, 0, first_own_[l]);
    }
    transform.to_frequency(received, out);
    store(out / static_cast<double>(length), m, y);
    before = own.cwiseProduct(symbol_phase_);
  }
  return y;
}

Symbols TdlChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  if (options_.domain == Domain::frequency) return Channel::propagate_pullback(g_y, state);
  const Index length = options_.grid.num_subcarriers;
  Transform transform;
  Symbols g_x(g_y.rows(), 1);
  Eigen::VectorXcd g_received(length), g_waveform(length), g_symbol(length);
  Eigen::VectorXcd g_from_next = Eigen::VectorXcd::Zero(length);
  for (Index m = options_.grid.num_symbols(g_y.rows()); m-- > 0;) {
    transform.to_time(spectrum(g_y, m, length), g_received);
    g_received /= static_cast<double>(length);
    Eigen::VectorXcd g_own = g_from_next;
    Eigen::VectorXcd g_before = Eigen::VectorXcd::Zero(length);
    const auto add = [&](Eigen::VectorXcd& sum, Index l, Index begin, Index end) {
      if (begin >= end) return;
      g_waveform.setZero();
      for (Index n = begin; n < end; ++n)
        g_waveform(n) = times(std::conj(ComplexDouble(state.detail(m * length + n, l))), g_received(n));
      transform.to_frequency(g_waveform, g_symbol);
      sum += g_symbol.cwiseProduct(delay_phase_.row(l).transpose().conjugate());
    };
    for (Index l = 0; l < state.detail.cols(); ++l) {
      add(g_own, l, first_own_[l], length);
      add(g_before, l, 0, first_own_[l]);
    }
    g_from_next = g_before.cwiseProduct(symbol_phase_.conjugate());
    store(g_own, m, g_x);
  }
  return g_x;
}

void TdlSettings::declare(Keys& keys) {
  if (tdl_is_scalable(profile))
    keys.number("channel.delay_spread_ns", delay_spread_ns)
        .unit("ns")
        .range(0, 1e6)
        .help("root mean square of the path delays: 10 very short, 30 short, 100 nominal, 300 long, 1000 very long");
  keys.number("channel.doppler_hz", doppler_hz)
      .unit("Hz")
      .range(0, 1e6)
      .help("largest Doppler shift, speed over wavelength (fading = doppler, and all tdl models)");
}

void TdlPlugin::declare(Keys& keys) {
  tdl_.declare(keys);
  keys.choice("ofdm.domain", domain_, {"frequency", "time"})
      .help(
          "one gain per subcarrier and symbol, or (one antenna) the waveform with its prefix: paths beyond it then "
          "interfere");
  ofdm_.declare(keys);
}

std::unique_ptr<const Channel> TdlPlugin::make() const {
  return std::make_unique<TdlChannel>(
      TdlChannel::Options{.taps = tdl_.taps(),
                          .doppler_hz = tdl_.doppler_hz,
                          .grid = ofdm_.grid(),
                          .domain = domain_ == "time" ? TdlChannel::Domain::time : TdlChannel::Domain::frequency});
}

}  // namespace semlink
