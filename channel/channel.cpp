#include <semlink/channel/channel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <semlink/core/energy.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

void require_same_shape(const Symbols& symbols, const ChannelState& state) {
  if (symbols.rows() == state.gain.rows() && symbols.cols() == state.gain.cols()) return;
  throw Error(ErrorCode::bad_argument, "channel input is [" + std::to_string(symbols.rows()) + ", " +
                                           std::to_string(symbols.cols()) + "]: expected [" +
                                           std::to_string(state.gain.rows()) + ", " +
                                           std::to_string(state.gain.cols()) + "] as realised");
}

void clear_erased(Symbols& symbols, const ChannelState& state) {
  if (state.erased.empty()) return;
  for (Index i = 0; i < symbols.rows(); ++i)
    if (state.is_erased(i)) symbols.row(i).setZero();
}

}  // namespace

double ChannelPoint::noise_var() const { return std::pow(10.0, -snr_db / 10); }

Symbols Channel::earlier_gain(const TrialRng& rng, double /*correlation*/) const { return realize(1, {}, rng).gain; }

Symbols Channel::propagate(const Symbols& x, const ChannelState& state) const { return state.gain.cwiseProduct(x); }

Symbols Channel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  return state.gain.conjugate().cwiseProduct(g_y);
}

Symbols Channel::apply(const Symbols& x, const ChannelState& state) const {
  require_same_shape(x, state);
  const auto noise_std = static_cast<float>(std::sqrt(state.noise_var));
  Symbols y = propagate(x, state);
  if (state.noise_rise.size() == 0) {
    y += noise_std * state.noise;
  } else {
    for (Index i = 0; i < y.rows(); ++i) y.row(i) += noise_std * std::sqrt(state.noise_rise(i)) * state.noise.row(i);
  }
  if (state.interference.size() > 0) y += state.interference;
  clear_erased(y, state);
  return y;
}

Symbols Channel::pullback(const Symbols& g_y, const Symbols& /*x*/, const ChannelState& state) const {
  require_same_shape(g_y, state);
  if (state.erased.empty()) return propagate_pullback(g_y, state);
  Symbols g_arriving = g_y;
  clear_erased(g_arriving, state);
  return propagate_pullback(g_arriving, state);
}

double Channel::noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const {
  Symbols noise = y - propagate(x, state);
  if (state.interference.size() > 0) noise -= state.interference;
  if (state.erased.empty()) return energy_of(noise);
  double energy = 0;
  for (Index i = 0; i < noise.rows(); ++i) {
    const double rise = state.noise_rise.size() > 0 ? state.noise_rise(i) : 1.0;
    energy +=
        state.is_erased(i) ? state.noise_var * rise * state.noise.row(i).squaredNorm() : noise.row(i).squaredNorm();
  }
  return energy;
}

double Channel::gain_energy(const ChannelState& state) const { return energy_of(state.gain); }

double Channel::transmitted_energy(const Symbols& x, const ChannelState&) const { return energy_of(x); }

double Channel::combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const {
  if (!has_snr()) return std::numeric_limits<double>::quiet_NaN();
  const Index end = std::min(first + num_uses, states.front().gain.rows());
  if (end <= first) return 0;
  double sum = 0;
  double last_snr = -1;
  double bits = 0;
  for (Index i = first; i < end; ++i) {
    double snr = 0;
    for (const ChannelState& state : states)
      if (!state.is_erased(i)) snr += state.gain.row(i).squaredNorm() / state.disturbance_var(i);
    if (snr != last_snr) bits = std::log2(1 + snr);  // a block has one gain
    last_snr = snr;
    sum += bits;
  }
  return sum / static_cast<double>(end - first);
}

ChannelState Channel::with_noise(Symbols gain, const ChannelPoint& point, const TrialRng& rng) {
  ChannelState state{.noise_var = point.noise_var()};
  if (point.noise_follows_gain && gain.size() > 0)
    state.noise_var *= energy_of(gain) / static_cast<double>(gain.size());
  state.noise = rng.stream(Purpose::noise).complex_normals(gain.rows(), gain.cols());
  state.gain = std::move(gain);
  return state;
}

}  // namespace semlink
