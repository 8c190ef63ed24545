#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/core/error.h>
#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

struct ChannelCase {
  std::string name;
  std::function<std::unique_ptr<const Channel>()> make;
};

std::ostream& operator<<(std::ostream& out, const ChannelCase& c) { return out << c.name; }

std::unique_ptr<const Channel> fading(Fading kind, double rician_k) {
  return std::make_unique<FlatFading>(kind, rician_k);
}

class EveryChannel : public testing::TestWithParam<ChannelCase> {
 protected:
  std::unique_ptr<const Channel> channel_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryChannel,
                         testing::Values(ChannelCase{"awgn", [] { return std::make_unique<AwgnChannel>(); }},
                                         ChannelCase{"rayleigh_block", [] { return fading(Fading::block, 0); }},
                                         ChannelCase{"rayleigh_symbol", [] { return fading(Fading::symbol, 0); }},
                                         ChannelCase{"rician_block", [] { return fading(Fading::block, 4); }},
                                         ChannelCase{"rician_symbol", [] { return fading(Fading::symbol, 4); }}),
                         [](const auto& info) { return info.param.name; });

TEST_P(EveryChannel, PullbackIsTheAdjoint) {
  const ChannelState state = channel_->realize(64, {.snr_db = 3}, {.seed = 1});
  Stream stream(2, Purpose::user, 0);
  const Symbols x = stream.complex_normals(64, 1);
  const Symbols d = stream.complex_normals(64, 1);
  const Symbols g = stream.complex_normals(64, 1);
  test::expect_adjoint([&](const Symbols& v) { return channel_->apply(v, state); },
                       [&](const Symbols& v) { return channel_->pullback(v, x, state); }, x, d, g);
}

TEST_P(EveryChannel, MeanGainIsOne) {
  test::Average gain_power;
  for (std::uint64_t trial = 0; trial < 20000; ++trial)
    gain_power.add(std::norm(channel_->realize(1, {}, {.seed = 3, .trial = trial}).gain(0, 0)));
  EXPECT_NEAR(gain_power.mean(), 1, 5 * gain_power.std_error() + 1e-6);
}

TEST_P(EveryChannel, NoisePowerIsTheLabel) {
  const Index num_uses = 20000;
  const ChannelState state = channel_->realize(num_uses, {.snr_db = 7}, {.seed = 4});
  const Symbols y = channel_->apply(Symbols::Zero(num_uses, 1), state);
  test::Average power;
  test::Average real_power;
  for (Index i = 0; i < num_uses; ++i) {
    power.add(std::norm(y(i, 0)));
    real_power.add(y(i, 0).real() * y(i, 0).real());
  }
  const double noise_var = std::pow(10, -0.7);
  EXPECT_NEAR(power.mean(), noise_var, 5 * power.std_error());
  EXPECT_NEAR(real_power.mean(), noise_var / 2, 5 * real_power.std_error());
}

TEST_P(EveryChannel, LongerRealisationBeginsWithTheShorter) {
  const TrialRng rng{.seed = 5, .trial = 6};
  const ChannelState few = channel_->realize(10, {}, rng);
  const ChannelState many = channel_->realize(100, {}, rng);
  EXPECT_EQ(few.gain, many.gain.topRows(10));
  EXPECT_EQ(few.noise, many.noise.topRows(10));
}

TEST_P(EveryChannel, AnEmptyFrameStaysEmpty) {
  const ChannelState state = channel_->realize(0, {}, {});
  EXPECT_EQ(channel_->apply(Symbols(0, 1), state).rows(), 0);
}

TEST_P(EveryChannel, RefusesAnotherLengthThanRealised) {
  const ChannelState state = channel_->realize(8, {}, {});
  EXPECT_THROW(channel_->apply(Symbols::Zero(9, 1), state), Error);
}

TEST(Awgn, GainIsExactlyOne) { EXPECT_EQ(AwgnChannel().realize(5, {}, {.seed = 1}).gain, Symbols::Ones(5, 1)); }

