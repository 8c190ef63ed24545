#pragma once

#include <memory>
#include <vector>

#include <semlink/channel/channel.h>

namespace semlink {

/// One imperfection of a radio: a deterministic map of a frame of symbols, given what the channel drew, with its
/// adjoint. One const object serves every thread.
class Impairment {
 public:
  virtual ~Impairment() = default;
  /// [num_uses, num_streams] -> the same shape.
  virtual Symbols apply(const Symbols& x, const ChannelState& state) const = 0;
  /// Transposed real Jacobian of `apply` at x.
  virtual Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const = 0;
};

using ImpairmentStages = std::vector<std::unique_ptr<const Impairment>>;

/// One stage after the other.
Symbols run_through(const ImpairmentStages& stages, Symbols x, const ChannelState& state);
/// The way back: transposed real Jacobian of `run_through` at x.
Symbols pull_through(const ImpairmentStages& stages, Symbols g_y, const Symbols& x, const ChannelState& state);

/// Phase noise for a state: a Wiener process from phase 0 whose steps have the variance `step_var` in rad^2, drawn from
/// Purpose::impairment; empty for a variance of 0.
Eigen::VectorXf draw_phase_noise(Index count, double step_var, const TrialRng& rng);

/// I and Q of unequal gain and not at right angles: y = Re x + j g exp(j phi) Im x, that is a x + b conj(x) with
/// a = (1 + g exp(j phi)) / 2 and b = (1 - g exp(j phi)) / 2. Image rejection |a|^2 / |b|^2. Schenk, RF Imperfections
/// in High-rate Wireless Systems (2008), chapter 5.
class IqImbalance final : public Impairment {
 public:
  /// Gain of Q over I in dB, angle from the right one in degrees; both 0: the identity, to the bit.
  IqImbalance(double gain_db, double phase_deg);
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;

 private:
  Complex direct_;
  Complex image_;
};

/// A memoryless nonlinearity of the envelope: y = x F(|x|^2) with complex F.
class EnvelopeNonlinearity : public Impairment {
 public:
  Symbols apply(const Symbols& x, const ChannelState& state) const final;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const final;

 protected:
  struct Gain {
    std::complex<double> value;  ///< F
    std::complex<double> slope;  ///< dF / d|x|^2
  };
  virtual Gain gain(double power) const = 0;
};

/// Limits the envelope: |y| <= limit, phase kept. `limit_db` is over the root mean square of symbols of power 1.
class Clipping final : public EnvelopeNonlinearity {
 public:
  explicit Clipping(double limit_db);

 private:
  Gain gain(double power) const override;
  double limit_;
};

/// Solid-state amplifier, no phase distortion: F = (1 + (|x| / V)^(2p))^(-1/(2p)); V^2 is the back-off, small-signal
/// gain 1. Rapp, 2nd European Conference on Satellite Communications (1991).
class RappAmplifier final : public EnvelopeNonlinearity {
 public:
  /// `backoff_db`: saturation power over the mean power 1; `smoothness` p > 0.
  RappAmplifier(double backoff_db, double smoothness);

 private:
  Gain gain(double power) const override;
  double saturation_power_;
  double smoothness_;
};

/// Travelling-wave tube: F = exp(j Phi) / (1 + s), Phi = 4.0033 u / (1 + 9.1040 u), s = |x|^2 / V^2, u = s / 1.1517;
/// the output saturates at |x| = V, V^2 is the back-off, small-signal gain 1. Saleh, IEEE Trans. Commun. 29 (1981),
/// table I.
class SalehAmplifier final : public EnvelopeNonlinearity {
 public:
  explicit SalehAmplifier(double backoff_db);

 private:
  Gain gain(double power) const override;
  double saturation_power_;
};

/// Oscillator that is off: y_k = x_k exp(j (2 pi nu (k - k_0) + phi_k)) with the offset nu in cycles per symbol, the
/// frame's start k_0 and the phase noise phi_k of the state.
class OscillatorError final : public Impairment {
 public:
  explicit OscillatorError(double offset) : offset_(offset) {}
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;

 private:
  Symbols turn(const Symbols& x, const ChannelState& state, double sign) const;
  double offset_;
};

/// Receiver clock that is off: y_k = x(k_0 + (k - k_0) (1 + delta)), k_0 the frame's start, x between its symbols by a
/// Kaiser-windowed sinc of 16 taps (a symbol rate at the Nyquist limit); outside of what arrives x is 0. Symbols slip
/// out of a frame longer than 1 / delta.
class SamplingOffset final : public Impairment {
 public:
  explicit SamplingOffset(double offset_ppm) : offset_(offset_ppm * 1e-6) {}
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;

 private:
  template <typename Visit>
  void for_each_tap(Index num_rows, double start, Visit visit) const;
  double offset_;
};

/// Uniform mid-rise quantiser of 2^bits levels for I and for Q, behind a gain control that puts the clipping level
/// `full_scale_db` over the root mean square of a real part of the frame, what arrives around it left out. The pullback
/// is straight-through: the gradient passes where the converter did not clip, the gain held constant.
class Quantizer final : public Impairment {
 public:
  Quantizer(int bits, double full_scale_db);
  Symbols apply(const Symbols& x, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const override;

 private:
  float clip_level(const Symbols& x, const ChannelState& state) const;
  int bits_;
  double full_scale_;
};

}  // namespace semlink
