#include <semlink/channel/impairment.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <semlink/core/energy.h>

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

double from_db(double db) { return std::pow(10.0, db / 10); }

/// Modified Bessel function I0 by its series; for the arguments of a window.
double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-12 * sum; ++k) {
    term *= x / (2 * k) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

constexpr int kHalfTaps = 8;

/// Windowed sinc at a distance of `t` symbols, |t| <= kHalfTaps; 1 at 0 and 0 at every other integer.
double interpolation_tap(double t) {
  if (t == 0) return 1;
  if (t == std::round(t)) return 0;
  constexpr double kBeta = 6;
  const double edge = t / kHalfTaps;
  const double window = edge * edge < 1 ? bessel_i0(kBeta * std::sqrt(1 - edge * edge)) / bessel_i0(kBeta) : 0;
  const double angle = std::numbers::pi * t;
  return window * std::sin(angle) / angle;
}

}  // namespace

Symbols run_through(const ImpairmentStages& stages, Symbols x, const ChannelState& state) {
  for (const auto& stage : stages) x = stage->apply(x, state);
  return x;
}

Symbols pull_through(const ImpairmentStages& stages, Symbols g_y, const Symbols& x, const ChannelState& state) {
  std::vector<Symbols> inputs = {x};
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) inputs.push_back(stages[i]->apply(inputs.back(), state));
  for (std::size_t i = stages.size(); i-- > 0;) g_y = stages[i]->pullback(g_y, inputs[i], state);
  return g_y;
}

Eigen::VectorXf draw_phase_noise(Index count, double step_var, const TrialRng& rng) {
  if (step_var == 0) return {};
  const double step_std = std::sqrt(step_var);
  Stream stream = rng.stream(Purpose::impairment);
  Eigen::VectorXf phases(count);
  double phase = 0;
  for (float& at : phases) {
    at = static_cast<float>(phase);
    phase += step_std * stream.normal();
  }
  return phases;
}

IqImbalance::IqImbalance(double gain_db, double phase_deg) {
  const std::complex<double> q = std::polar(std::sqrt(from_db(gain_db)), phase_deg * kTwoPi / 360);
  direct_ = Complex((1.0 + q) / 2.0);
  image_ = Complex((1.0 - q) / 2.0);
}

Symbols IqImbalance::apply(const Symbols& x, const ChannelState&) const { return direct_ * x + image_ * x.conjugate(); }

Symbols IqImbalance::pullback(const Symbols& g_y, const Symbols&, const ChannelState&) const {
  return std::conj(direct_) * g_y + image_ * g_y.conjugate();
}

Symbols EnvelopeNonlinearity::apply(const Symbols& x, const ChannelState&) const {
  return x.unaryExpr([this](Complex value) { return value * Complex(gain(std::norm(value)).value); });
}

Symbols EnvelopeNonlinearity::pullback(const Symbols& g_y, const Symbols& x, const ChannelState&) const {
  Symbols g_x(x.rows(), x.cols());
  for (Index i = 0; i < x.size(); ++i) {
    const std::complex<double> value = x.data()[i], g = g_y.data()[i];
    const Gain at = gain(std::norm(value));
    g_x.data()[i] = Complex(std::conj(at.value) * g + 2.0 * value * (std::conj(value * at.slope) * g).real());
  }
  return g_x;
}

Clipping::Clipping(double limit_db) : limit_(std::sqrt(from_db(limit_db))) {}

EnvelopeNonlinearity::Gain Clipping::gain(double power) const {
  if (power <= limit_ * limit_) return {1.0, 0.0};
  const double value = limit_ / std::sqrt(power);
  return {value, -value / (2 * power)};
}

RappAmplifier::RappAmplifier(double backoff_db, double smoothness)
    : saturation_power_(from_db(backoff_db)), smoothness_(smoothness) {}

EnvelopeNonlinearity::Gain RappAmplifier::gain(double power) const {
  const double ratio = power / saturation_power_;
  const double bend = std::pow(ratio, smoothness_);
  const double value = std::pow(1 + bend, -1 / (2 * smoothness_));
  const double slope = power > 0 ? -value * bend / (2 * power * (1 + bend)) : 0;
  return {value, slope};
}

SalehAmplifier::SalehAmplifier(double backoff_db) : saturation_power_(from_db(backoff_db)) {}

