#pragma once

#include <optional>

#include <semlink/channel/front_end.h>
#include <semlink/channel/mimo.h>
#include <semlink/channel/symbol_slicer.h>

namespace semlink {

/// Separates the streams of slots y_t = A x_t + sqrt(N0) n_t for a matrix A and a noise variance that the receiver
/// takes for true. Every stream has gain one and the variance of what is left of the noise and the other streams.
class MimoDetector {
 public:
  enum class Rule { zero_forcing, mmse };

  /// Linear.
  explicit MimoDetector(Rule rule) : rule_(rule) {}
  /// MMSE with successive cancellation of the streams that the slicer decided, see receive_mmse_sic.
  explicit MimoDetector(SymbolSlicer slicer) : rule_(Rule::mmse), slicer_(std::move(slicer)) {}

  bool decides_symbols() const { return slicer_.has_value(); }

  /// x_hat [num_uses, 1] and noise_var of the slots `y` [num_slots, num_rx], `num_streams` symbols of a frame of
  /// `num_uses` in each; what the last slot has no symbols for was sent as zeros. `quality` stays empty.
  Equalized detect(const Symbols& y, const ComplexMatrix& effective, double noise_var, Index num_uses) const;

  /// The same for slots that each have a noise variance [num_slots] of their own; and a matrix of their own, one below
  /// the other [num_slots num_rx, num_streams], or one for all.
  Equalized detect_slots(const Symbols& y, const Symbols& matrices, const Eigen::VectorXd& noise_var,
                         Index num_uses) const;

  /// Adjoint of `detect` in y, decisions held constant.
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ComplexMatrix& effective, double noise_var) const;

  /// Adjoint of `detect_slots`.
  Symbols pullback_slots(const Symbols& g_x_hat, const Symbols& y, const Symbols& matrices,
                         const Eigen::VectorXd& noise_var) const;

 private:
  MimoReceiver linear(const ComplexMatrix& effective, double noise_var) const;
  CancelledStreams cancel(const Symbols& y, Index slot, const ComplexMatrix& effective, double noise_var,
                          Index num_uses) const;

  Rule rule_;
  std::optional<SymbolSlicer> slicer_;
};

/// Slots of `num_streams` symbols that hold `num_uses`, the last one perhaps in part.
inline Index num_slots(Index num_uses, Index num_streams) { return (num_uses + num_streams - 1) / num_streams; }

/// The matrix [num_rx, num_streams] of a slot, out of those of all slots one below the other, or the one there is.
ComplexMatrix slot_matrix(const Symbols& matrices, Index slot, Index num_rx);

/// [num_uses, 1] -> [num_slots, num_streams], the end filled with zeros.
Symbols to_slots(const Symbols& x, Index num_streams);

/// The way back: the first `num_uses` symbols.
Symbols from_slots(const Symbols& slots, Index num_uses);

}  // namespace semlink