TEST(FlatFading, BlockGainIsTheSameForEveryUse) {
  const Symbols gain = FlatFading(Fading::block, 2).realize(50, {}, {.seed = 1}).gain;
  EXPECT_EQ(gain, Symbols::Constant(50, 1, gain(0, 0)));
}

TEST(FlatFading, SymbolGainsAreUncorrelatedAroundTheDirectPath) {
  const Index num_uses = 20000;
  const double k = 2;
  const Symbols gain = FlatFading(Fading::symbol, k).realize(num_uses, {}, {.seed = 1}).gain;
  // A frame mean is the direct path; products of neighbours then have only its power k / (k + 1).
  test::Average neighbours;
  for (Index i = 0; i + 1 < num_uses; i += 2) neighbours.add((gain(i, 0) * std::conj(gain(i + 1, 0))).real());
  EXPECT_NEAR(neighbours.mean(), k / (k + 1), 5 * neighbours.std_error());
}

TEST(FlatFading, PowerOfRayleighIsExponential) {
  // Distribution function at 1/2, 1 and 2: 1 - exp(-t).
  for (const double threshold : {0.5, 1.0, 2.0}) {
    const Symbols gain = FlatFading(Fading::symbol, 0).realize(20000, {}, {.seed = 8}).gain;
    test::Average below;
    for (Index i = 0; i < gain.rows(); ++i) below.add(std::norm(gain(i, 0)) < threshold);
    EXPECT_NEAR(below.mean(), 1 - std::exp(-threshold), 5 * below.std_error()) << threshold;
  }
}

TEST(FlatFading, VarianceOfRicianPowerFollowsK) {
  // Var |h|^2 = (1 + 2 K) / (1 + K)^2 for E|h|^2 = 1; 0 without scattering, 1 for Rayleigh.
  for (const double k : {0.0, 1.0, 4.0, 10.0}) {
    const Symbols gain = FlatFading(Fading::symbol, k).realize(40000, {}, {.seed = 9}).gain;
    test::Average square;
    for (Index i = 0; i < gain.rows(); ++i) square.add(std::pow(std::norm(gain(i, 0)) - 1, 2));
    EXPECT_NEAR(square.mean(), (1 + 2 * k) / ((1 + k) * (1 + k)), 5 * square.std_error()) << k;
  }
}

TEST(FlatFading, PhaseIsUniform) {
  test::Average in_first_quadrant;
  const FlatFading channel(Fading::block, 10);
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const Complex gain = channel.realize(1, {}, {.seed = 10, .trial = trial}).gain(0, 0);
    in_first_quadrant.add(gain.real() > 0 && gain.imag() > 0);
  }
  EXPECT_NEAR(in_first_quadrant.mean(), 0.25, 5 * in_first_quadrant.std_error());
}

TEST(FlatFading, RefusesANegativeK) { EXPECT_THROW(FlatFading(Fading::block, -1), Error); }

TEST(FadingPlugins, ReadTheirKeys) {
  RicianPlugin plugin;
  Keys keys;
  plugin.declare(keys);
  keys.set("channel.fading", "symbol");
  keys.set("channel.rician_k_db", "60");
  const Symbols gain = plugin.make()->realize(100, {}, {.seed = 1}).gain;
  // The scattered paths are 60 dB under the direct one: equal magnitudes but not equal gains.
  EXPECT_NEAR(gain.cwiseAbs().minCoeff(), 1, 0.01);
  EXPECT_NE(gain(0, 0), gain(1, 0));
}

TEST(FadingPlugins, ShareTheFadingKey) {
  RayleighPlugin rayleigh;
  RicianPlugin rician;
  Keys keys;
  rayleigh.declare(keys);
  rician.declare(keys);
  keys.set("channel.fading", "symbol");
  for (const Plugin<Channel>* plugin :
       {static_cast<Plugin<Channel>*>(&rayleigh), static_cast<Plugin<Channel>*>(&rician)}) {
    const Symbols gain = plugin->make()->realize(2, {}, {.seed = 1}).gain;
    EXPECT_NE(gain(0, 0), gain(1, 0));
  }
}

}  // namespace
}  // namespace semlink
