#pragma once

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// Where on the sweep a channel is asked to be.
struct ChannelPoint {
  double snr_db = 10;  ///< label: average Es/N0 of a complex symbol at the receiver, fading averaged, unit transmit power
  double noise_var() const;  ///< 10^(-snr_db / 10), per complex symbol (half per real dimension)
};

/// What the channel drew. Only a front end that is called genie may look.
struct ChannelState {
  Symbols gain;       ///< complex gain per channel use, [num_uses, num_streams]; E|h|^2 = 1
  Symbols noise;      ///< unit-variance circular noise, [num_uses, num_streams]
  double noise_var = 0;  ///< N0 per complex symbol; the noise added is sqrt(noise_var) * noise
};

/// A channel draws its randomness once (`realize`) and is then a deterministic function (`apply`) with an adjoint
/// (`pullback`). One const object serves every thread.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Draws gains and noise for `num_uses` channel uses. Prefix property: a realisation for more uses begins with the
  /// realisation for fewer at the same address, so a transmitter can be told of the fade before the length is known.
  virtual ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const = 0;

  /// y = h x + sqrt(N0) n, [num_uses, num_streams].
  virtual Symbols apply(const Symbols& x, const ChannelState& state) const;

  /// Transposed real Jacobian of `apply` at x, applied to g_y = dL/dRe y + j dL/dIm y: conj(h) g_y.
  virtual Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const;
};

}  // namespace semlink
