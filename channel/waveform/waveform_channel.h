#pragma once

#include <memory>

#include <semlink/channel/impaired_channel.h>
#include <semlink/channel/waveform/pulse_shaper.h>

namespace semlink {

/// A channel through which a waveform runs: symbols are shaped, the samples pass the transmitter's imperfections, the
/// gains of the channel inside, an unknown delay, carrier frequency offset and phase, white noise and the receiver's
/// imperfections. What arrives are samples: y is the whole window of `WaveformFormat`, longer than x; a
/// `WaveformFrontEnd` makes symbols of it again.
///
/// The channel inside gives one gain per symbol (between symbols a straight line) and N0. Es/N0 is the project's: noise
/// of S N0 per sample, S samples per symbol, is N0 per symbol behind the matched filter. Delay: uniform between 0 and
/// max_delay symbols; frequency: uniform within +- max_cfo; phase: uniform; new for every frame, drawn from
/// kOffsetPurpose. Only a genie may read them (`offsets`). What the receiver's oscillator and clock are off by counts
/// from the frame's first symbol, so that a genie is as wrong about a frame that comes late; who synchronises by
/// himself measures them where the frame is. Imperfections act on samples, so the amplifier's distortion also leaks out
/// of band, where the matched filter keeps it away.
class WaveformChannel final : public Channel {
 public:
  /// `max_cfo`: cycles per symbol. Throws Error(bad_argument) for a channel that takes no waveform.
  WaveformChannel(std::unique_ptr<const Channel> inner, const WaveformFormat& format, double max_cfo, Radio radio);

  /// What was drawn for the frame of this state.
  static SyncOffsets offsets(const ChannelState& state);

  /// The noise has a row for every sample, the gain one for every symbol.
  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return inner_->earlier_gain(rng, correlation);
  }
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override;
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;
  /// Of the noise in the window, the part that belongs to the frame's symbols: energy per sample times num_uses / S.
  double noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const override;
  Symbols envelope(const Symbols& x, const ChannelState& state) const override;
  double transmitted_energy(const Symbols& x, const ChannelState& state) const override;
  double gain_energy(const ChannelState& state) const override { return inner_->gain_energy(state); }
  bool has_snr() const override { return inner_->has_snr(); }
  double combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const override {
    return inner_->combined_information(states, first, num_uses);
  }
  Index num_streams() const override { return inner_->num_streams(); }

 private:
  /// Samples turned by the gain and the carrier, or with `conjugate` by their conjugate.
  Symbols turn(Symbols samples, const ChannelState& state, bool conjugate) const;
  /// What reaches the receiver's stages of the samples sent.
  Symbols arriving(const Symbols& sent, const ChannelState& state) const;
  /// Samples that leave the antenna.
  Symbols sent(const Symbols& x, const ChannelState& state) const;

  std::unique_ptr<const Channel> inner_;
  WaveformFormat format_;
  PulseShaper shaper_;
  double max_cfo_;
  Radio radio_;
};

}  // namespace semlink
