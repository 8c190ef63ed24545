#include <semlink/channel/interference.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <semlink/channel/purposes.h>

namespace semlink {
namespace {

/// QPSK symbol k of the 16 that one word holds.
Complex qpsk(std::uint32_t word, int k) {
  constexpr auto kPart = static_cast<float>(1 / std::numbers::sqrt2);
  const std::uint32_t bits = word >> (2 * k);
  return {bits & 1 ? -kPart : kPart, bits & 2 ? -kPart : kPart};
}

}  // namespace

InterferenceChannel::InterferenceChannel(const Options& options, std::unique_ptr<const Channel> beneath)
    : options_(options), beneath_(std::move(beneath)) {
  if (!(options.sir > 0 && std::isfinite(options.sir)))
    throw Error(ErrorCode::bad_argument, "sir = " + std::to_string(options.sir) + ": expected a finite number above 0");
  if (options.num_interferers < 1 || options.num_interferers > kMaxInterferers)
    throw Error(ErrorCode::bad_argument, "num_interferers = " + std::to_string(options.num_interferers) +
                                             ": expected [1, " + std::to_string(kMaxInterferers) + "]");
}

ChannelState InterferenceChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = beneath_->realize(num_uses, point, rng);
  Stream stream = rng.stream(kInterferencePurpose);
  const auto amplitude = static_cast<float>(std::sqrt(1 / (options_.sir * options_.num_interferers)));
  std::vector<Complex> gains;
  for (int k = 0; k < options_.num_interferers; ++k)
    gains.push_back(amplitude * (options_.fading ? stream.complex_normals(1, 1)(0, 0)
                                                 : Complex(std::polar(1.0, 2 * std::numbers::pi * stream.uniform()))));

  state.interference = Symbols::Zero(num_uses, 1);
  for (Index i = 0; i < num_uses; ++i) {
    const std::uint32_t word = stream.next_u32();
    for (int k = 0; k < options_.num_interferers; ++k) state.interference(i, 0) += gains[k] * qpsk(word, k);
  }
  for (const Complex& gain : gains) state.interference_var += std::norm(gain);
  return state;
}

void InterferencePlugin::declare(Keys& keys) {
  keys.number("channel.sir_db", sir_db_)
      .unit("dB")
      .range(-50, 100)
      .help("mean power of the wanted symbols over that of all interferers together");
  keys.integer("channel.num_interferers", num_interferers_)
      .range(1, InterferenceChannel::kMaxInterferers)
      .help("transmitters on the same channel, of equal mean power");
  keys.choice("channel.interferer_fading", fading_, {"none", "block"})
      .help("gain of each interferer: magnitude 1, or Rayleigh, new for every frame");
  beneath_.declare(keys);
}

std::unique_ptr<const Channel> InterferencePlugin::make() const {
  return std::make_unique<InterferenceChannel>(
      InterferenceChannel::Options{std::pow(10.0, sir_db_ / 10), static_cast<int>(num_interferers_),
                                   fading_ == "block"},
      beneath_.make());
}

}  // namespace semlink
