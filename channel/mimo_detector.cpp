#include <semlink/channel/mimo_detector.h>

#include <algorithm>

namespace semlink {

ComplexMatrix slot_matrix(const Symbols& matrices, Index slot, Index num_rx) {
  return matrices.middleRows(matrices.rows() == num_rx ? 0 : slot * num_rx, num_rx);
}

Symbols to_slots(const Symbols& x, Index num_streams) {
  Symbols slots = Symbols::Zero(num_slots(x.rows(), num_streams), num_streams);
  std::copy_n(x.data(), x.size(), slots.data());
  return slots;
}

Symbols from_slots(const Symbols& slots, Index num_uses) {
  return Eigen::Map<const Symbols>(slots.data(), num_uses, 1);
}

MimoReceiver MimoDetector::linear(const ComplexMatrix& effective, double noise_var) const {
  return rule_ == Rule::mmse ? mmse_receiver(effective, noise_var) : zero_forcing_receiver(effective, noise_var);
}

CancelledStreams MimoDetector::cancel(const Symbols& y, Index slot, const ComplexMatrix& effective, double noise_var,
                                      Index num_uses) const {
  const Index num_sent = std::min(effective.cols(), num_uses - slot * effective.cols());
  return receive_mmse_sic(y.row(slot).transpose(), effective.leftCols(num_sent), noise_var, *slicer_);
}

Equalized MimoDetector::detect(const Symbols& y, const ComplexMatrix& effective, double noise_var,
                               Index num_uses) const {
  const Index num_streams = effective.cols();
  Equalized out{.x_hat = Symbols(num_uses, 1), .noise_var = Eigen::VectorXf(num_uses)};
  if (!slicer_) {
    const MimoReceiver receiver = linear(effective, noise_var);
    out.x_hat = from_slots(y * receiver.weights.transpose(), num_uses);
    for (Index i = 0; i < num_uses; ++i) out.noise_var(i) = receiver.noise_var(i % num_streams);
    return out;
  }
  for (Index first = 0; first < num_uses; first += num_streams) {
    const CancelledStreams streams = cancel(y, first / num_streams, effective, noise_var, num_uses);
    out.x_hat.col(0).segment(first, streams.x_hat.size()) = streams.x_hat;
    out.noise_var.segment(first, streams.x_hat.size()) = streams.noise_var;
  }
  return out;
}

Equalized MimoDetector::detect_slots(const Symbols& y, const Symbols& matrices, const Eigen::VectorXd& noise_var,
                                     Index num_uses) const {
  const Index num_streams = matrices.cols();
  Equalized out{.x_hat = Symbols(num_uses, 1), .noise_var = Eigen::VectorXf(num_uses)};
  for (Index slot = 0; slot < y.rows(); ++slot) {
    const Index first = slot * num_streams, count = std::min(num_streams, num_uses - first);
    const Equalized streams = detect(y.row(slot), slot_matrix(matrices, slot, y.cols()), noise_var(slot), count);
    out.x_hat.middleRows(first, count) = streams.x_hat;
    out.noise_var.segment(first, count) = streams.noise_var;
  }
  return out;
}

Symbols MimoDetector::pullback_slots(const Symbols& g_x_hat, const Symbols& y, const Symbols& matrices,
                                     const Eigen::VectorXd& noise_var) const {
  const Index num_streams = matrices.cols();
  Symbols g_y(y.rows(), y.cols());
  for (Index slot = 0; slot < y.rows(); ++slot) {
    const Index first = slot * num_streams, count = std::min(num_streams, g_x_hat.rows() - first);
    g_y.row(slot) =
        pullback(g_x_hat.middleRows(first, count), y.row(slot), slot_matrix(matrices, slot, y.cols()), noise_var(slot));
  }
  return g_y;
}

Symbols MimoDetector::pullback(const Symbols& g_x_hat, const Symbols& y, const ComplexMatrix& effective,
                               double noise_var) const {
  const Symbols g_slots = to_slots(g_x_hat, effective.cols());
  if (!slicer_) return g_slots * linear(effective, noise_var).weights.conjugate();
  Symbols g_y(y.rows(), y.cols());
  for (Index slot = 0; slot < y.rows(); ++slot) {
    const ComplexMatrix weights = cancel(y, slot, effective, noise_var, g_x_hat.rows()).weights;
    g_y.row(slot) = g_slots.row(slot).head(weights.rows()) * weights.conjugate();
  }
  return g_y;
}

}  // namespace semlink
