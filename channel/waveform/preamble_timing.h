#pragma once

#include <semlink/channel/waveform/pulse_shaper.h>

namespace semlink {

/// Sharpens a delay by a known preamble. A receiver that samples e samples late sees
///     y_k = a (p_k + e q_k) + noise,     q_k = sum_j p_j g'((k - j) S),
/// p the preamble and g' the slope of the pulse behind its matched filter. Least squares for a and a e; unlike the peak
/// of a correlation it is not pulled aside by what the preamble's symbols have to do with each other.
class PreambleTiming {
 public:
  PreambleTiming(const PulseShaper& shaper, const Symbols& preamble);

  struct Estimate {
    double late = 0;  ///< e in samples, at most 1 either way
    /// Variance of the interference between symbols of power 1 that the error of e leaves, over |a|^2.
    double interference_var = 0;
  };
  /// `received`: [preamble_uses, 1] behind the matched filter. Nothing received: no correction.
  Estimate estimate(const Symbols& received) const;

 private:
  Index num_rows_;      ///< the last ones are left out, which the unknown symbols after them disturb
  Eigen::VectorXcd p_;  ///< [num_rows]
  Eigen::VectorXcd q_;  ///< [num_rows]
};

}  // namespace semlink
