#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <semlink/channel/channel.h>
#include <semlink/channel/delay_line.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/tdl_profile.h>
#include <semlink/core/registry.h>

namespace semlink {

/// OFDM over one `DelayLine` between two antennas. Es/N0 is that of a subcarrier. In the time domain `gain` is the
/// diagonal of the matrix from subcarriers to subcarriers, and `interference_var` the mean power of the rest over
/// realisations, within a frame whose symbols are full.
class TdlChannel final : public Channel {
 public:
  using Domain = DelayLine::Domain;
  using Options = DelayLine::Options;
  /// Throws Error(bad_argument) for what `DelayLine` refuses.
  explicit TdlChannel(const Options& options) : line_(options) {}

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override;
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override;
  /// The power of what arrives of the frame's own symbols: in the time domain the interference is part of it.
  double gain_energy(const ChannelState& state) const override;
  bool is_single_carrier() const override { return false; }

 private:
  DelayLine line_;
};

/// `channel.doppler_hz`, `ofdm.domain`, and `channel.delay_spread_ns` where the profile scales with it.
struct TdlSettings {
  std::string profile;  ///< of `tdl_names`
  double delay_spread_ns = 100;
  double doppler_hz = 100;
  std::string domain = "frequency";

  void declare(Keys& keys);
  DelayLine::Options line(const OfdmGrid& grid) const;
};

/// `channel.model = tdl_a` and so on: one plug-in for each profile.
class TdlPlugin final : public Plugin<Channel> {
 public:
  explicit TdlPlugin(std::string profile) : tdl_{.profile = std::move(profile)} {}
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  TdlSettings tdl_;
  OfdmSettings ofdm_;
};

}  // namespace semlink
