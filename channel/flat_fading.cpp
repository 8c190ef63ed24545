#include <semlink/channel/flat_fading.h>

#include <cmath>
#include <numbers>

#include <semlink/channel/awgn.h>
#include <semlink/channel/doppler.h>
#include <semlink/channel/earlier_fade.h>
#include <semlink/channel/purposes.h>

namespace semlink {
namespace {

void declare_rician_k(Keys& keys, double& k_db) {
  keys.number("channel.rician_k_db", k_db)
      .unit("dB")
      .range(-100, 100)
      .help("power of the direct path over the power of all scattered paths");
}

}  // namespace

FlatFading::FlatFading(Fading fading, double rician_k, double doppler, GainPhase phase)
    : fading_(fading),
      doppler_(doppler),
      phase_(phase),
      direct_(static_cast<float>(std::sqrt(rician_k / (rician_k + 1)))),
      scattered_(static_cast<float>(std::sqrt(1 / (rician_k + 1)))) {
  if (!(rician_k >= 0 && std::isfinite(rician_k)))
    throw Error(ErrorCode::bad_argument,
                "rician_k = " + std::to_string(rician_k) + ": expected a finite number from 0 up");
  if (!(doppler >= 0 && std::isfinite(doppler)))
    throw Error(ErrorCode::bad_argument,
                "doppler = " + std::to_string(doppler) + ": expected a finite number of cycles per use from 0 up");
}

double FlatFading::draw_direct_phase(Stream& stream) { return 2 * std::numbers::pi * stream.uniform(); }

Symbols FlatFading::draw_scattered(Index num_uses, Stream& stream) const {
  if (fading_ == Fading::block) return Symbols::Constant(num_uses, 1, stream.complex_normals(1, 1)(0, 0));
  if (fading_ == Fading::symbol) return stream.complex_normals(num_uses, 1);
  return DopplerProcess(stream, doppler_).values(0, 1, num_uses);
}

Symbols FlatFading::gains(double direct_phase, const Symbols& scattered) const {
  Symbols gain = scattered_ * scattered;
  if (fading_ == Fading::doppler) {
    const double turn = 2 * std::numbers::pi * kDirectPathDoppler * doppler_;
    for (Index i = 0; i < gain.rows(); ++i)
      gain(i, 0) += Complex(std::polar(double{direct_}, direct_phase + turn * static_cast<double>(i)));
  } else {
    gain.array() += std::polar(direct_, static_cast<float>(direct_phase));
  }
  if (phase_ == GainPhase::kept) gain = gain.cwiseAbs().cast<Complex>();
  return gain;
}

ChannelState FlatFading::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Stream stream = rng.stream(Purpose::fade);
  const double direct_phase = draw_direct_phase(stream);
  return with_noise(gains(direct_phase, draw_scattered(num_uses, stream)), point, rng);
}

Symbols FlatFading::earlier_gain(const TrialRng& rng, double correlation) const {
  Stream stream = rng.stream(Purpose::fade), other = rng.stream(kReportedFadePurpose);
  const double direct_phase = draw_direct_phase(stream);
  const Symbols scattered = draw_scattered(1, stream);
  return gains(direct_phase, earlier_fade(scattered, draw_scattered(1, other), correlation));
}

void FadingSettings::declare(Keys& keys) {
  keys.choice("channel.fading", fading, {"block", "symbol", "doppler"})
      .help("how long a gain lasts: the whole frame, one channel use, or as long as channel.doppler_hz says");
  keys.number("channel.doppler_hz", doppler_hz)
      .unit("Hz")
      .range(0, 1e6)
      .help("largest Doppler shift, speed over wavelength (fading = doppler, and all tdl models)");
  keys.number("channel.symbol_rate_hz", symbol_rate_hz)
      .unit("Hz")
      .range(1, 1e12)
      .help("channel uses per second, with fading = doppler");
  keys.choice("channel.phase", phase, {"turned", "kept"})
      .help(
          "a complex gain, or its magnitude alone, which many published codes take for Rayleigh fading "
          "(SwinJSCC: fading = symbol, phase = kept, frontend.csi = none)");
}

std::unique_ptr<const Channel> FadingSettings::make(double rician_k) const {
  const Fading duration = fading == "doppler" ? Fading::doppler : fading == "symbol" ? Fading::symbol : Fading::block;
  return std::make_unique<FlatFading>(duration, rician_k, doppler_hz / symbol_rate_hz,
                                      phase == "kept" ? GainPhase::kept : GainPhase::turned);
}

void BeneathSettings::declare(Keys& keys) {
  keys.choice("channel.beneath", model, {"none", "rayleigh", "rician"})
      .help("flat fading of the wanted symbols beneath the disturbance; without it the other keys of fading do nothing here");
  fading.declare(keys);
  declare_rician_k(keys, rician_k_db);
}

std::unique_ptr<const Channel> BeneathSettings::make() const {
  if (model == "none") return std::make_unique<AwgnChannel>();
  return fading.make(model == "rician" ? std::pow(10.0, rician_k_db / 10) : 0);
}

void RayleighPlugin::declare(Keys& keys) { fading_.declare(keys); }

std::unique_ptr<const Channel> RayleighPlugin::make() const { return fading_.make(0); }

void RicianPlugin::declare(Keys& keys) {
  fading_.declare(keys);
  declare_rician_k(keys, k_db_);
}

std::unique_ptr<const Channel> RicianPlugin::make() const { return fading_.make(std::pow(10.0, k_db_ / 10)); }

}  // namespace semlink
