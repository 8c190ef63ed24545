#include <semlink/channel/ofdm_front_end.h>

#include <cmath>

namespace semlink {
namespace {

void require_one_stream(const Symbols& symbols) {
  if (symbols.rows() == 0 || symbols.cols() == 1) return;
  throw Error(ErrorCode::bad_argument,
              "symbols with " + std::to_string(symbols.cols()) + " streams: expected 1 for this front end");
}

/// An exponential delay profile in steps of a tenth of the delay spread.
std::vector<DelayTap> exponential_taps(double delay_spread_s) {
  std::vector<DelayTap> taps;
  double total = 0;
  for (int l = 0; l < 80; ++l) {
    taps.push_back({0.1 * l * delay_spread_s, std::exp(-0.1 * l)});
    total += taps.back().power;
  }
  for (DelayTap& tap : taps) tap.power /= total;
  return taps;
}

}  // namespace

Symbols OfdmFrontEnd::frame(const Symbols& x) const {
  require_one_stream(x);
  return pilots_.insert(x);
}

GainEstimate OfdmFrontEnd::estimate(const Symbols& y) const {
  if (options_.estimator == GainEstimator::least_squares) return estimate_ofdm_least_squares(y, pilots_).front();
  return estimate_ofdm_lmmse(y, pilots_, options_.statistics).front();
}

Equalized OfdmFrontEnd::equalize(const Symbols& y, const ChannelState& /*state*/) const {
  require_one_stream(y);
  const GainEstimate channel = estimate(y);
  Equalized out{.x_hat = pilots_.remove(y), .noise_var = Eigen::VectorXf(channel.gain.size())};
  for (Index i = 0; i < out.x_hat.rows(); ++i) {
    const float disturbance = static_cast<float>(channel.noise_var) + channel.error_var(i);
    const Complex gain = out.x_hat(i, 0) == Complex(0) ? Complex(0) : channel.gain(i);  // lost on the way
    out.x_hat(i, 0) *= equalizer_factor(options_.equalizer, channel.gain(i), disturbance);
    out.noise_var(i) = residual_noise(options_.equalizer, gain, disturbance);
  }
  out.quality = {.snr_db = 10 * std::log10(channel.snr), .noise_var = channel.noise_var};
  out.shrunk = options_.equalizer == Equalizer::mmse;
  return out;
}

Symbols OfdmFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& /*state*/) const {
  const GainEstimate channel = estimate(y);
  Symbols g_symbols = g_x_hat;
  for (Index i = 0; i < g_symbols.rows(); ++i) {
    const float disturbance = static_cast<float>(channel.noise_var) + channel.error_var(i);
    g_symbols(i, 0) *= std::conj(equalizer_factor(options_.equalizer, channel.gain(i), disturbance));
  }
  return pilots_.spread(g_symbols);
}

void OfdmReceiverSettings::declare(Keys& keys, GainEstimator estimator) {
  ofdm.declare(keys);
  keys.integer("frontend.pilot_subcarrier_step", subcarrier_step)
      .range(1, 8192)
      .help("subcarriers from one OFDM pilot to the next, the first one included; at least the number of streams");
  keys.integer("frontend.pilot_symbol_step", symbol_step)
      .range(1, 1000000)
      .help("OFDM symbols from one with pilots to the next, the first one included");
  if (estimator != GainEstimator::lmmse) return;
  std::vector<std::string> profiles = {"exponential"};
  for (const std::string& name : tdl_names()) profiles.push_back(name);
  keys.choice("frontend.profile", profile, profiles).help("delay profile that the receiver believes in; true or not");
  keys.number("frontend.delay_spread_ns", delay_spread_ns)
      .unit("ns")
      .range(0, 1e6)
      .help("delay spread that the receiver believes in, for profiles that do not fix it");
  keys.number("frontend.doppler_hz", doppler_hz)
      .unit("Hz")
      .range(0, 1e6)
      .help("largest Doppler shift that the receiver believes in");
}

OfdmStatistics OfdmReceiverSettings::statistics() const {
  const double delay_spread_s = delay_spread_ns * 1e-9;
  return {.taps = profile == "exponential" ? exponential_taps(delay_spread_s) : tdl_taps(profile, delay_spread_s),
          .doppler_hz = doppler_hz,
          .grid = ofdm.grid()};
}

template <GainEstimator estimator>
void OfdmPlugin<estimator>::declare(Keys& keys) {
  equalizer_.declare(keys);
  receiver_.declare(keys, estimator);
}

template <GainEstimator estimator>
std::unique_ptr<const FrontEnd> OfdmPlugin<estimator>::make() const {
  return std::make_unique<OfdmFrontEnd>(OfdmFrontEnd::Options{.estimator = estimator,
                                                              .statistics = receiver_.statistics(),
                                                              .equalizer = equalizer_.value(),
                                                              .subcarrier_step = receiver_.subcarrier_step,
                                                              .symbol_step = receiver_.symbol_step});
}

template class OfdmPlugin<GainEstimator::least_squares>;
template class OfdmPlugin<GainEstimator::lmmse>;

}  // namespace semlink
