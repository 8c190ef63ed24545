#pragma once

#include <memory>
#include <optional>

#include <semlink/channel/front_end.h>
#include <semlink/channel/waveform/packet.h>
#include <semlink/channel/waveform/packet_detector.h>
#include <semlink/channel/waveform/preamble_timing.h>
#include <semlink/channel/waveform/pulse_shaper.h>
#include <semlink/channel/waveform/timing_loop.h>

namespace semlink {

/// Makes symbols of the samples of a `WaveformChannel` and hands them to the front end inside, which estimates gains
/// and equalises. Two ways to synchronise:
///   - genie: delay, carrier frequency and phase are read from the state. The bound, with an empty packet: it needs
///   none.
///   - blind: a packet (see `Packet`), found by a `PacketDetector`, its delay sharpened by `PreambleTiming` or followed
///   by a `TimingLoop`, its carrier
///     followed by `estimate_carrier_phase`.
///     Never reads the state, except for what the front end inside is given of it: a genie inside gets the magnitudes
///     of the gains, whose phase is part of what synchronisation recovers. The variances of what the errors of phase
///     and delay do to symbols of power 1 are added to their noise variances. A frame that is not found has no rows and
///     `detected` = false.
///
/// `frame` puts the packet around the frame of the front end inside, so preamble and pilots count as pilots.
class WaveformFrontEnd final : public FrontEnd {
 public:
  /// `blind`: how the detector looks; empty: genie. `loop`: follows the clock of a blind receiver; empty: a fixed
  /// delay.
  WaveformFrontEnd(std::unique_ptr<const FrontEnd> inner, const WaveformFormat& format, Packet packet,
                   std::optional<PacketDetector::Options> blind, std::optional<TimingLoop> loop = std::nullopt);

  Symbols frame(const Symbols& x) const override { return packet_.insert(inner_->frame(x)); }
  Symbols frame_pullback(const Symbols& g_y) const override { return inner_->frame_pullback(packet_.remove(g_y)); }
  Index num_pilots(Index num_uses) const override;
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  /// Delay and carrier are held constant like every other estimate; 0 for a frame that was not found. Throws
  /// Error(bad_argument) with a timing loop, whose choices liquid does not tell.
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;

 private:
  /// The frame of the front end inside, and how its symbols came about.
  struct Reception {
    SyncOffsets offsets;
    Eigen::VectorXf phase;      ///< taken out behind the matched filter, per use of the packet
    Eigen::VectorXf error_var;  ///< of symbols of power 1 by errors of phase and delay, per use of the packet
    Symbols symbols;            ///< without preamble and pilots of the packet
    ChannelState state;         ///< what the front end inside may know
  };
  std::optional<Reception> receive(const Symbols& y, const ChannelState& state) const;
  /// Corrects the delay by the preamble in samples without their carrier; the interference that its error leaves.
  double sharpen(const Symbols& mixed, SyncOffsets& offsets) const;
  ChannelState inner_state(const ChannelState& state) const;

  std::unique_ptr<const FrontEnd> inner_;
  WaveformFormat format_;
  PulseShaper shaper_;
  Packet packet_;
  std::optional<PacketDetector> detector_;
  std::optional<PreambleTiming> timing_;  ///< with the detector
  std::optional<TimingLoop> loop_;
};

}  // namespace semlink
