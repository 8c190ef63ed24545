#include <semlink/channel/waveform/waveform_front_end.h>

#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include <semlink/channel/gain_estimate.h>
#include <semlink/channel/waveform/carrier_phase.h>
#include <semlink/channel/waveform/waveform_channel.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr int kTimingSteps = 2;

/// Samples times exp(-j (carrier)), or with sign = 1 its conjugate.
Symbols mix(Symbols samples, const SyncOffsets& offsets, double sign) {
  for (Index n = 0; n < samples.rows(); ++n) {
    const double turns = std::remainder(offsets.cfo * static_cast<double>(n), 1.0);
    samples(n, 0) *= static_cast<Complex>(std::polar(1.0, sign * (offsets.phase + kTwoPi * turns)));
  }
  return samples;
}

Symbols rotate(Symbols symbols, const Eigen::VectorXf& phase, float sign) {
  for (Index i = 0; i < symbols.rows(); ++i) symbols(i, 0) *= std::polar(1.0f, sign * phase(i));
  return symbols;
}

}  // namespace

WaveformFrontEnd::WaveformFrontEnd(std::unique_ptr<const FrontEnd> inner, const WaveformFormat& format, Packet packet,
                                   std::optional<PacketDetector::Options> blind, std::optional<TimingLoop> loop)
    : inner_(std::move(inner)), format_(format), shaper_(format), packet_(std::move(packet)), loop_(std::move(loop)) {
  if (!blind) return;
  detector_.emplace(format_, packet_.preamble(), *blind);
  timing_.emplace(shaper_, packet_.preamble());
}

Index WaveformFrontEnd::num_pilots(Index num_uses) const {
  const Index inner = inner_->num_pilots(num_uses);
  return inner + packet_.overhead(num_uses + inner);
}

ChannelState WaveformFrontEnd::inner_state(const ChannelState& state) const {
  ChannelState known{.gain = packet_.remove(state.gain), .noise_var = state.noise_var};
  if (detector_) known.gain = known.gain.cwiseAbs().cast<Complex>();
  return known;
}

double WaveformFrontEnd::sharpen(const Symbols& mixed, SyncOffsets& offsets) const {
  PreambleTiming::Estimate timing;
  for (int step = 0; step < kTimingSteps; ++step) {
    timing = timing_->estimate(shaper_.match(mixed, offsets.delay, packet_.preamble().rows()));
    offsets.delay -= timing.late;
  }
  return timing.interference_var;
}

std::optional<WaveformFrontEnd::Reception> WaveformFrontEnd::receive(const Symbols& y,
                                                                     const ChannelState& state) const {
  if (format_.num_uses(y.rows()) < packet_.preamble().rows())
    throw Error(ErrorCode::bad_argument, std::to_string(y.rows()) +
                                             " samples: expected the window of a packet, at least " +
                                             std::to_string(format_.num_samples(packet_.preamble().rows())));
  Reception reception;
  if (detector_) {
    const std::optional<SyncOffsets> found = detector_->detect(y);
    if (!found) return std::nullopt;
    reception.offsets = *found;
  } else {
    reception.offsets = WaveformChannel::offsets(state);
  }
  const Symbols mixed = mix(y, reception.offsets, -1);
  const double interference_var = detector_ ? sharpen(mixed, reception.offsets) : 0;
  const Index num_uses = format_.num_uses(y.rows());
  Symbols packet = detector_ && loop_ ? loop_->track(mixed, reception.offsets.delay, packet_.preamble(), num_uses)
                                      : shaper_.match(mixed, reception.offsets.delay, num_uses);
  if (detector_) {
    CarrierPhase carrier = estimate_carrier_phase(packet, packet_);
    packet = rotate(std::move(packet), carrier.phase, -1);
    reception.phase = std::move(carrier.phase);
    reception.error_var = carrier.error_var.array() + static_cast<float>(interference_var);
  }
  reception.symbols = packet_.remove(packet);
  reception.state = inner_state(state);
  return reception;
}

Equalized WaveformFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  const std::optional<Reception> reception = receive(y, state);
  if (!reception)
    return {.x_hat = Symbols(0, 1),
            .noise_var = Eigen::VectorXf(0),
            .quality = {.snr_db = 10 * std::log10(kMinSnr), .noise_var = 1},
            .detected = false};
  Equalized out = inner_->equalize(reception->symbols, reception->state);
  if (!detector_) return out;
  out.detected = true;
  // The rows of the frame inside that are its symbols, found like those of a gradient.
  const Symbols error_var = frame_pullback(reception->error_var.cast<Complex>());
  for (Index i = 0; i < out.noise_var.size(); ++i) {
    const float gain = out.shrunk ? 1 - out.noise_var(i) : 1.0f;
    out.noise_var(i) += gain * gain * error_var(i, 0).real();
  }
  return out;
}

Symbols WaveformFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const {
  if (detector_ && loop_)
    throw Error(ErrorCode::bad_argument, "waveform.timing = loop: expected preamble for a gradient");
  const std::optional<Reception> reception = receive(y, state);
  if (!reception) return Symbols::Zero(y.rows(), 1);
  Symbols g = packet_.spread(inner_->pullback(g_x_hat, reception->symbols, reception->state));
  if (detector_) g = rotate(std::move(g), reception->phase, 1);
  return mix(shaper_.match_pullback(g, reception->offsets.delay), reception->offsets, 1);
}

}  // namespace semlink
