#include <semlink/channel/flat_fading.h>

#include <cmath>
#include <numbers>

#include <semlink/channel/awgn.h>
#include <semlink/channel/doppler.h>

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

Symbols FlatFading::gains(Index num_uses, Stream& stream) const {
  const double theta = 2 * std::numbers::pi * stream.uniform();
  const Complex direct = std::polar(direct_, static_cast<float>(theta));
  if (fading_ == Fading::block)
    return Symbols::Constant(num_uses, 1, scattered_ * stream.complex_normals(1, 1)(0, 0) + direct);
  if (fading_ == Fading::symbol) return (scattered_ * stream.complex_normals(num_uses, 1)).array() + direct;

  Symbols gain = scattered_ * DopplerProcess(stream, doppler_).values(0, 1, num_uses);
  const double turn = 2 * std::numbers::pi * kDirectPathDoppler * doppler_;
  for (Index i = 0; i < num_uses; ++i)
    gain(i, 0) += Complex(std::polar(double{direct_}, theta + turn * static_cast<double>(i)));
  return gain;
}

ChannelState FlatFading::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Stream stream = rng.stream(Purpose::fade);
  Symbols gain = gains(num_uses, stream);
  if (phase_ == GainPhase::kept) gain = gain.cwiseAbs().cast<Complex>();
  return with_noise(std::move(gain), point, rng);
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
