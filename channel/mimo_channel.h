#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <semlink/channel/channel.h>
#include <semlink/channel/delay_line.h>
#include <semlink/channel/matrix_report.h>
#include <semlink/channel/tdl_channel.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Spatial multiplexing over a Rayleigh matrix channel that lasts a frame, or over OFDM with delay lines between the
/// antennas. The frame [num_uses, 1] is sent `num_streams` symbols at a time, in order: slot t is
///     y_t = A_t x_t + sqrt(N0) n_t,   A_t = H_t W_t / sqrt(num_streams),
/// with H of `draw_mimo_channel`, the same for all slots, or of `DelayLine`, whose places of the grid are the slots;
/// and W_t the first antennas (no precoding), the `svd_precoder` of what the transmitter is told of H_t, or one
/// precoder for the whole frame, that of all subcarriers of the first OFDM symbol one below the other: the num_streams
/// strongest eigenvectors of the mean of H^H H over the band, as NR's wideband precoding has it. It leaves A as smooth
/// over subcarriers as H, so that receivers can learn A between pilots; flat channels have but one matrix. All antennas
/// together send power 1 in a slot, so Es/N0 is that of one receive antenna, whatever their number. A channel use is
/// still one symbol: that a slot carries several is not in the bandwidth ratio. y is [num_slots, num_rx].
///
/// Where the delay lines send the waveform, A is what a subcarrier keeps of its own symbol, and `interference_var` the
/// power at an antenna of what else arrives: without precoding on average over realisations, with it, which favours
/// some paths, as they are in the first OFDM symbol. It is not white over the antennas; receivers take it for noise.
///
/// State: `detail` is A, one for all slots [num_rx, num_streams] or those of the slots one below the other
/// [num_slots num_rx, num_streams]; `noise` [num_slots, num_rx]; `gain` [num_uses, 1] is the root mean square of the
/// column of H that the symbol takes, with precoding that of all of H: E|gain|^2 = 1, what precoding gains is not in
/// it.
class MimoChannel final : public Channel {
 public:
  enum class Precoding { none, svd, wideband };
  struct Options {
    Index num_tx = 2;
    Index num_rx = 2;
    Index num_streams = 2;  ///< at most min(num_tx, num_rx)
    AntennaCorrelation correlation;
    Precoding precoding = Precoding::none;
    MatrixReport report;                     ///< what precoding is told
    std::optional<DelayLine::Options> ofdm;  ///< empty: flat
  };
  /// Throws Error(bad_argument) for options out of range.
  explicit MimoChannel(const Options& options);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override;
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override;
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;
  /// Scaled to one channel use for each symbol: num_rx values of noise in each slot.
  double noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const override;
  /// The power of what arrives of the frame's own symbols; in the time domain the interference is part of it.
  double gain_energy(const ChannelState& state) const override;
  /// log2 det(I + A A^H / N0) over the symbols of a slot, N0 with the interference: equal shares of power, no more
  /// streams than are sent. Over OFDM the mean over the rows asked for. Several transmissions are so many more receive
  /// antennas.
  double combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const override;
  Index num_streams() const override { return options_.num_streams; }
  bool is_single_carrier() const override { return false; }

 private:
  bool sends_waveform() const { return line_ && line_->sends_waveform(); }
  /// Fades of so many slots: gains of all paths, or the one matrix.
  Symbols draw(Index slots, Stream& stream) const;
  /// The same as they were earlier, as `Channel::earlier_gain` has it.
  Symbols draw_earlier(Index slots, const TrialRng& rng, double correlation) const;
  /// H of so many slots out of fades, or the one for all, one below the other.
  Symbols matrices(Index slots, const Symbols& fades) const;
  /// W of so many slots out of H, one below the other [slots num_tx, num_streams], or the one for all.
  Symbols precoders(const Symbols& channels, Index slots, const TrialRng& rng) const;
  /// Root mean square gain of every stream over one matrix.
  Eigen::VectorXf stream_gains(const ComplexMatrix& channel) const;
  double slot_information(std::span<const ChannelState> states, Index slot) const;

  Options options_;
  KroneckerModel antennas_;
  std::optional<DelayLine> line_;
};

/// `channel.model = mimo`, and `mimo_tdl_a` and so on with one of `tdl_names`.
class MimoPlugin final : public Plugin<Channel> {
 public:
  MimoPlugin() = default;
  explicit MimoPlugin(TdlSettings tdl) : tdl_(std::move(tdl)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  std::int64_t num_tx_ = 2;
  std::int64_t num_rx_ = 2;
  std::int64_t num_streams_ = 2;
  double tx_correlation_ = 0;
  double rx_correlation_ = 0;
  std::string precoding_ = "none";
  MatrixReport report_;
  std::optional<TdlSettings> tdl_;
  OfdmSettings ofdm_;
};

}  // namespace semlink
