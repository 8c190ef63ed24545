#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <semlink/channel/impairment.h>
#include <semlink/core/keys.h>

namespace semlink {

/// What is imperfect about the radios of a link.
struct Radio {
  ImpairmentStages transmitter;
  ImpairmentStages receiver;
  /// Variance in rad^2 of the step that the receiver's phase takes from use to use (see `draw_phase_noise`); needs an
  /// OscillatorError among the receiver's stages.
  double phase_noise_var = 0;
};

/// A channel between imperfect radios: transmitter stages, the channel with its noise, receiver stages.
///
/// Reference plane of the power ledger: payload, header and pilot power ahead of the transmitter's stages, gain and
/// noise at the receiver's antenna, ahead of the receiver's stages. So every entry and the label Es/N0 hold with any
/// impairment on or off; what compression takes from the radiated power is `transmitted_energy`. Impairments act at the
/// symbol rate: what they do between symbols and out of band is not modelled. Genie receivers know the channel, not the
/// impairments.
class ImpairedChannel final : public Channel {
 public:
  ImpairedChannel(std::unique_ptr<const Channel> inner, Radio radio);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return inner_->earlier_gain(rng, correlation);
  }
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;
  double noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const override;
  double transmitted_energy(const Symbols& x, const ChannelState& state) const override;
  double gain_energy(const ChannelState& state) const override { return inner_->gain_energy(state); }
  bool has_snr() const override { return inner_->has_snr(); }
  double combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const override {
    return inner_->combined_information(states, first, num_uses);
  }
  Index num_streams() const override { return inner_->num_streams(); }

 private:
  std::unique_ptr<const Channel> inner_;
  Radio radio_;
};

/// Keys `impairment.*`; every one is off by default.
struct ImpairmentSettings {
  std::optional<double> clip_db;
  double tx_iq_gain_db = 0;
  double tx_iq_phase_deg = 0;
  std::string amplifier = "none";
  double backoff_db = 8;
  double rapp_smoothness = 2;
  double cfo = 0;
  double linewidth = 0;
  double rx_iq_gain_db = 0;
  double rx_iq_phase_deg = 0;
  double sampling_offset_ppm = 0;
  std::int64_t adc_bits = 0;
  double adc_full_scale_db = 12;

  void declare(Keys& keys);
  /// The stages for a line of that many samples to a symbol, all of power 1 on average.
  Radio radio(Index samples_per_symbol) const;
  /// `channel` itself when everything is off.
  std::unique_ptr<const Channel> wrap(std::unique_ptr<const Channel> channel) const;
};

}  // namespace semlink
