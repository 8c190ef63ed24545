#pragma once

#include <optional>

#include <semlink/channel/channel.h>
#include <semlink/core/types.h>

namespace semlink {

/// What a front end hands on: symbols with the channel taken out, and what is left of the noise.
struct Equalized {
  /// [num_uses, num_streams] without the pilots. With zero forcing x_hat = x + noise; with MMSE the gain is 1 -
  /// noise_var.
  Symbols x_hat;
  /// E|x_hat - x|^2 for symbols of unit power, [num_uses], as far as the receiver can know it: estimation error
  /// included.
  Eigen::VectorXf noise_var;
  LinkQuality quality;
  bool shrunk = false;  ///< MMSE: the gain of x_hat is 1 - noise_var, not one
  /// Whether the frame was found in what arrived; with false there are no rows. Empty: nothing had to be searched.
  std::optional<bool> detected;
};

/// Inserts what the receiver needs to know the channel, and takes its effect out again. One const object serves every
/// thread.
class FrontEnd {
 public:
  virtual ~FrontEnd() = default;

  /// Inserts pilots (they cost channel uses and power); [num_uses + num_pilots, num_streams].
  virtual Symbols frame(const Symbols& x) const = 0;
  /// Adjoint of `frame`: the pilot rows of g_y are dropped.
  virtual Symbols frame_pullback(const Symbols& g_y) const = 0;
  /// Pilots that `frame` inserts among `num_uses` symbols.
  virtual Index num_pilots(Index num_uses) const = 0;
  /// Removes the channel. `state` is the truth: front ends other than genie must not read it (a test corrupts it).
  virtual Equalized equalize(const Symbols& y, const ChannelState& state) const = 0;
  /// Whether it takes symbols for points of `modem.constellation` on the way, and so cannot receive analog payloads.
  virtual bool decides_symbols() const { return false; }
  /// Adjoint of `equalize` in y, the estimates held constant: g_y from g_x_hat (pilot rows are zero).
  virtual Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const = 0;
};

}  // namespace semlink
