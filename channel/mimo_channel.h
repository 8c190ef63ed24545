#pragma once

#include <cstdint>
#include <string>

#include <semlink/channel/channel.h>
#include <semlink/channel/mimo.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Spatial multiplexing over a Rayleigh matrix channel that lasts a frame. The frame [num_uses, 1] is sent
/// `num_streams` symbols at a time, in order: slot t is
///     y_t = A x_t + sqrt(N0) n_t,   A = H W / sqrt(num_streams),
/// with H of `draw_mimo_channel` and W the first antennas (no precoding) or `svd_precoder`. All antennas together send
/// power 1 in a slot, so Es/N0 is that of one receive antenna, whatever their number. A channel use is still one
/// symbol: that a slot carries several is not in the bandwidth ratio. y is [num_slots, num_rx].
///
/// State: `detail` is A [num_rx, num_streams], `noise` [num_slots, num_rx]; `gain` [num_uses, 1] is the root mean
/// square of the column of H that the symbol takes, with precoding that of all of H: E|gain|^2 = 1, what precoding
/// gains is not in it.
class MimoChannel final : public Channel {
 public:
  enum class Precoding { none, svd };
  struct Options {
    Index num_tx = 2;
    Index num_rx = 2;
    Index num_streams = 2;  ///< at most min(num_tx, num_rx)
    AntennaCorrelation correlation;
    Precoding precoding = Precoding::none;
  };
  /// Throws Error(bad_argument) for options out of range.
  explicit MimoChannel(const Options& options);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override;
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;
  /// Scaled to one channel use for each symbol: num_rx values of noise in each slot.
  double noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const override;
  /// log2 det(I + A A^H / N0) over the symbols of a slot: equal shares of power, no more streams than are sent.
  double mutual_information(const ChannelState& state, Index first, Index num_uses) const override;
  bool is_single_carrier() const override { return false; }

 private:
  Index num_slots(Index num_uses) const { return (num_uses + options_.num_streams - 1) / options_.num_streams; }

  Options options_;
};

/// `channel.model = mimo`.
class MimoPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  std::int64_t num_tx_ = 2;
  std::int64_t num_rx_ = 2;
  std::int64_t num_streams_ = 2;
  double tx_correlation_ = 0;
  double rx_correlation_ = 0;
  std::string precoding_ = "none";
};

}  // namespace semlink
