#include <semlink/channel/mimo_channel.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/channel/earlier_fade.h>
#include <semlink/channel/linear_algebra.h>
#include <semlink/channel/mimo_detector.h>
#include <semlink/channel/purposes.h>
#include <semlink/core/energy.h>

namespace semlink {
namespace {

void require_shape(const Symbols& symbols, Index rows, Index cols) {
  if (symbols.rows() == rows && symbols.cols() == cols) return;
  throw Error(ErrorCode::bad_argument, "symbols are [" + std::to_string(symbols.rows()) + ", " +
                                           std::to_string(symbols.cols()) + "]: expected [" + std::to_string(rows) +
                                           ", " + std::to_string(cols) + "] as realised");
}

}  // namespace

MimoChannel::MimoChannel(const Options& options)
    : options_(options), antennas_(options.num_rx, options.num_tx, options.correlation) {
  const Index most = std::min(options.num_tx, options.num_rx);
  if (options.num_streams < 1 || options.num_streams > most)
    throw Error(ErrorCode::bad_argument, "channel.num_streams = " + std::to_string(options.num_streams) +
                                             ": expected [1, " + std::to_string(most) +
                                             "], the smaller number of antennas");
  if (options.ofdm) line_.emplace(*options.ofdm, antennas_);
}

Symbols MimoChannel::draw(Index slots, Stream& stream) const {
  if (line_) return line_->draw(slots, stream);
  return draw_mimo_channel(antennas_, stream);
}

Symbols MimoChannel::draw_earlier(Index slots, const TrialRng& rng, double correlation) const {
  Stream stream = rng.stream(Purpose::fade), other = rng.stream(kReportedFadePurpose);
  if (line_) return line_->draw_earlier(slots, stream, other, correlation);
  return earlier_fade(draw(slots, stream), draw(slots, other), correlation);
}

Symbols MimoChannel::matrices(Index slots, const Symbols& fades) const {
  return line_ ? line_->matrices(slots, fades) : fades;
}

Symbols MimoChannel::precoders(const Symbols& channels, Index slots, const TrialRng& rng) const {
  const Index num_rx = options_.num_rx, num_tx = options_.num_tx, num_streams = options_.num_streams;
  if (options_.precoding == Precoding::none) return Symbols::Identity(num_tx, num_streams);
  Symbols told = channels;
  if (!options_.report.is_perfect()) {
    Stream errors = rng.stream(kReportErrorPurpose);
    told = options_.report.tell(matrices(slots, draw_earlier(slots, rng, options_.report.correlation)), errors);
  }
  if (options_.precoding == Precoding::wideband)
    return svd_precoder(told.topRows((line_ ? line_->grid().num_subcarriers : 1) * num_rx), num_streams);
  Symbols all(slots * num_tx, num_streams);
  for (Index m = 0; m < slots; ++m)
    all.middleRows(m * num_tx, num_tx) = svd_precoder(told.middleRows(m * num_rx, num_rx), num_streams);
  return all;
}

Eigen::VectorXf MimoChannel::stream_gains(const ComplexMatrix& channel) const {
  if (options_.precoding != Precoding::none)
    return Eigen::VectorXf::Constant(options_.num_streams,
                                     channel.norm() / std::sqrt(static_cast<float>(channel.size())));
  Eigen::VectorXf gains(options_.num_streams);
  for (Index k = 0; k < gains.size(); ++k)
    gains(k) = channel.col(k).norm() / std::sqrt(static_cast<float>(options_.num_rx));
  return gains;
}

ChannelState MimoChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  const Index num_rx = options_.num_rx, num_streams = options_.num_streams;
  const Index slots = num_slots(num_uses, num_streams), num_matrices = line_ ? slots : 1;
  // Precoders and what leaks go by the whole first OFDM symbol, however short the frame.
  const Index drawn = line_ ? std::max(slots, line_->grid().num_subcarriers) : 1;
  Stream stream = rng.stream(Purpose::fade);
  Symbols fades = draw(drawn, stream);
  const Symbols channels = matrices(drawn, fades);
  Symbols precoders = this->precoders(channels, drawn, rng);
  const float root = std::sqrt(static_cast<float>(num_streams));

  ChannelState state{.gain = Symbols(num_uses, 1), .noise_var = point.noise_var()};
  state.detail.resize(num_matrices * num_rx, num_streams);
  Symbols gains(num_matrices, num_streams);
  for (Index m = 0; m < num_matrices; ++m) {
    const ComplexMatrix channel = channels.middleRows(m * num_rx, num_rx);
    state.detail.middleRows(m * num_rx, num_rx) = channel * slot_matrix(precoders, m, options_.num_tx) / root;
    gains.row(m) = stream_gains(channel).transpose().cast<Complex>();
  }
  for (Index i = 0; i < num_uses; ++i) state.gain(i, 0) = gains(line_ ? i / num_streams : 0, i % num_streams);
  if (point.noise_follows_gain && num_uses > 0)
    state.noise_var *= Channel::gain_energy(state) / static_cast<double>(num_uses);
  state.noise = rng.stream(Purpose::noise).complex_normals(slots, num_rx);
  if (!sends_waveform()) return state;
  state.interference_var =
      options_.precoding == Precoding::none ? line_->leaked_power() : line_->leaked_power(fades, precoders / root);
  state.paths = std::move(fades);
  state.precoders = std::move(precoders);
  return state;
}

