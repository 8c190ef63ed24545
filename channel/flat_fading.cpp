#include <semlink/channel/flat_fading.h>

#include <cmath>
#include <numbers>

namespace semlink {

FlatFading::FlatFading(Fading fading, double rician_k)
    : fading_(fading),
      direct_(static_cast<float>(std::sqrt(rician_k / (rician_k + 1)))),
      scattered_(static_cast<float>(std::sqrt(1 / (rician_k + 1)))) {
  if (!(rician_k >= 0 && std::isfinite(rician_k)))
    throw Error(ErrorCode::bad_argument,
                "rician_k = " + std::to_string(rician_k) + ": expected a finite number from 0 up");
}

ChannelState FlatFading::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Stream stream = rng.stream(Purpose::fade);
  const auto theta = static_cast<float>(2 * std::numbers::pi * stream.uniform());
  const Index num_gains = fading_ == Fading::block ? 1 : num_uses;
  Symbols gain = scattered_ * stream.complex_normals(num_gains, 1);
  gain.array() += std::polar(direct_, theta);
  if (fading_ == Fading::block) gain = Symbols::Constant(num_uses, 1, gain(0, 0));
  return with_noise(std::move(gain), point, rng);
}

void FadingSettings::declare(Keys& keys) {
  keys.choice("channel.fading", fading, {"block", "symbol"})
      .help("how long a gain lasts: one for the whole frame, or a new one for every channel use");
}

Fading FadingSettings::value() const { return fading == "symbol" ? Fading::symbol : Fading::block; }

void RayleighPlugin::declare(Keys& keys) { fading_.declare(keys); }

std::unique_ptr<const Channel> RayleighPlugin::make() const {
  return std::make_unique<FlatFading>(fading_.value(), 0.0);
}

void RicianPlugin::declare(Keys& keys) {
  fading_.declare(keys);
  keys.number("channel.rician_k_db", k_db_)
      .unit("dB")
      .range(-100, 100)
      .help("power of the direct path over the power of all scattered paths");
}

std::unique_ptr<const Channel> RicianPlugin::make() const {
  return std::make_unique<FlatFading>(fading_.value(), std::pow(10.0, k_db_ / 10));
}

}  // namespace semlink
