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
  if (options.ofdm) tdl_.emplace(*options.ofdm, antennas_);
}

Symbols MimoChannel::draw(Index slots, Stream stream) const {
  if (tdl_) return tdl_->draw(slots, stream);
  return draw_mimo_channel(antennas_, stream);
}

Symbols MimoChannel::reported(const Symbols& channels, Index slots, const TrialRng& rng) const {
  if (options_.precoding == Precoding::none || options_.report.is_perfect()) return channels;
  Stream errors = rng.stream(kReportErrorPurpose);
  return options_.report.tell(channels, draw(slots, rng.stream(kReportedFadePurpose)), errors);
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
  const Index slots = num_slots(num_uses, num_streams), num_matrices = tdl_ ? slots : 1;
  const bool is_wideband = options_.precoding == Precoding::wideband;
  const Index band = tdl_ ? options_.ofdm->grid.num_subcarriers : 1;
  const Index drawn = is_wideband ? std::max(slots, band) : slots;
  const Symbols channels = draw(drawn, rng.stream(Purpose::fade));
  const Symbols told = reported(channels, drawn, rng);
  ComplexMatrix precoder;
  if (is_wideband) precoder = svd_precoder(told.topRows(band * num_rx), num_streams);
  const float root = std::sqrt(static_cast<float>(num_streams));

  ChannelState state{.gain = Symbols(num_uses, 1), .noise_var = point.noise_var()};
  state.detail.resize(num_matrices * num_rx, num_streams);
  Symbols gains(num_matrices, num_streams);
  for (Index m = 0; m < num_matrices; ++m) {
    const ComplexMatrix channel = channels.middleRows(m * num_rx, num_rx);
    if (options_.precoding == Precoding::svd) precoder = svd_precoder(told.middleRows(m * num_rx, num_rx), num_streams);
    const ComplexMatrix sent = options_.precoding == Precoding::none ? ComplexMatrix(channel.leftCols(num_streams))
                                                                     : ComplexMatrix(channel * precoder);
    state.detail.middleRows(m * num_rx, num_rx) = sent / root;
    gains.row(m) = stream_gains(channel).transpose().cast<Complex>();
  }
  for (Index i = 0; i < num_uses; ++i) state.gain(i, 0) = gains(tdl_ ? i / num_streams : 0, i % num_streams);
  if (point.noise_follows_gain && num_uses > 0)
    state.noise_var *= Channel::gain_energy(state) / static_cast<double>(num_uses);
  state.noise = rng.stream(Purpose::noise).complex_normals(slots, num_rx);
  return state;
}

Symbols MimoChannel::earlier_gain(const TrialRng& rng, double correlation) const {
  Stream stream = rng.stream(Purpose::fade), other = rng.stream(kReportedFadePurpose);
  const Symbols channel = tdl_ ? tdl_->draw_earlier(1, stream, other, correlation)
                               : earlier_fade(draw(1, stream), draw(1, other), correlation);
  return Symbols::Constant(1, 1, stream_gains(channel)(0));
}

Symbols MimoChannel::propagate(const Symbols& x, const ChannelState& state) const {
  const Symbols slots = to_slots(x, options_.num_streams);
  if (!tdl_) return slots * state.detail.transpose();
  Symbols y(slots.rows(), options_.num_rx);
  for (Index t = 0; t < y.rows(); ++t)
    y.row(t) = slots.row(t) * slot_matrix(state.detail, t, options_.num_rx).transpose();
  return y;
}

Symbols MimoChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  if (!tdl_) return from_slots(g_y * state.detail.conjugate(), state.gain.rows());
  Symbols g_slots(g_y.rows(), options_.num_streams);
  for (Index t = 0; t < g_y.rows(); ++t)
    g_slots.row(t) = g_y.row(t) * slot_matrix(state.detail, t, options_.num_rx).conjugate();
  return from_slots(g_slots, state.gain.rows());
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
    all.middleCols(k * num_rx, num_rx) = a.cast<std::complex<double>>().adjoint() / std::sqrt(state.noise_var);
  }
  return log2_det_gram(all, 1) / static_cast<double>(num_streams);
}

double MimoChannel::combined_information(std::span<const ChannelState> states, Index first, Index num_uses) const {
  if (!tdl_) return slot_information(states, 0);
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
  keys.choice("ofdm.domain", domain_, {"frequency", "time"});
  ofdm_.declare(keys);
}

std::unique_ptr<const Channel> MimoPlugin::make() const {
  if (domain_ != "frequency")
    throw Error(ErrorCode::bad_scenario, "ofdm.domain = " + domain_ + ": expected frequency with several antennas");
  MimoChannel::Options options{.num_tx = num_tx_,
                               .num_rx = num_rx_,
                               .num_streams = num_streams_,
                               .correlation = {tx_correlation_, rx_correlation_},
                               .precoding = precoding_ == "svd"        ? MimoChannel::Precoding::svd
                                            : precoding_ == "wideband" ? MimoChannel::Precoding::wideband
                                                                       : MimoChannel::Precoding::none,
                               .report = report_};
  if (tdl_) options.ofdm = {.taps = tdl_->taps(), .doppler_hz = tdl_->doppler_hz, .grid = ofdm_.grid()};
  return std::make_unique<MimoChannel>(options);
}

}  // namespace semlink
