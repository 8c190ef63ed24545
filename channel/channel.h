#pragma once

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// Where on the sweep a channel is asked to be.
struct ChannelPoint {
  /// True average Es/N0 of a complex symbol at the receiver, fading averaged, at unit transmit power per payload.
  /// Labels that mean something else are converted by `SnrSettings`.
  double snr_db = 10;
  /// The noise of each frame is scaled by the mean |h|^2 of that frame, so that the fade never changes the SNR. Only
  /// for comparison with codes that do so (`channel.snr_convention = kaira`): it hides the outage that fading is about,
  /// and with a gain per symbol the noise variance depends on the length of the frame.
  bool noise_follows_gain = false;

  /// 10^(-snr_db / 10), per complex symbol (half per real dimension).
  double noise_var() const;
};

/// What the channel drew. Only a front end that is called genie may look.
struct ChannelState {
  Symbols gain;          ///< complex gain per channel use, [num_uses, num_streams]; E|h|^2 = 1
  Symbols noise;         ///< unit-variance circular noise, [num_uses, num_streams]
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

  /// y = h x + sqrt(N0) n, [num_uses, num_streams]. Throws Error(bad_argument) when x and the state differ in shape.
  virtual Symbols apply(const Symbols& x, const ChannelState& state) const;

  /// Transposed real Jacobian of `apply` at x, applied to g_y = dL/dRe y + j dL/dIm y: conj(h) g_y.
  virtual Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const;

 protected:
  /// The state of a channel that is a gain and noise: the noise is drawn here, its variance follows from the point.
  static ChannelState with_noise(Symbols gain, const ChannelPoint& point, const TrialRng& rng);
};

}  // namespace semlink
