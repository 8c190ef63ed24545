#include <semlink/channel/mimo_front_ends.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <semlink/channel/gain_estimate.h>
#include <semlink/channel/modem.h>
#include <semlink/core/energy.h>

namespace semlink {
namespace {

/// One matrix for all slots.
bool is_flat(const ChannelState& state, const Symbols& y) { return state.detail.rows() == y.cols(); }

void require_mimo(const Symbols& y, const ChannelState& state) {
  const bool has_matrices = is_flat(state, y) || state.detail.rows() == y.rows() * y.cols();
  const bool has_slots = state.detail.cols() > 0 && y.rows() == num_slots(state.gain.rows(), state.detail.cols());
  if (!has_matrices || !has_slots || y.rows() != state.noise.rows()) refuse_mimo_channel();
}

Eigen::VectorXd same_noise(const ChannelState& state, const Symbols& y) {
  return Eigen::VectorXd::Constant(y.rows(), state.disturbance_var(0));
}

/// Column k, row t: exp(-2 pi j t k / size).
Symbols fourier_matrix(Index size) {
  Symbols matrix(size, size);
  for (Index t = 0; t < size; ++t)
    for (Index k = 0; k < size; ++k) {
      const double turns = static_cast<double>(t * k % size) / static_cast<double>(size);
      matrix(t, k) = Complex(std::polar(1.0, -2 * std::numbers::pi * turns));
    }
  return matrix;
}

}  // namespace

void refuse_mimo_channel() {
  throw Error(ErrorCode::bad_scenario,
              "frontend.csi = mimo_*: expected channel.model = mimo or mimo_tdl* with the same channel.num_streams");
}

Equalized MimoFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  require_mimo(y, state);
  const Index num_uses = state.gain.rows();
  Equalized out = is_flat(state, y) ? detector_.detect(y, state.detail, state.noise_var, num_uses)
                                    : detector_.detect_slots(y, state.detail, same_noise(state, y), num_uses);
  const double power = num_uses > 0 ? state.gain.squaredNorm() / static_cast<double>(num_uses) : 1.0;
  const double noise_var = state.disturbance_var(0);
  out.quality = {.snr_db = 10 * std::log10(std::max(power, 1e-12) / noise_var), .noise_var = noise_var};
  return out;
}

Symbols MimoFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const {
  require_mimo(y, state);
  if (is_flat(state, y)) return detector_.pullback(g_x_hat, y, state.detail, state.noise_var);
  return detector_.pullback_slots(g_x_hat, y, state.detail, same_noise(state, y));
}

MimoPilotFrontEnd::MimoPilotFrontEnd(const Options& options, MimoDetector detector)
    : options_(options), detector_(std::move(detector)) {
  if (options.num_streams < 1 || options.repetitions < 2)
    throw Error(ErrorCode::bad_argument, std::to_string(options.repetitions) + " repetitions of the pilots of " +
                                             std::to_string(options.num_streams) +
                                             " streams: expected at least 2, and 1 stream");
  pilots_ = fourier_matrix(options.num_streams);
}

Symbols MimoPilotFrontEnd::frame(const Symbols& x) const {
  Symbols framed(num_pilots(x.rows()) + x.rows(), 1);
  for (Index i = 0; i < num_pilots(x.rows()); ++i) framed(i, 0) = pilots_.data()[i % pilots_.size()];
  framed.bottomRows(x.rows()) = x;
  return framed;
}

