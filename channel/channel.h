#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
  /// Power of the noise of each use over noise_var, [num_uses], 1 on average over realisations; empty: 1 everywhere.
  Eigen::VectorXf noise_rise;
  /// 1 for every use that is lost, [num_uses]: exactly 0 arrives, which every receiver sees; empty: none is.
  std::vector<std::uint8_t> erased;
  Symbols interference;         ///< what others sent, as it arrives, [num_uses, num_streams]; empty: nothing
  double interference_var = 0;  ///< mean power, for symbols of power 1, of all that arrives beside h x and the noise
  Symbols detail;               ///< whatever else the channel drew; its meaning is the channel's own
  Symbols paths;                ///< of `DelayLine` where its waveform is sent; empty: it is not
  /// With several antennas where the waveform is sent: what they send of the streams of each slot, one below the other
  /// [num_slots num_tx, num_streams], or of all slots alike.
  Symbols precoders;
  /// Phase noise of the receiver's oscillator in radians, [num_uses]; empty: none.
  Eigen::VectorXf phase;
  /// Row of what arrives that the frame's first symbol lies at; not 0 only where rows are samples of a waveform.
  double frame_start = 0;
  Index frame_rows = 0;  ///< that the frame fills from there on; 0: all there are

  bool is_erased(Index use) const { return !erased.empty() && erased[static_cast<std::size_t>(use)] != 0; }
  /// Power of the noise and the interference of one use.
  double disturbance_var(Index use) const {
    return noise_var * (noise_rise.size() > 0 ? static_cast<double>(noise_rise(use)) : 1.0) + interference_var;
  }
};

/// A channel draws its randomness once (`realize`) and is then a deterministic function (`apply`) with an adjoint
/// (`pullback`). One const object serves every thread.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Draws gains and noise for `num_uses` channel uses. Prefix property: a realisation for more uses begins with the
  /// realisation for fewer at the same address, so a transmitter can be told of the fade before the length is known.
  virtual ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const = 0;

  /// Gain of the first use as it was at an earlier time, [1, num_streams], for a transmitter that is told late: of the
  /// law of `realize`'s, its scattered part correlated by rho = `correlation` in [0, 1] with that of `realize` at the
  /// same address (J0(2 pi f_D delay) by Jakes), its direct path the same. 1: that gain. What is new in it is drawn
  /// from kReportedFadePurpose. Here, for channels that do not fade: that gain.
  virtual Symbols earlier_gain(const TrialRng& rng, double correlation) const;

  /// What arrives without noise, interference and erasures; linear in x. Here h x.
  virtual Symbols propagate(const Symbols& x, const ChannelState& state) const;

  /// Adjoint of `propagate`. Here conj(h) g_y.
  virtual Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const;

  /// y = propagate(x) + sqrt(N0 rise) n + interference, 0 where erased, [num_uses, num_streams]. Throws
  /// Error(bad_argument) when x and the state differ in shape.
  virtual Symbols apply(const Symbols& x, const ChannelState& state) const;

  /// Transposed real Jacobian of `apply` at x, applied to g_y = dL/dRe y + j dL/dIm y.
  virtual Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const;

  /// Energy of the noise that `apply` added between x and y, at the antenna: ||y - propagate(x) - interference||^2 over
  /// all uses. Noise of erased uses is taken as drawn: the plane of reference lies ahead of the loss.
  virtual double noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const;

  /// Energy of |h|^2 over all uses, for the power ledger: on average one for each use.
  virtual double gain_energy(const ChannelState& state) const;

  /// False for channels that have no Es/N0, such as binary ones: the power ledger then holds no label against them.
  virtual bool has_snr() const { return true; }

  /// Bits of a symbol of a channel that carries bits and nothing else; 0: it carries any symbols.
  virtual int bits_per_use() const { return 0; }

  /// Whether its rows are samples in time of one antenna, so that impairments of a radio may act on them.
  virtual bool is_single_carrier() const { return true; }

  /// Whether its gains may act on a waveform between one symbol and the next: they move slowly against a symbol, and
  /// its noise is white. `waveform.kind` asks.
  virtual bool takes_waveform() const { return false; }

  /// What the transmitter's power amplifier gets for the frame x: x itself, or its waveform where the channel sends
  /// one.
  virtual Symbols envelope(const Symbols& x, const ChannelState&) const { return x; }

  /// Energy that leaves the transmitter's antenna for the frame x; differs from that of x only where the transmitter
  /// distorts.
  virtual double transmitted_energy(const Symbols& x, const ChannelState& state) const;

  /// Mean of log2(1 + |h|^2 / (noise and interference)) over `num_uses` rows from `first`: bits per channel use that
  /// Gaussian symbols of power 1 could carry, the receiver knowing the state. Its mean over fades is the ergodic
  /// capacity, the share of frames in which it is below a rate that rate's outage probability. 0 for no rows, NaN for a
  /// channel without an SNR.
  double mutual_information(const ChannelState& state, Index first, Index num_uses) const {
    return combined_information({&state, 1}, first, num_uses);
  }

  /// The same where a frame was sent several times, symbol by symbol, and the receiver adds up what it heard of each:
  /// SNRs add. Bits per channel use of one of the transmissions. All states are of as many uses.
  virtual double combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const;

  /// Symbols sent at a time, which share the power 1 that Es/N0 is about.
  virtual Index num_streams() const { return 1; }

 protected:
  /// The state of a channel that is a gain and noise: the noise is drawn here, its variance follows from the point.
  static ChannelState with_noise(Symbols gain, const ChannelPoint& point, const TrialRng& rng);
};

}  // namespace semlink
