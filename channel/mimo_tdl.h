#pragma once

#include <vector>

#include <semlink/channel/mimo.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/tap_process.h>

namespace semlink {

/// The matrices of an OFDM link with a tapped delay line between every two antennas. On subcarrier k of OFDM symbol m
///     H_mk = sum_l G_l(t_m) exp(-j 2 pi f_k tau_l)   [num_rx, num_tx],   t_m the middle of the symbol without prefix,
/// which is the channel of a link whose prefix is long enough and whose taps stand still during a symbol. The entries
/// of a scattered G_l are `TapProcess`es, independent but for the antenna correlation, which is the same for all taps
/// (3GPP TS 38.101-4, annex B.2.3). A direct path is one plane wave between half-wavelength linear arrays,
///     g_ij(t) = g(t) exp(j pi (i sin a + j sin b)),
/// its angles a and b uniform and drawn once per frame: equal magnitude everywhere, rank 1, and no other correlation.
/// E|h_ij|^2 = 1. One antenna on each side gives the gains of a `TdlChannel`.
class MimoTdl {
 public:
  struct Options {
    std::vector<DelayTap> taps;
    double doppler_hz = 0;  ///< f_d, at least 0
    OfdmGrid grid;
  };
  /// Throws Error(bad_argument) for no taps, or a prefix longer than a symbol.
  MimoTdl(const Options& options, const KroneckerModel& antennas);

  /// The matrices of the first `num_elements` places of the grid, one below the other: [num_elements num_rx, num_tx].
  /// More begin with those of fewer.
  Symbols draw(Index num_elements, Stream& stream) const;
  /// What `draw` would have given earlier: `earlier_fade` of every scattered tap with one drawn from `other`, direct
  /// paths as they are.
  Symbols draw_earlier(Index num_elements, Stream& stream, Stream& other, double correlation) const;

 private:
  std::vector<Symbols> draw_taps(Index num_elements, Stream& stream) const;
  Symbols matrices(Index num_elements, const std::vector<Symbols>& taps) const;
  /// One tap in the middle of every symbol, [num_symbols, num_rx num_tx], transmit antennas one after the other.
  Symbols draw_tap(const DelayTap& tap, Index num_symbols, Stream& stream) const;

  Options options_;
  KroneckerModel antennas_;
  RowMatrix<std::complex<double>> delay_phase_;  ///< [num_taps, num_subcarriers]
};

}  // namespace semlink
