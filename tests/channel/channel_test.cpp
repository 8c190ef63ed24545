#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/binary_channel.h>
#include <semlink/channel/burst_noise.h>
#include <semlink/channel/erasure.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/interference.h>
#include <semlink/channel/tdl_channel.h>
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
  return std::make_unique<FlatFading>(kind, rician_k, 0.01);
}

/// A case of a channel that is made from options.
template <typename MadeChannel>
ChannelCase with(const std::string& name, const typename MadeChannel::Options& options) {
  return {name, [options] { return std::make_unique<MadeChannel>(options); }};
}

template <typename MadeChannel>
ChannelCase over_fading(const std::string& name, const typename MadeChannel::Options& options) {
  return {name, [options] { return std::make_unique<MadeChannel>(options, fading(Fading::symbol, 0)); }};
}

ChannelCase tdl(const std::string& name, TdlChannel::Domain domain, Index prefix) {
  return with<TdlChannel>(name, {.taps = tdl_taps("tdl_c", 300e-9),
                                 .doppler_hz = 500,
                                 .grid = {.num_subcarriers = 16, .spacing_hz = 60e3, .prefix = prefix},
                                 .domain = domain});
}

const std::vector<ChannelCase>& channels_with_snr() {
  static const std::vector<ChannelCase> cases = {
      {"awgn", [] { return std::make_unique<AwgnChannel>(); }},
      {"rayleigh_block", [] { return fading(Fading::block, 0); }},
      {"rayleigh_symbol", [] { return fading(Fading::symbol, 0); }},
      {"rayleigh_doppler", [] { return fading(Fading::doppler, 0); }},
      {"rician_block", [] { return fading(Fading::block, 4); }},
      {"rician_symbol", [] { return fading(Fading::symbol, 4); }},
      {"rician_doppler", [] { return fading(Fading::doppler, 4); }},
      with<GilbertElliott>("gilbert_elliott", {}),
      with<ImpulsiveNoise>("bernoulli_gauss", {}),
      with<ImpulsiveNoise>("middleton_a", {.law = ImpulsiveNoise::Law::middleton_a}),
      with<InterferenceChannel>("interference", {.num_interferers = 3}),
      with<ErasureChannel>("symbol_erasure", {}),
      tdl("tdl_frequency", TdlChannel::Domain::frequency, 4),
      tdl("tdl_time", TdlChannel::Domain::time, 4),
      tdl("tdl_time_without_prefix", TdlChannel::Domain::time, 0),
      over_fading<GilbertElliott>("gilbert_elliott_over_rayleigh", {}),
      over_fading<ImpulsiveNoise>("bernoulli_gauss_over_rayleigh", {}),
      over_fading<InterferenceChannel>("interference_over_rayleigh", {}),
      over_fading<ErasureChannel>("symbol_erasure_over_rayleigh", {}),
      with<ErasureChannel>("packet_erasure", {.rate = 0.3, .mean_run = 2, .packet_uses = 7}),
  };
  return cases;
}

std::vector<ChannelCase> all_channels() {
  std::vector<ChannelCase> cases = channels_with_snr();
  cases.push_back(with<BinaryChannel>("bsc", {.probability = 0.2}));
  cases.push_back(with<BinaryChannel>("bec", {.kind = BinaryChannel::Kind::erasure, .probability = 0.2}));
  return cases;
}

std::string name_of(const testing::TestParamInfo<ChannelCase>& info) { return info.param.name; }

class EveryChannel : public testing::TestWithParam<ChannelCase> {
 protected:
  std::unique_ptr<const Channel> channel_ = GetParam().make();
};
class EveryChannelWithSnr : public EveryChannel {};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryChannel, testing::ValuesIn(all_channels()), name_of);
INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryChannelWithSnr, testing::ValuesIn(channels_with_snr()), name_of);

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
  for (std::uint64_t trial = 0; trial < 5000; ++trial)
    gain_power.add(channel_->gain_energy(channel_->realize(1, {}, {.seed = 3, .trial = trial})));
  EXPECT_NEAR(gain_power.mean(), 1, 5 * gain_power.std_error() + 1e-6);
}

TEST_P(EveryChannelWithSnr, NoisePowerIsTheLabel) {
  const Index num_uses = 200;
  test::Average noise_var;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    const TrialRng rng{.seed = 4, .trial = trial};
    const Symbols x = rng.stream(Purpose::user).complex_normals(num_uses, 1);
    const ChannelState state = channel_->realize(num_uses, {.snr_db = 7}, rng);
    noise_var.add(channel_->noise_energy(x, channel_->apply(x, state), state) / num_uses);
  }
  EXPECT_NEAR(noise_var.mean(), std::pow(10, -0.7), 5 * noise_var.std_error());
  // Bursts and impulses make the average uncertain: but not so that anything would pass.
  EXPECT_LT(noise_var.std_error(), 0.01);
}

// Power and its square, draw by draw: a channel that does not fade leaves no room for a difference at all.
TEST_P(EveryChannel, AnEarlierGainHasTheLawOfTheGain) {
  test::Average power, square;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const TrialRng rng{.seed = 9, .trial = trial};
    const Symbols gain = channel_->realize(1, {}, rng).gain;
    EXPECT_EQ(channel_->earlier_gain(rng, 1), gain);
    EXPECT_EQ(channel_->earlier_gain(rng, 0) == gain, gain(0, 0) == Complex(1)) << "another one where it fades";
    const double now = std::norm(gain(0, 0)), earlier = std::norm(channel_->earlier_gain(rng, 0.7)(0, 0));
    power.add(earlier - now);
    square.add(earlier * earlier - now * now);
  }
  EXPECT_NEAR(power.mean(), 0, 5 * power.std_error());
  EXPECT_NEAR(square.mean(), 0, 5 * square.std_error());
}

