#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <semlink/channel/channel.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/tdl_profile.h>
#include <semlink/core/registry.h>

namespace semlink {

/// OFDM over a tapped delay line whose scattered taps are independent `DopplerProcess`es; the direct path, where there
/// is one, has a phase drawn per frame and a Doppler shift of 0.7 f_d. Es/N0 is that of a subcarrier.
///
/// In the frequency domain subcarrier k of OFDM symbol m has the gain
///     h_mk = sum_l g_l(t_m) exp(-j 2 pi f_k tau_l),   t_m the middle of the symbol without its prefix,
/// which is the channel of an OFDM link whose prefix is long enough and whose taps stand still during a symbol.
///
/// In the time domain the waveform itself is sent through the taps: symbols with rectangular windows, evaluated exactly
/// at delays between samples, gains that move from sample to sample, then the receiver's window and transform. A path
/// later than the prefix brings in the end of the symbol before (interference between symbols) and leaves the own
/// symbol incomplete (interference between subcarriers); so do gains that move. `gain` is then the diagonal of that
/// matrix, and `interference_var` the mean power of the rest over realisations, within a frame whose symbols are full.
/// Both domains give the same y when the prefix is at least the longest delay and f_d = 0. The receiver is aligned to
/// delay 0. One previous symbol is considered: delays must not exceed the length of one OFDM symbol.
class TdlChannel final : public Channel {
 public:
  enum class Domain { frequency, time };
  struct Options {
    std::vector<DelayTap> taps;
    double doppler_hz = 0;  ///< f_d, at least 0
    OfdmGrid grid;
    Domain domain = Domain::frequency;
  };
  /// Throws Error(bad_argument) for no taps, a prefix longer than a symbol, or too long a delay (see above).
  explicit TdlChannel(const Options& options);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override;
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override;
  /// The power of what arrives of the frame's own symbols: in the time domain the interference is part of it.
  double gain_energy(const ChannelState& state) const override;
  bool is_single_carrier() const override { return false; }

 private:
  using Spectra = RowMatrix<std::complex<double>>;  // [num_symbols, num_subcarriers]

  /// Gains of all taps: in the frequency domain in the middle of every symbol, [num_symbols, num_taps]; in the time
  /// domain at every sample of every window, [num_symbols * num_subcarriers, num_taps].
  Symbols draw_taps(Index num_symbols, Stream stream) const;
  /// `gain` of a state, by the domain.
  Symbols gains(Index num_uses, const Symbols& taps) const;
  Symbols frequency_gains(Index num_uses, const Symbols& taps) const;
  Symbols diagonal(Index num_uses, const Symbols& taps) const;
  double leaked_power() const;

  Options options_;
  Spectra delay_phase_;            ///< exp(-j 2 pi f_k tau_l), [num_taps, num_subcarriers]
  Eigen::VectorXcd symbol_phase_;  ///< exp(+j 2 pi f_k symbol_s): the symbol before, seen from this one
  std::vector<Index> first_own_;   ///< per tap: first sample of the window that the own symbol fills
  double interference_var_ = 0;
};

/// `channel.doppler_hz`, and `channel.delay_spread_ns` where the profile scales with it.
struct TdlSettings {
  std::string profile;  ///< of `tdl_names`
  double delay_spread_ns = 100;
  double doppler_hz = 100;

  void declare(Keys& keys);
  std::vector<DelayTap> taps() const { return tdl_taps(profile, delay_spread_ns * 1e-9); }
};

/// `channel.model = tdl_a` and so on: one plug-in for each profile.
class TdlPlugin final : public Plugin<Channel> {
 public:
  explicit TdlPlugin(std::string profile) : tdl_{.profile = std::move(profile)} {}
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  TdlSettings tdl_;
  std::string domain_ = "frequency";
  OfdmSettings ofdm_;
};

}  // namespace semlink