MatrixEstimate MimoPilotFrontEnd::estimate(const Symbols& y) const {
  const Index num_streams = options_.num_streams, num_rx = y.cols();
  const auto streams = static_cast<double>(num_streams), repetitions = static_cast<double>(options_.repetitions);
  Symbols mean = Symbols::Zero(num_streams, num_rx);
  for (Index r = 0; r < options_.repetitions; ++r) mean += y.middleRows(r * num_streams, num_streams);
  mean /= static_cast<float>(options_.repetitions);
  double energy = 0;
  for (Index r = 0; r < options_.repetitions; ++r)
    energy += energy_of(y.middleRows(r * num_streams, num_streams) - mean);

  MatrixEstimate out{.effective = (pilots_.adjoint() * mean).transpose() / static_cast<float>(num_streams)};
  const double degrees = static_cast<double>(num_streams * num_rx) * (repetitions - 1);
  const double power = out.effective.squaredNorm() / static_cast<double>(num_rx);
  out.noise_var = std::max({energy / degrees, power / kMaxSnr, 1e-12});
  const double correction = degrees >= 2 ? (degrees - 1) / degrees : 1.0;
  out.snr = std::clamp(correction * power / out.noise_var - 1 / repetitions, kMinSnr, kMaxSnr);
  out.error_var = out.noise_var / (streams * repetitions);
  if (options_.estimator == GainEstimator::lmmse) {
    const double shrink = 1 / (1 + streams * out.error_var);
    out.effective *= static_cast<float>(shrink);
    out.error_var *= shrink;
  }
  return out;
}

double MimoPilotFrontEnd::effective_noise(const MatrixEstimate& estimate) const {
  return estimate.noise_var + static_cast<double>(options_.num_streams) * estimate.error_var;
}

Equalized MimoPilotFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  const Index num_uses = state.gain.rows() - num_pilots(0);
  const Index num_slots = y.rows() - num_pilot_slots();
  if (num_uses < 0 || y.cols() < std::max<Index>(2, options_.num_streams) ||
      num_slots != semlink::num_slots(num_uses, options_.num_streams))
    refuse_mimo_channel();
  const MatrixEstimate channel = estimate(y);
  Equalized out = detector_.detect(y.bottomRows(num_slots), channel.effective, effective_noise(channel), num_uses);
  out.quality = {.snr_db = 10 * std::log10(channel.snr), .noise_var = channel.noise_var};
  return out;
}

Symbols MimoPilotFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& /*state*/) const {
  const MatrixEstimate channel = estimate(y);
  const Index num_slots = y.rows() - num_pilot_slots();
  Symbols g_y = Symbols::Zero(y.rows(), y.cols());
  g_y.bottomRows(num_slots) =
      detector_.pullback(g_x_hat, y.bottomRows(num_slots), channel.effective, effective_noise(channel));
  return g_y;
}

void MimoDetectorSettings::declare(Keys& keys) {
  keys.choice("frontend.detector", detector, {"zf", "mmse", "mmse_sic"})
      .help(
          "zero forcing, minimum mean square error, or the latter with successive cancellation of decided streams, "
          "the best first (for payloads of bits); every stream at gain one");
  keys.choice("frontend.slicing", slicing, {"soft", "hard"})
      .help(
          "what mmse_sic takes away of a stream: the mean of the points given what arrived, its variance left as "
          "noise, or the nearest point as if it were certain");
  keys.choice("modem.constellation", constellation, Modem::constellations());
}

MimoDetector MimoDetectorSettings::make() const {
  if (detector == "mmse_sic")
    return MimoDetector(
        SymbolSlicer(constellation, slicing == "hard" ? SymbolSlicer::Rule::hard : SymbolSlicer::Rule::soft));
  return MimoDetector(detector == "zf" ? MimoDetector::Rule::zero_forcing : MimoDetector::Rule::mmse);
}

template <GainEstimator estimator>
void MimoPilotPlugin<estimator>::declare(Keys& keys) {
  detector_.declare(keys);
  keys.integer("channel.num_streams", num_streams_);
  keys.integer("frontend.pilot_repetitions", repetitions_)
      .range(2, 1000)
      .help("times that num_streams slots of orthogonal pilots are sent ahead of a frame");
}

template <GainEstimator estimator>
std::unique_ptr<const FrontEnd> MimoPilotPlugin<estimator>::make() const {
  return std::make_unique<MimoPilotFrontEnd>(
      MimoPilotFrontEnd::Options{.estimator = estimator, .num_streams = num_streams_, .repetitions = repetitions_},
      detector_.make());
}

template class MimoPilotPlugin<GainEstimator::least_squares>;
template class MimoPilotPlugin<GainEstimator::lmmse>;

}  // namespace semlink
