#pragma once

#include <string>

#include <semlink/channel/channel.h>
#include <semlink/core/registry.h>

namespace semlink {

/// How long a gain lasts.
enum class Fading {
  block,    ///< one gain for the whole frame: header, pilots and payload fade together
  symbol,   ///< an independent gain for every channel use
  doppler,  ///< a gain that moves from use to use as that of a moving receiver does, see `DopplerProcess`
};

/// What a gain does to the phase.
enum class GainPhase {
  turned,  ///< h is complex
  kept,    ///< |h| takes its place: a receiver that equalises nothing still sees symbols where they were sent
};

/// Flat Rayleigh or Rician fading: y = h x + sqrt(N0) n with
///     h = sqrt(K / (K + 1)) exp(j theta) + sqrt(1 / (K + 1)) z,   z circular complex normal, E|z|^2 = 1.
/// E|h|^2 = 1 for every K; K = 0 is Rayleigh. The phase theta of the direct path is uniform and drawn once per frame,
/// also with `Fading::symbol`, where only the scattered part z changes from use to use. Proakis and Salehi, Digital
/// Communications, 5th edition, section 13.1. With `Fading::doppler` z is a DopplerProcess and the direct path turns at
/// 0.7 of the largest Doppler shift: E h_{i+k} conj(h_i) = (K exp(j 2 pi 0.7 f k) + J0(2 pi f k)) / (K + 1).
/// With `GainPhase::kept` all of this is |h|: with `Fading::symbol` and K = 0 the "Rayleigh" of SwinJSCC, WITT and
/// NTSCC.
class FlatFading final : public Channel {
 public:
  /// `rician_k`: power of the direct path over that of the scattered ones, linear, at least 0.
  /// `doppler`: largest Doppler shift f in cycles per channel use, at least 0; read with `Fading::doppler` only.
  FlatFading(Fading fading, double rician_k, double doppler = 0, GainPhase phase = GainPhase::turned);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override;
  bool takes_waveform() const override { return fading_ != Fading::symbol; }

 private:
  /// Phase of the direct path at the start.
  static double draw_direct_phase(Stream& stream);
  /// z of so many uses.
  Symbols draw_scattered(Index num_uses, Stream& stream) const;
  Symbols gains(double direct_phase, const Symbols& scattered) const;

  Fading fading_;
  double doppler_;
  GainPhase phase_;
  float direct_;     ///< amplitude of the direct path
  float scattered_;  ///< standard deviation of the scattered part
};

inline constexpr double kDefaultRicianKDb = 6;

/// What the fading channels share.
struct FadingSettings {
  std::string fading = "block";
  double doppler_hz = 100;
  double symbol_rate_hz = 100e3;
  std::string phase = "turned";

  void declare(Keys& keys);
  std::unique_ptr<const Channel> make(double rician_k) const;
};

/// The channel on top of which a disturbance acts: `channel.beneath` of bursts, impulses, interference and erasures.
struct BeneathSettings {
  std::string model = "none";
  FadingSettings fading;
  double rician_k_db = kDefaultRicianKDb;

  void declare(Keys& keys);
  /// White Gaussian noise alone for `none`.
  std::unique_ptr<const Channel> make() const;
};

/// `channel.model = rayleigh`.
class RayleighPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  FadingSettings fading_;
};

/// `channel.model = rician`.
class RicianPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  FadingSettings fading_;
  double k_db_ = kDefaultRicianKDb;
};

}  // namespace semlink