TEST(Awgn, NoiseIsHalfAndHalf) {
  const AwgnChannel channel;
  const ChannelState state = channel.realize(20000, {.snr_db = 7}, {.seed = 4});
  const Symbols y = channel.apply(Symbols::Zero(20000, 1), state);
  test::Average real_power;
  for (Index i = 0; i < y.rows(); ++i) real_power.add(y(i, 0).real() * y(i, 0).real());
  EXPECT_NEAR(real_power.mean(), std::pow(10, -0.7) / 2, 5 * real_power.std_error());
}

TEST_P(EveryChannel, LongerRealisationBeginsWithTheShorter) {
  const TrialRng rng{.seed = 5, .trial = 6};
  const ChannelState few = channel_->realize(10, {}, rng);
  const ChannelState many = channel_->realize(100, {}, rng);
  EXPECT_EQ(few.gain, many.gain.topRows(10));
  EXPECT_EQ(few.noise, many.noise.topRows(10));
  // All else that was drawn shows in what comes of the same symbols, up to the rounding of sums in another order.
  Symbols x = Symbols::Zero(100, 1);
  x.topRows(10).setConstant(Complex(0.6f, 0.8f));
  EXPECT_LT((channel_->apply(x.topRows(10), few) - channel_->apply(x, many).topRows(10)).cwiseAbs().maxCoeff(), 1e-5);
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

TEST(FlatFading, AnEarlierGainIsCorrelatedByItsScatteredPart) {
  for (const double k : {0.0, 4.0, 100.0})
    for (const double rho : {0.0, 0.8}) {
      const FlatFading channel(Fading::block, k);
      test::Average product;
      for (std::uint64_t trial = 0; trial < 8000; ++trial) {
        const TrialRng rng{.seed = 10, .trial = trial};
        const double now = std::norm(channel.realize(1, {}, rng).gain(0, 0));
        product.add((now - 1) * (std::norm(channel.earlier_gain(rng, rho)(0, 0)) - 1));
      }
      EXPECT_NEAR(product.mean(), (2 * k * rho + rho * rho) / ((k + 1) * (k + 1)), 5 * product.std_error())
          << k << ", " << rho;
    }
}

TEST(FlatFading, AnEarlierGainWithItsPhaseKeptIsTheMagnitudeOfTheOther) {
  const TrialRng rng{.seed = 11, .trial = 3};
  const Symbols turned = FlatFading(Fading::block, 2).earlier_gain(rng, 0.6);
  const Symbols kept = FlatFading(Fading::block, 2, 0, GainPhase::kept).earlier_gain(rng, 0.6);
  EXPECT_EQ(kept, turned.cwiseAbs().cast<Complex>());
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

TEST(FlatFading, WithItsPhaseKeptTheGainIsTheMagnitudeOfTheOther) {
  for (const Fading fading : {Fading::block, Fading::symbol, Fading::doppler}) {
    const ChannelState turned = FlatFading(fading, 2, 0.01).realize(40, {}, {.seed = 12});
    const ChannelState kept = FlatFading(fading, 2, 0.01, GainPhase::kept).realize(40, {}, {.seed = 12});
    EXPECT_EQ(kept.gain, Symbols(turned.gain.cwiseAbs().cast<Complex>()));
    EXPECT_EQ(kept.noise, turned.noise);
  }
}

TEST(FlatFading, MeanMagnitudeOfRayleighIsHalfTheRootOfPi) {
  const Symbols gain = FlatFading(Fading::symbol, 0, 0, GainPhase::kept).realize(20000, {}, {.seed = 13}).gain;
  test::Average magnitude;
  for (Index i = 0; i < gain.rows(); ++i) magnitude.add(gain(i, 0).real());
  EXPECT_NEAR(magnitude.mean(), std::sqrt(std::numbers::pi) / 2, 5 * magnitude.std_error());
}

TEST(FlatFading, RefusesANegativeK) { EXPECT_THROW(FlatFading(Fading::block, -1), Error); }

TEST(FlatFading, DopplerFadesAreCorrelatedAsBesselFunctionSays) {
  // E h_{i+k} conj(h_i) = (K exp(j 2 pi 0.7 f k) + J0(2 pi f k)) / (K + 1).
  const double doppler = 0.02;
  for (const double k : {0.0, 3.0}) {
    const FlatFading channel(Fading::doppler, k, doppler);
    for (const Index lag : {5, 19, 40}) {
      test::Average real, imaginary;
      for (std::uint64_t trial = 0; trial < 4000; ++trial) {
        const Symbols gain = channel.realize(60, {}, {.seed = 11, .trial = trial}).gain;
        const Complex product = gain(11 + lag, 0) * std::conj(gain(11, 0));
        real.add(product.real());
        imaginary.add(product.imag());
      }
      const double turn = 2 * std::numbers::pi * doppler * static_cast<double>(lag);
      EXPECT_NEAR(real.mean(), (k * std::cos(0.7 * turn) + std::cyl_bessel_j(0, turn)) / (k + 1), 5 * real.std_error());
      EXPECT_NEAR(imaginary.mean(), k * std::sin(0.7 * turn) / (k + 1), 5 * imaginary.std_error());
    }
  }
}

TEST(FlatFading, NoDopplerIsABlock) {
  const Symbols gain = FlatFading(Fading::doppler, 2, 0).realize(50, {}, {.seed = 1}).gain;
  EXPECT_LT((gain.array() - gain(0, 0)).abs().maxCoeff(), 1e-5);
}

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