EnvelopeNonlinearity::Gain SalehAmplifier::gain(double power) const {
  constexpr double kBeta = 1.1517, kAlphaPhase = 4.0033, kBetaPhase = 9.1040;
  const double s = power / saturation_power_;
  const double u = s / kBeta;
  const double phase = kAlphaPhase * u / (1 + kBetaPhase * u);
  const std::complex<double> value = std::polar(1 / (1 + s), phase);
  const double phase_slope = kAlphaPhase / ((1 + kBetaPhase * u) * (1 + kBetaPhase * u)) / (kBeta * saturation_power_);
  return {value, value * std::complex<double>(-1 / (saturation_power_ * (1 + s)), phase_slope)};
}

Symbols OscillatorError::turn(const Symbols& x, const ChannelState& state, double sign) const {
  Symbols y(x.rows(), x.cols());
  for (Index i = 0; i < x.rows(); ++i) {
    // The fraction of a cycle first: a long frame keeps its precision.
    const double cycles = offset_ * (static_cast<double>(i) - state.frame_start);
    const double phase = kTwoPi * (cycles - std::floor(cycles)) + (state.phase.size() > 0 ? state.phase(i) : 0.0f);
    y.row(i) = x.row(i) * Complex(std::polar(1.0, sign * phase));
  }
  return y;
}

Symbols OscillatorError::apply(const Symbols& x, const ChannelState& state) const { return turn(x, state, 1); }

Symbols OscillatorError::pullback(const Symbols& g_y, const Symbols&, const ChannelState& state) const {
  return turn(g_y, state, -1);
}

template <typename Visit>
void SamplingOffset::for_each_tap(Index num_rows, double start, Visit visit) const {
  for (Index k = 0; k < num_rows; ++k) {
    const double position = static_cast<double>(k) + offset_ * (static_cast<double>(k) - start);
    const auto nearest = static_cast<Index>(std::floor(position));
    const Index first = std::max<Index>(0, nearest - kHalfTaps + 1);
    const Index last = std::min(num_rows - 1, nearest + kHalfTaps);
    for (Index m = first; m <= last; ++m)
      visit(k, m, static_cast<float>(interpolation_tap(position - static_cast<double>(m))));
  }
}

Symbols SamplingOffset::apply(const Symbols& x, const ChannelState& state) const {
  Symbols y = Symbols::Zero(x.rows(), x.cols());
  for_each_tap(x.rows(), state.frame_start, [&](Index k, Index m, float tap) { y.row(k) += tap * x.row(m); });
  return y;
}

Symbols SamplingOffset::pullback(const Symbols& g_y, const Symbols&, const ChannelState& state) const {
  Symbols g_x = Symbols::Zero(g_y.rows(), g_y.cols());
  for_each_tap(g_y.rows(), state.frame_start, [&](Index k, Index m, float tap) { g_x.row(m) += tap * g_y.row(k); });
  return g_x;
}

Quantizer::Quantizer(int bits, double full_scale_db) : bits_(bits), full_scale_(std::sqrt(from_db(full_scale_db))) {}

float Quantizer::clip_level(const Symbols& x, const ChannelState& state) const {
  if (x.size() == 0) return 1;
  const Index first = std::clamp<Index>(std::lround(state.frame_start), 0, x.rows() - 1);
  const Index count = state.frame_rows > 0 ? std::min(state.frame_rows, x.rows() - first) : x.rows() - first;
  const double part_power = energy_of(x.middleRows(first, count)) / (2 * static_cast<double>(count * x.cols()));
  return static_cast<float>(full_scale_ * std::sqrt(std::max(part_power, 1e-30)));
}

Symbols Quantizer::apply(const Symbols& x, const ChannelState& state) const {
  const float limit = clip_level(x, state);
  const float half_levels = std::ldexp(1.0f, bits_ - 1);
  const float step = limit / half_levels;
  const auto quantize = [&](float part) {
    return (std::clamp(std::floor(part / step), -half_levels, half_levels - 1) + 0.5f) * step;
  };
  return x.unaryExpr([&](Complex value) { return Complex(quantize(value.real()), quantize(value.imag())); });
}

Symbols Quantizer::pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const {
  const float limit = clip_level(x, state);
  Symbols g_x = g_y;
  for (Index i = 0; i < x.size(); ++i) {
    const Complex value = x.data()[i];
    const bool real_passes = std::abs(value.real()) <= limit, imag_passes = std::abs(value.imag()) <= limit;
    g_x.data()[i] = {real_passes ? g_y.data()[i].real() : 0, imag_passes ? g_y.data()[i].imag() : 0};
  }
  return g_x;
}

}  // namespace semlink
