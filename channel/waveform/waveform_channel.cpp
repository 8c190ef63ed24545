#include <semlink/channel/waveform/waveform_channel.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <semlink/channel/purposes.h>
#include <semlink/core/energy.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

/// Gain at `position` in symbols, which may lie outside of the frame; an empty frame has none.
Complex gain_at(const Symbols& gain, double position) {
  if (gain.rows() == 0) return 1;
  const double held = std::clamp(position, 0.0, static_cast<double>(gain.rows() - 1));
  const auto below = static_cast<Index>(held);
  const Index above = std::min(below + 1, gain.rows() - 1);
  const auto part = static_cast<float>(held - static_cast<double>(below));
  return gain(below, 0) + part * (gain(above, 0) - gain(below, 0));
}

void require_rows(Index rows, Index expected, const char* what) {
  if (rows != expected)
    throw Error(ErrorCode::bad_argument, std::string(what) + " has " + std::to_string(rows) + " rows: expected " +
                                             std::to_string(expected) + " as realised");
}

}  // namespace

WaveformChannel::WaveformChannel(std::unique_ptr<const Channel> inner, const WaveformFormat& format, double max_cfo,
                                 Radio radio)
    : inner_(std::move(inner)), format_(format), shaper_(format), max_cfo_(max_cfo), radio_(std::move(radio)) {
  if (!inner_->takes_waveform())
    throw Error(ErrorCode::bad_argument, "this channel takes no waveform: expected slow gains and white noise");
}

SyncOffsets WaveformChannel::offsets(const ChannelState& state) {
  return {state.detail(0, 0).real(), state.detail(0, 0).imag(), state.detail(1, 0).real()};
}

ChannelState WaveformChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = inner_->realize(num_uses, point, rng);
  const Index num_samples = format_.num_samples(num_uses);
  state.noise = rng.stream(Purpose::noise).complex_normals(num_samples, 1);
  const auto rate = static_cast<double>(format_.samples_per_symbol);
  Stream stream = rng.stream(kOffsetPurpose);
  const double delay = stream.uniform() * static_cast<double>(format_.max_delay) * rate;
  const double cfo = (2 * stream.uniform() - 1) * max_cfo_ / rate;
  const double phase = kTwoPi * stream.uniform();
  state.detail.resize(2, 1);
  state.detail(0, 0) = Complex(static_cast<float>(delay), static_cast<float>(cfo));
  state.detail(1, 0) = Complex(static_cast<float>(phase), 0);
  state.frame_start = format_.first_middle(offsets(state).delay);
  state.frame_rows = num_uses * format_.samples_per_symbol;
  state.phase = draw_phase_noise(num_samples, radio_.phase_noise_var, rng);
  if (state.phase.size() > 0) {
    const float at_first = state.phase(std::lround(state.frame_start));
    state.phase.array() -= at_first;
  }
  return state;
}

Symbols WaveformChannel::turn(Symbols samples, const ChannelState& state, bool conjugate) const {
  const SyncOffsets at = offsets(state);
  const double middle = format_.first_middle(at.delay);
  for (Index n = 0; n < samples.rows(); ++n) {
    const auto time = static_cast<double>(n);
    const auto carrier = static_cast<Complex>(std::polar(1.0, at.phase + kTwoPi * at.cfo * time));
    const Complex factor =
        carrier * gain_at(state.gain, (time - middle) / static_cast<double>(format_.samples_per_symbol));
    samples(n, 0) *= conjugate ? std::conj(factor) : factor;
  }
  return samples;
}

Symbols WaveformChannel::sent(const Symbols& x, const ChannelState& state) const {
  return run_through(radio_.transmitter, shaper_.shape(x, offsets(state).delay), state);
}

Symbols WaveformChannel::arriving(const Symbols& sent, const ChannelState& state) const {
  const auto noise_std =
      static_cast<float>(std::sqrt(state.noise_var * static_cast<double>(format_.samples_per_symbol)));
  return turn(sent, state, false) + noise_std * state.noise;
}

Symbols WaveformChannel::propagate(const Symbols& x, const ChannelState& state) const {
  require_rows(x.rows(), state.gain.rows(), "channel input");
  return turn(shaper_.shape(x, offsets(state).delay), state, false);
}

Symbols WaveformChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  require_rows(g_y.rows(), state.noise.rows(), "gradient at the samples");
  return shaper_.shape_pullback(turn(g_y, state, true), offsets(state).delay, state.gain.rows());
}

Symbols WaveformChannel::apply(const Symbols& x, const ChannelState& state) const {
  require_rows(x.rows(), state.gain.rows(), "channel input");
  return run_through(radio_.receiver, arriving(sent(x, state), state), state);
}

Symbols WaveformChannel::pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const {
  require_rows(g_y.rows(), state.noise.rows(), "gradient at the samples");
  const double delay = offsets(state).delay;
  const Symbols shaped = shaper_.shape(x, delay);
  const Symbols on_air = run_through(radio_.transmitter, shaped, state);
  Symbols g = pull_through(radio_.receiver, g_y, arriving(on_air, state), state);
  g = pull_through(radio_.transmitter, turn(std::move(g), state, true), shaped, state);
  return shaper_.shape_pullback(g, delay, x.rows());
}

double WaveformChannel::noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const {
  if (x.rows() == 0) return 0;
  const Symbols on_air = sent(x, state);
  const Symbols arrived = radio_.receiver.empty() ? y : arriving(on_air, state);
  return energy_of(arrived - turn(on_air, state, false)) / static_cast<double>(y.rows()) *
         static_cast<double>(x.rows()) / static_cast<double>(format_.samples_per_symbol);
}

Symbols WaveformChannel::envelope(const Symbols& x, const ChannelState& state) const {
  const double delay = offsets(state).delay;
  const auto first = static_cast<Index>(format_.first_middle(delay));
  return shaper_.shape(x, delay).middleRows(first, x.rows() * format_.samples_per_symbol);
}

double WaveformChannel::transmitted_energy(const Symbols& x, const ChannelState& state) const {
  return energy_of(sent(x, state)) / static_cast<double>(format_.samples_per_symbol);
}

}  // namespace semlink
