#include <semlink/channel/mimo.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <semlink/channel/linear_algebra.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

using Matrix = DoubleMatrix;

/// Lower Cholesky factor of r^|i - j|.
Eigen::MatrixXd correlation_root(Index size, double r) {
  Eigen::MatrixXd correlation(size, size);
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) correlation(i, j) = i == j ? 1 : std::pow(r, static_cast<double>(std::abs(i - j)));
  return correlation.llt().matrixL();
}

Eigen::VectorXd squared_singular_values(const ComplexMatrix& channel) {
  return singular_values(channel.cast<std::complex<double>>()).cwiseAbs2();
}

}  // namespace

KroneckerModel::KroneckerModel(Index num_rx, Index num_tx, const AntennaCorrelation& correlation) {
  if (num_rx < 1 || num_tx < 1)
    throw Error(ErrorCode::bad_argument, std::to_string(num_tx) + " transmit and " + std::to_string(num_rx) +
                                             " receive antennas: expected at least 1 of each");
  for (const double r : {correlation.transmit, correlation.receive})
    if (!(r >= 0 && r < 1))
      throw Error(ErrorCode::bad_argument, "antenna correlation = " + std::to_string(r) + ": expected [0, 1)");
  receive_root_ = correlation_root(num_rx, correlation.receive).cast<Complex>();
  transmit_root_ = correlation_root(num_tx, correlation.transmit).cast<Complex>();
  is_correlated_ = correlation.transmit > 0 || correlation.receive > 0;
}

ComplexMatrix draw_mimo_channel(const KroneckerModel& model, Stream& stream) {
  return model.correlate(stream.complex_normals(model.num_rx(), model.num_tx()));
}

double mimo_capacity(const ComplexMatrix& channel, double snr) {
  double bits = 0;
  for (const double power : squared_singular_values(channel))
    bits += std::log2(1 + snr / static_cast<double>(channel.cols()) * power);
  return bits;
}

double water_filling_capacity(const ComplexMatrix& channel, double snr) {
  const Eigen::VectorXd power = squared_singular_values(channel);  // falling
  for (Index used = power.size(); used >= 1; --used) {
    if (!(power(used - 1) > 0)) continue;
    const double level = (snr + power.head(used).cwiseInverse().sum()) / static_cast<double>(used);
    if (level < 1 / power(used - 1)) continue;
    return (level * power.head(used)).array().log().sum() / std::log(2.0);
  }
  return 0;
}

MimoReceiver zero_forcing_receiver(const ComplexMatrix& effective, double noise_var) {
  if (effective.rows() < effective.cols())
    throw Error(ErrorCode::bad_argument, std::to_string(effective.rows()) + " receive antennas for " +
                                             std::to_string(effective.cols()) + " streams: expected at least as many");
  const Matrix channel = effective.cast<std::complex<double>>();
  // A singular channel leaves a huge variance instead of infinities.
  const Matrix inverse = inverse_gram(channel, 1e-12 * (1 + channel.squaredNorm()));
  return {product(inverse, channel.adjoint()).cast<Complex>(), (noise_var * inverse.diagonal().real()).cast<float>()};
}

MimoReceiver mmse_receiver(const ComplexMatrix& effective, double noise_var) {
  const Matrix channel = effective.cast<std::complex<double>>();
  const Matrix inverse = inverse_gram(channel, noise_var);
  const Eigen::VectorXd gain = (1 - noise_var * inverse.diagonal().real().array()).max(1e-12).matrix();
  const Matrix scaled = gain.cwiseInverse().cast<std::complex<double>>().asDiagonal() * inverse;
  return {product(scaled, channel.adjoint()).cast<Complex>(),
          (gain.cwiseInverse().array() - 1).max(1e-12).matrix().cast<float>()};
}

CancelledStreams receive_mmse_sic(const Eigen::VectorXcf& y, const ComplexMatrix& effective, double noise_var,
                                  const StreamDecision& decide) {
  const Index num_streams = effective.cols();
  CancelledStreams out{Eigen::VectorXcf(num_streams), Eigen::VectorXf(num_streams),
                       ComplexMatrix(num_streams, effective.rows())};
  std::vector<Index> left(static_cast<std::size_t>(num_streams));
  for (std::size_t k = 0; k < left.size(); ++k) left[k] = static_cast<Index>(k);
  ComplexMatrix residual = ComplexMatrix::Zero(effective.rows(), num_streams);  // of the streams decided so far
  Eigen::VectorXcf rest = y;
  while (!left.empty()) {
    const auto num_left = static_cast<Index>(left.size());
    ComplexMatrix remaining(effective.rows(), num_streams);
    for (Index k = 0; k < num_left; ++k) remaining.col(k) = effective.col(left[static_cast<std::size_t>(k)]);
    remaining.rightCols(num_streams - num_left) = residual.leftCols(num_streams - num_left);
    const MimoReceiver receiver = mmse_receiver(remaining, noise_var);
    Index best = 0;
    receiver.noise_var.head(num_left).minCoeff(&best);
    const Index stream = left[static_cast<std::size_t>(best)];
    out.noise_var(stream) = receiver.noise_var(best);
    out.weights.row(stream) = receiver.weights.row(best);
    out.x_hat(stream) = (receiver.weights.row(best) * rest)(0);
    const SymbolDecision decision = decide(out.x_hat(stream), out.noise_var(stream));
    rest -= effective.col(stream) * decision.value;
    residual.col(num_streams - num_left) = std::sqrt(decision.error_var) * effective.col(stream);
    left.erase(left.begin() + best);
  }
  return out;
}

ComplexMatrix svd_precoder(const ComplexMatrix& channel, Index num_streams) {
  if (num_streams < 1 || num_streams > std::min(channel.rows(), channel.cols()))
    throw Error(ErrorCode::bad_argument, std::to_string(num_streams) + " streams over a channel of " +
                                             std::to_string(channel.rows()) + "x" + std::to_string(channel.cols()) +
                                             " antennas: expected at least 1 and at most the smaller number");
  return right_singular_vectors(channel.cast<std::complex<double>>()).leftCols(num_streams).cast<Complex>();
}

}  // namespace semlink
