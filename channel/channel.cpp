#include <semlink/channel/channel.h>

#include <cmath>
#include <string>

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

}  // namespace

double ChannelPoint::noise_var() const { return std::pow(10.0, -snr_db / 10); }

Symbols Channel::apply(const Symbols& x, const ChannelState& state) const {
  require_same_shape(x, state);
  const auto noise_std = static_cast<float>(std::sqrt(state.noise_var));
  return state.gain.cwiseProduct(x) + noise_std * state.noise;
}

Symbols Channel::pullback(const Symbols& g_y, const Symbols& /*x*/, const ChannelState& state) const {
  require_same_shape(g_y, state);
  return state.gain.conjugate().cwiseProduct(g_y);
}

ChannelState Channel::with_noise(Symbols gain, const ChannelPoint& point, const TrialRng& rng) {
  ChannelState state{.noise_var = point.noise_var()};
  if (point.noise_follows_gain && gain.size() > 0)
    state.noise_var *= gain.cast<std::complex<double>>().squaredNorm() / static_cast<double>(gain.size());
  state.noise = rng.stream(Purpose::noise).complex_normals(gain.rows(), gain.cols());
  state.gain = std::move(gain);
  return state;
}

}  // namespace semlink
