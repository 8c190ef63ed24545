#pragma once

#include <semlink/channel/channel.h>
#include <semlink/core/types.h>

namespace semlink {

/// What a front end hands on: symbols as if the gain were one, with what is left of the noise.
struct Equalized {
  Symbols x_hat;              ///< [num_uses, num_streams] without the pilots
  Eigen::VectorXf noise_var;  ///< effective noise variance per complex symbol of x_hat, [num_uses], estimation error included
  LinkQuality quality;
};

/// Inserts what the receiver needs to know the channel, and takes its effect out again.
class FrontEnd {
 public:
  virtual ~FrontEnd() = default;

  /// Inserts pilots (they cost channel uses and power); [num_uses + num_pilots, num_streams].
  virtual Symbols frame(const Symbols& x) const = 0;
  /// Pilots that `frame` inserts among `num_uses` symbols.
  virtual Index num_pilots(Index num_uses) const = 0;
  /// Removes the channel. `state` is the truth: front ends other than genie must not read it (a test corrupts it).
  virtual Equalized equalize(const Symbols& y, const ChannelState& state) const = 0;
  /// Adjoint of `equalize` in y, the estimates held constant: g_y from g_x_hat (pilot rows are zero).
  virtual Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const = 0;
};

}  // namespace semlink