Symbols MimoChannel::earlier_gain(const TrialRng& rng, double correlation) const {
  return Symbols::Constant(1, 1, stream_gains(matrices(1, draw_earlier(1, rng, correlation)))(0));
}

Symbols MimoChannel::propagate(const Symbols& x, const ChannelState& state) const {
  const Symbols slots = to_slots(x, options_.num_streams);
  if (!line_) return slots * state.detail.transpose();
  if (sends_waveform()) {
    Symbols sent(slots.rows(), options_.num_tx);
    for (Index t = 0; t < sent.rows(); ++t)
      sent.row(t) = slots.row(t) * slot_matrix(state.precoders, t, options_.num_tx).transpose();
    return line_->propagate(sent / std::sqrt(static_cast<float>(options_.num_streams)), state.paths);
  }
  Symbols y(slots.rows(), options_.num_rx);
  for (Index t = 0; t < y.rows(); ++t)
    y.row(t) = slots.row(t) * slot_matrix(state.detail, t, options_.num_rx).transpose();
  return y;
}

Symbols MimoChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  if (!line_) return from_slots(g_y * state.detail.conjugate(), state.gain.rows());
  Symbols g_slots(g_y.rows(), options_.num_streams);
  if (sends_waveform()) {
    const Symbols g_sent =
        line_->propagate_pullback(g_y, state.paths) / std::sqrt(static_cast<float>(options_.num_streams));
    for (Index t = 0; t < g_y.rows(); ++t)
      g_slots.row(t) = g_sent.row(t) * slot_matrix(state.precoders, t, options_.num_tx).conjugate();
  } else {
    for (Index t = 0; t < g_y.rows(); ++t)
      g_slots.row(t) = g_y.row(t) * slot_matrix(state.detail, t, options_.num_rx).conjugate();
  }
  return from_slots(g_slots, state.gain.rows());
}

double MimoChannel::gain_energy(const ChannelState& state) const {
  const double leaked = sends_waveform() ? line_->leaked_power() : 0;
  return Channel::gain_energy(state) + static_cast<double>(state.gain.rows()) * leaked;
}

Symbols MimoChannel::apply(const Symbols& x, const ChannelState& state) const {
  require_shape(x, state.gain.rows(), 1);
  return propagate(x, state) + static_cast<float>(std::sqrt(state.noise_var)) * state.noise;
}

Symbols MimoChannel::pullback(const Symbols& g_y, const Symbols& /*x*/, const ChannelState& state) const {
  require_shape(g_y, state.noise.rows(), state.noise.cols());
  return propagate_pullback(g_y, state);
}

double MimoChannel::slot_information(std::span<const ChannelState> states, Index slot) const {
  const Index num_rx = options_.num_rx, num_streams = options_.num_streams;
  // Columns are receive antennas, so that the determinant is that of num_streams rows however many states there are.
  DoubleMatrix all(num_streams, num_rx * std::ssize(states));
  for (Index k = 0; k < std::ssize(states); ++k) {
    const ChannelState& state = states[static_cast<std::size_t>(k)];
    const ComplexMatrix a = slot_matrix(state.detail, slot, num_rx);
    all.middleCols(k * num_rx, num_rx) =
        a.cast<std::complex<double>>().adjoint() / std::sqrt(state.disturbance_var(slot));
  }
  return log2_det_gram(all, 1) / static_cast<double>(num_streams);
}

double MimoChannel::combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const {
  if (!line_) return slot_information(states, 0);
  const Index end = std::min(first + num_uses, states.front().gain.rows());
  if (end <= first) return 0;
  double sum = 0;
  for (Index i = first; i < end;) {
    const Index slot = i / options_.num_streams;
    const Index next = std::min(end, (slot + 1) * options_.num_streams);
    sum += static_cast<double>(next - i) * slot_information(states, slot);
    i = next;
  }
  return sum / static_cast<double>(end - first);
}

double MimoChannel::noise_energy(const Symbols& x, const Symbols& y, const ChannelState& state) const {
  const double energy = energy_of(y - propagate(x, state));
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
  keys.choice("channel.precoding", precoding_, {"none", "svd", "wideband"})
      .help(
          "streams over the first antennas, over the strongest singular vectors of every matrix that the transmitter "
          "knows, or over one set of vectors for all subcarriers of a frame, the strongest of the first OFDM symbol's "
          "mean H^H H");
  report_.declare(keys);
  if (!tdl_) return;
  tdl_->declare(keys);
  ofdm_.declare(keys);
}

std::unique_ptr<const Channel> MimoPlugin::make() const {
  MimoChannel::Options options{.num_tx = num_tx_,
                               .num_rx = num_rx_,
                               .num_streams = num_streams_,
                               .correlation = {tx_correlation_, rx_correlation_},
                               .precoding = precoding_ == "svd"        ? MimoChannel::Precoding::svd
                                            : precoding_ == "wideband" ? MimoChannel::Precoding::wideband
                                                                       : MimoChannel::Precoding::none,
                               .report = report_};
  if (tdl_) options.ofdm = tdl_->line(ofdm_.grid());
  return std::make_unique<MimoChannel>(options);
}

}  // namespace semlink
