#include <semlink/channel/mimo_channel.h>

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/channel/mimo_detector.h>

namespace semlink {
namespace {

void require_shape(const Symbols& symbols, Index rows, Index cols) {
  if (symbols.rows() == rows && symbols.cols() == cols) return;
  throw Error(ErrorCode::bad_argument, "symbols are [" + std::to_string(symbols.rows()) + ", " +
                                           std::to_string(symbols.cols()) + "]: expected [" + std::to_string(rows) +
                                           ", " + std::to_string(cols) + "] as realised");
}

}  // namespace

MimoChannel::MimoChannel(const Options& options) : options_(options) {
  const Index most = std::min(options.num_tx, options.num_rx);
  if (options.num_streams < 1 || options.num_streams > most)
    throw Error(ErrorCode::bad_argument, "channel.num_streams = " + std::to_string(options.num_streams) +
                                             ": expected [1, " + std::to_string(most) +
                                             "], the smaller number of antennas");
  Stream stream(0, Purpose::fade, 0);
  draw_mimo_channel(options.num_rx, options.num_tx, options.correlation, stream);  // throws for what it refuses
}

ChannelState MimoChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Stream stream = rng.stream(Purpose::fade);
  const ComplexMatrix channel = draw_mimo_channel(options_.num_rx, options_.num_tx, options_.correlation, stream);
  const auto num_streams = static_cast<float>(options_.num_streams);
  ChannelState state{.noise_var = point.noise_var()};
  const ComplexMatrix sent = options_.precoding == Precoding::svd
                                 ? ComplexMatrix(channel * svd_precoder(channel, options_.num_streams))
                                 : ComplexMatrix(channel.leftCols(options_.num_streams));
  state.detail = sent / std::sqrt(num_streams);
  const float root_of_all = channel.norm() / std::sqrt(static_cast<float>(channel.size()));
  state.gain = Symbols::Constant(num_uses, 1, root_of_all);
  if (options_.precoding == Precoding::none)
    for (Index i = 0; i < num_uses; ++i)
      state.gain(i, 0) = channel.col(i % options_.num_streams).norm() / std::sqrt(static_cast<float>(options_.num_rx));
  if (point.noise_follows_gain && num_uses > 0)
    state.noise_var *= Channel::gain_energy(state) / static_cast<double>(num_uses);
  state.noise = rng.stream(Purpose::noise).complex_normals(num_slots(num_uses), options_.num_rx);
  return state;
}

Symbols MimoChannel::propagate(const Symbols& x, const ChannelState& state) const {
  return to_slots(x, options_.num_streams) * state.detail.transpose();
}

Symbols MimoChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  return from_slots(g_y * state.detail.conjugate(), state.gain.rows());
}

Symbols MimoChannel::apply(const Symbols& x, const ChannelState& state) const {
  require_shape(x, state.gain.rows(), 1);
  return propagate(x, state) + static_cast<float>(std::sqrt(state.noise_var)) * state.noise;
}

Symbols MimoChannel::pullback(const Symbols& g_y, const Symbols& /*x*/, const ChannelState& state) const {
  require_shape(g_y, state.noise.rows(), state.noise.cols());
  return propagate_pullback(g_y, state);
}

double MimoChannel::mutual_information(const ChannelState& state, Index, Index) const {
  const Eigen::MatrixXcd a = state.detail.cast<std::complex<double>>();
  const Eigen::MatrixXcd received = Eigen::MatrixXcd::Identity(a.rows(), a.rows()) + a * a.adjoint() / state.noise_var;
  return std::log2(received.determinant().real()) / static_cast<double>(options_.num_streams);
}

double MimoChannel::noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const {
  const double energy = (y - propagate(x, state)).cast<std::complex<double>>().squaredNorm();
  return y.size() > 0 ? energy / static_cast<double>(y.size()) * static_cast<double>(x.rows()) : 0;
}

void MimoPlugin::declare(Keys& keys) {
  keys.integer("channel.num_tx", num_tx_).range(1, 8).help("transmit antennas");
  keys.integer("channel.num_rx", num_rx_).range(2, 8).help("receive antennas; Es/N0 is that of one of them");
  keys.integer("channel.num_streams", num_streams_)
      .range(1, 8)
      .help("symbols sent at a time, at most the smaller number of antennas; they share the power");
  keys.number("channel.tx_correlation", tx_correlation_)
      .range(0, 0.9999)
      .help("correlation of neighbouring transmit antennas, r^distance between others (Kronecker model)");
  keys.number("channel.rx_correlation", rx_correlation_)
      .range(0, 0.9999)
      .help("correlation of neighbouring receive antennas, r^distance between others (Kronecker model)");
  keys.choice("channel.precoding", precoding_, {"none", "svd"})
      .help(
          "streams over the first antennas, or over the strongest singular vectors of a channel the transmitter knows");
}

std::unique_ptr<const Channel> MimoPlugin::make() const {
  return std::make_unique<MimoChannel>(MimoChannel::Options{
      .num_tx = num_tx_,
      .num_rx = num_rx_,
      .num_streams = num_streams_,
      .correlation = {tx_correlation_, rx_correlation_},
      .precoding = precoding_ == "svd" ? MimoChannel::Precoding::svd : MimoChannel::Precoding::none});
}

}  // namespace semlink
