#pragma once

#include <functional>

#include <semlink/channel/symbol_slicer.h>
#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

using ComplexMatrix = Eigen::MatrixXcf;

/// Correlation between neighbouring antennas, of magnitude 1 at distance 0: R_ij = r^|i - j|, r in [0, 1). Loyka 2001.
struct AntennaCorrelation {
  double transmit = 0;
  double receive = 0;
};

/// Makes independent entries into those of the Kronecker model,
///     H = R_rx^(1/2) G R_tx^(T/2),   E h_ij conj(h_kl) = R_rx(i, k) R_tx(j, l).
/// Kermoal et al. 2002.
class KroneckerModel {
 public:
  /// Throws Error(bad_argument) for numbers of antennas below 1 or correlations outside [0, 1).
  KroneckerModel(Index num_rx, Index num_tx, const AntennaCorrelation& correlation);

  Index num_rx() const { return receive_root_.rows(); }
  Index num_tx() const { return transmit_root_.rows(); }
  /// Whether `correlate` does anything.
  bool is_correlated() const { return is_correlated_; }
  /// H of G [num_rx, num_tx].
  ComplexMatrix correlate(const ComplexMatrix& independent) const {
    return receive_root_ * independent * transmit_root_.transpose();
  }

 private:
  ComplexMatrix receive_root_;
  ComplexMatrix transmit_root_;
  bool is_correlated_;
};

/// One Rayleigh channel matrix [num_rx, num_tx] of the model, G of independent normals, E|h_ij|^2 = 1.
ComplexMatrix draw_mimo_channel(const KroneckerModel& model, Stream& stream);

/// Bits per slot that equal power on all transmit antennas can carry: log2 det(I + snr / num_tx H H^H). Telatar 1999,
/// eq. 1.
double mimo_capacity(const ComplexMatrix& channel, double snr);

/// The same with a transmitter that knows H: powers of water-filling over the singular values. Telatar 1999,
/// section 3.1.
double water_filling_capacity(const ComplexMatrix& channel, double snr);

/// A linear receiver for y = A x + n of independent symbols of power 1, N0 per antenna: x_hat = weights y has gain one
/// for every stream, and an error of variance noise_var [num_streams], which holds the other streams' leakage.
struct MimoReceiver {
  ComplexMatrix weights;  ///< [num_streams, num_rx]
  Eigen::VectorXf noise_var;
};

/// (A^H A)^-1 A^H; noise_var = N0 diag (A^H A)^-1. `effective` is A [num_rx, num_streams], num_rx at least num_streams
/// (else Error(bad_argument)).
MimoReceiver zero_forcing_receiver(const ComplexMatrix& effective, double noise_var);

/// (A^H A + N0)^-1 A^H, each row divided by its gain 1 - N0 q_k, q = diag (A^H A + N0)^-1; noise_var = 1 / (1 - N0 q)
/// - 1.
MimoReceiver mmse_receiver(const ComplexMatrix& effective, double noise_var);

/// What successive cancellation gives for one slot.
struct CancelledStreams {
  Eigen::VectorXcf x_hat;     ///< [num_streams], gain one, before the decision
  Eigen::VectorXf noise_var;  ///< [num_streams], if the decisions before were as good as they said
  ComplexMatrix weights;      ///< [num_streams, num_rx] of what was left of y when the stream's turn came
};

/// What a stream was, given x_hat of gain one and its noise variance.
using StreamDecision = std::function<SymbolDecision(Complex x_hat, float noise_var)>;

/// MMSE with successive interference cancellation (V-BLAST): the stream of the smallest noise_var is received, `decide`
/// says what was sent, that is taken from y, and so on; what decisions leave (error_var) is interference for the
/// streams that follow. Wolniansky et al. 1998; soft decisions as Wang and Poor 1999, section III.
CancelledStreams receive_mmse_sic(const Eigen::VectorXcf& y, const ComplexMatrix& effective, double noise_var,
                                  const StreamDecision& decide);

/// The first `num_streams` right singular vectors of the channel, [num_tx, num_streams]: sent through them, the streams
/// arrive orthogonal, with the largest singular values as gains.
ComplexMatrix svd_precoder(const ComplexMatrix& channel, Index num_streams);

}  // namespace semlink
