#include <semlink/channel/front_ends.h>

#include <algorithm>
#include <cmath>

namespace semlink {
namespace {

double to_db(double ratio) { return 10 * std::log10(ratio); }

void require_one_stream(const Symbols& symbols) {
  if (symbols.rows() == 0 || symbols.cols() == 1) return;
  throw Error(ErrorCode::bad_argument,
              "symbols with " + std::to_string(symbols.cols()) + " streams: expected 1 for this front end");
}

}  // namespace

Equalized GenieFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  require_one_stream(y);
  Equalized out{.x_hat = Symbols(y.rows(), 1), .noise_var = Eigen::VectorXf(y.rows())};
  double gain_energy = 0;
  double disturbance = 0;
  for (Index i = 0; i < y.rows(); ++i) {
    const Complex gain = state.is_erased(i) ? Complex(0) : state.gain(i, 0);
    const auto noise_var = static_cast<float>(state.disturbance_var(i));
    out.x_hat(i, 0) = equalizer_factor(equalizer_, gain, noise_var) * y(i, 0);
    out.noise_var(i) = residual_noise(equalizer_, gain, noise_var);
    gain_energy += std::norm(gain);
    disturbance += noise_var;
  }
  const auto num_uses = static_cast<double>(std::max<Index>(y.rows(), 1));
  const double gain_power = y.rows() > 0 ? gain_energy / num_uses : 1.0;
  const double noise_var = y.rows() > 0 ? disturbance / num_uses : state.noise_var;
  out.quality = {.snr_db = to_db(std::max(gain_power, double{kMinGainPower}) / noise_var), .noise_var = noise_var};
  out.shrunk = equalizer_ == Equalizer::mmse;
  return out;
}

Symbols GenieFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const {
  Symbols g_y(y.rows(), 1);
  for (Index i = 0; i < y.rows(); ++i) {
    const Complex gain = state.is_erased(i) ? Complex(0) : state.gain(i, 0);
    const auto noise_var = static_cast<float>(state.disturbance_var(i));
    g_y(i, 0) = std::conj(equalizer_factor(equalizer_, gain, noise_var)) * g_x_hat(i, 0);
  }
  return g_y;
}

Equalized UnequalizedFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  require_one_stream(y);
  const auto noise_var = static_cast<float>(state.noise_var);
  Equalized out{.x_hat = y,
                .noise_var = Eigen::VectorXf::Constant(y.rows(), noise_var),
                .quality = {.snr_db = -to_db(state.noise_var), .noise_var = state.noise_var}};
  for (Index i = 0; i < y.rows(); ++i)
    if (y(i, 0) == Complex(0))
      out.noise_var(i) = residual_noise(Equalizer::zero_forcing, Complex(0), noise_var);  // lost
  return out;
}

Symbols PilotFrontEnd::frame(const Symbols& x) const {
  require_one_stream(x);
  return pattern_.insert(x);
}

GainEstimate PilotFrontEnd::estimate(const Symbols& y) const {
  GainEstimate least_squares = estimate_least_squares(y, pattern_, options_.interpolation);
  if (options_.estimator == GainEstimator::least_squares) return least_squares;
  return shrink_to_lmmse(std::move(least_squares));
}

Equalized PilotFrontEnd::equalize(const Symbols& y, const ChannelState& /*state*/) const {
  require_one_stream(y);
  const GainEstimate channel = estimate(y);
  const auto noise_var = static_cast<float>(channel.noise_var);
  Equalized out{.x_hat = pattern_.remove(y), .noise_var = Eigen::VectorXf(channel.gain.size())};
  for (Index i = 0; i < out.x_hat.rows(); ++i) {
    const float disturbance = noise_var + channel.error_var(i);
    out.x_hat(i, 0) *= equalizer_factor(options_.equalizer, channel.gain(i), disturbance);
    // What arrives as exactly zero was lost on the way.
    const Complex gain = out.x_hat(i, 0) == Complex(0) ? Complex(0) : channel.gain(i);
    out.noise_var(i) = residual_noise(options_.equalizer, gain, disturbance);
  }
  out.quality = {.snr_db = to_db(channel.snr), .noise_var = channel.noise_var};
  out.shrunk = options_.equalizer == Equalizer::mmse;
  return out;
}

Symbols PilotFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& /*state*/) const {
  const GainEstimate channel = estimate(y);
  Symbols g_symbols = g_x_hat;
  for (Index i = 0; i < g_symbols.rows(); ++i) {
    const float disturbance = static_cast<float>(channel.noise_var) + channel.error_var(i);
    g_symbols(i, 0) *= std::conj(equalizer_factor(options_.equalizer, channel.gain(i), disturbance));
  }
  return pattern_.spread(g_symbols);
}

void EqualizerSettings::declare(Keys& keys) {
  keys.choice("frontend.equalizer", equalizer, {"zf", "mmse"})
      .help("zero forcing (gain one) or minimum mean square error (shrinks symbols by 1 - noise_var)");
}

template <GainEstimator estimator>
void PilotPlugin<estimator>::declare(Keys& keys) {
  equalizer_.declare(keys);
  keys.integer("frontend.pilot_spacing", pilot_spacing_)
      .range(1, 1000000)
      .help("symbols between two pilots; a frame starts and ends with a pilot");
  keys.choice("frontend.interpolation", interpolation_, {"average", "linear"})
      .help("gain between pilots: the mean of all pilots of the frame, or a straight line between neighbours");
}

template <GainEstimator estimator>
std::unique_ptr<const FrontEnd> PilotPlugin<estimator>::make() const {
  return std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{
      .estimator = estimator,
      .interpolation = interpolation_ == "linear" ? Interpolation::linear : Interpolation::average,
      .equalizer = equalizer_.value(),
      .pilot_spacing = pilot_spacing_,
  });
}

template class PilotPlugin<GainEstimator::least_squares>;
template class PilotPlugin<GainEstimator::lmmse>;

}  // namespace semlink
