#pragma once

#include <semlink/channel/channel.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Additive white Gaussian noise: y = x + sqrt(N0) n with n circular complex normal, E|n|^2 = 1.
class AwgnChannel final : public Channel {
 public:
  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  // The gain is one: nothing has to be multiplied or added up.
  Symbols propagate(const Symbols& x, const ChannelState&) const override { return x; }
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState&) const override { return g_y; }
  double gain_energy(const ChannelState& state) const override { return static_cast<double>(state.gain.size()); }
  bool takes_waveform() const override { return true; }
};

/// `channel.model = awgn`; has no keys of its own.
class AwgnPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys&) override {}
  std::unique_ptr<const Channel> make() const override { return std::make_unique<AwgnChannel>(); }
};

}  // namespace semlink
