#pragma once

#include <vector>

#include <semlink/channel/waveform/waveform_format.h>

namespace semlink {

/// Symbols to samples by root-raised-cosine pulses, and back by their matched filter:
///     s(n) = sum_k x_k p(n - t_k),     x_hat_k = 1 / S sum_n r(n) p(n - t_k),     t_k = first_middle(delay) + k S
/// with S samples per symbol and p of liquid-dsp's design, cut off `filter_delay` symbols from its middle and scaled to
/// sum p^2 = S. So samples have the power of the symbols; noise of variance S N0 per sample is noise of variance N0 per
/// symbol after the matched filter, white up to what the cut leaves of interference between symbols (-57 dB for the
/// default pulse). Delays between samples are exact: the pulse is designed for the fraction. Proakis and Salehi,
/// Digital Communications, 5th edition, section 9.2.
class PulseShaper {
 public:
  explicit PulseShaper(const WaveformFormat& format) : format_(format) {}

  /// [format.num_samples(x.rows()), 1]; what would lie outside of the window is dropped.
  Symbols shape(const Symbols& x, double delay) const;
  /// Its adjoint, [num_uses, 1]: `match` without the factor 1 / S.
  Symbols shape_pullback(const Symbols& samples, double delay, Index num_uses) const;

  /// [num_uses, 1]; samples outside of the window count as 0.
  Symbols match(const Symbols& samples, double delay, Index num_uses) const;
  /// Its adjoint: `shape` with the factor 1 / S.
  Symbols match_pullback(const Symbols& g_x, double delay) const;

 private:
  /// Taps of the pulse whose middle is `fraction` of a sample, in [0, 1), behind the middle tap.
  std::vector<float> taps(double fraction) const;
  /// Calls visit(symbol, first sample, first tap, number of taps) for every pulse that touches the window.
  template <typename Visit>
  void for_each_pulse(double delay, Index num_uses, Index num_samples, Visit visit) const;

  WaveformFormat format_;
};

}  // namespace semlink
