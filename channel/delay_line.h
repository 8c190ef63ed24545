#pragma once

#include <vector>

#include <semlink/channel/mimo.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/tap_process.h>

namespace semlink {

/// An OFDM link with a tapped delay line between every two antennas. The gains G_l [num_rx, num_tx] of a scattered path
/// are `TapProcess`es, independent but for the antenna correlation, which is the same for all paths (3GPP TS 38.101-4,
/// annex B.2.3). A direct path is one plane wave between half-wavelength linear arrays,
///     g_ij(t) = g(t) exp(j pi (i sin a + j sin b)),
/// its angles a and b uniform and drawn once per frame: equal magnitude everywhere, rank 1, and no other correlation.
/// E|h_ij|^2 = 1.
///
/// In the frequency domain subcarrier k of OFDM symbol m has the matrix
///     H_mk = sum_l G_l(t_m) exp(-j 2 pi f_k tau_l),   t_m the middle of the symbol without its prefix,
/// which is the channel of a link whose prefix is long enough and whose paths stand still during a symbol.
///
/// In the time domain the waveforms themselves are sent through the paths: symbols with rectangular windows, evaluated
/// exactly at delays between samples, gains that move from sample to sample, then the receiver's window and transform.
/// A path later than the prefix brings in the end of the symbol before (interference between symbols) and leaves the
/// own symbol incomplete (interference between subcarriers); so do gains that move. H_mk is then what a subcarrier
/// keeps of its own symbol. Both domains give the same when the prefix is at least the longest delay and f_d = 0. The
/// receiver is aligned to delay 0. One previous symbol is considered: delays must not exceed the length of one OFDM
/// symbol.
class DelayLine {
 public:
  enum class Domain { frequency, time };
  struct Options {
    std::vector<DelayTap> taps;
    double doppler_hz = 0;  ///< f_d, at least 0
    OfdmGrid grid;
    Domain domain = Domain::frequency;
  };
  /// Throws Error(bad_argument) for no taps, a prefix longer than a symbol, or too long a delay (see above).
  explicit DelayLine(const Options& options, const KroneckerModel& antennas = KroneckerModel(1, 1, {}));

  const OfdmGrid& grid() const { return options_.grid; }
  bool sends_waveform() const { return options_.domain == Domain::time; }

  /// The gains of all paths for `num_elements` places of the grid, [num_instants, num_taps num_rx num_tx]: path by
  /// path, for each the columns of G_l one after the other. Instants are the middles of the symbols, in the time domain
  /// all samples of all windows. More places begin with what fewer give.
  Symbols draw(Index num_elements, Stream& stream) const;
  /// What `draw` would have given earlier: `earlier_fade` of every scattered path with one drawn from `other`, direct
  /// paths as they are.
  Symbols draw_earlier(Index num_elements, Stream& stream, Stream& other, double correlation) const;

  /// H of the first `num_elements` places of the grid, one below the other: [num_elements num_rx, num_tx].
  Symbols matrices(Index num_elements, const Symbols& paths) const;

  /// Power that arrives at an antenna beside H x in the time domain, within a frame whose symbols are full: mean over
  /// realisations, where the antennas send independent symbols of power 1 together. 0 in the frequency domain.
  double leaked_power() const;
  /// The same given the paths of the first symbol, where the antennas send x = V s of independent s of power 1: `sent`
  /// is V of every subcarrier, one below the other [num_subcarriers num_tx, num_streams], or the one for all. Paths
  /// that move are taken to stray from their mean independently.
  double leaked_power(const Symbols& paths, const Symbols& sent) const;

  /// What arrives in the time domain of x, [num_elements, num_tx] to [num_elements, num_rx].
  Symbols propagate(const Symbols& x, const Symbols& paths) const;
  /// Adjoint of `propagate`.
  Symbols propagate_pullback(const Symbols& g_y, const Symbols& paths) const;

 private:
  using Spectra = RowMatrix<std::complex<double>>;  // one row for each tap or antenna, [rows, num_subcarriers]

  Index num_taps() const { return static_cast<Index>(options_.taps.size()); }
  Index num_pairs() const { return antennas_.num_rx() * antennas_.num_tx(); }
  /// Column of `paths` with the gains of one path.
  Index column(Index tap, Index rx, Index tx) const {
    return (tap * antennas_.num_tx() + tx) * antennas_.num_rx() + rx;
  }
  /// One tap at every instant, [num_instants, num_rx num_tx].
  void draw_tap(const DelayTap& tap, Index num_symbols, Stream& stream, Eigen::Ref<Symbols> gains) const;
  Eigen::VectorXcf at_instants(const TapProcess& process, Index num_symbols) const;
  /// What OFDM symbol m keeps of every path, as in a row of `paths`.
  Eigen::RowVectorXcd kept_gains(const Symbols& paths, Index m) const;
  double leaked_share(const DelayTap& tap, Index first_own) const;
  /// What two standing paths leak together, of the product of their gains: one alone 1 - (1 - late)^2, late the part of
  /// the window that is not its own.
  double leaked_together(Index tap, Index other) const;

  Options options_;
  KroneckerModel antennas_;
  Spectra delay_phase_;                ///< exp(-j 2 pi f_k tau_l), [num_taps, num_subcarriers]
  Eigen::VectorXcd symbol_phase_;      ///< exp(+j 2 pi f_k symbol_s): the symbol before, seen from this one
  std::vector<Index> first_own_;       ///< per tap: first sample of the window that the own symbol fills
  std::vector<double> leaked_shares_;  ///< per tap: of its power, 0 in the frequency domain
};

}  // namespace semlink
