#include <semlink/channel/impaired_channel.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include <semlink/channel/awgn.h>
#include <semlink/channel/erasure.h>
#include <semlink/channel/flat_fading.h>

#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

Symbols random_symbols(Index num_uses, std::uint64_t trial) {
  return Stream(11, Purpose::user, trial).complex_normals(num_uses, 1);
}

/// exp(j w k).
Symbols tone(Index num_uses, double w) {
  Symbols x(num_uses, 1);
  for (Index k = 0; k < num_uses; ++k) x(k, 0) = Complex(std::polar(1.0, w * static_cast<double>(k)));
  return x;
}

/// Power of the part of y that is a multiple of the tone.
double power_at(const Symbols& y, double w) {
  const Symbols x = tone(y.rows(), w);
  return std::norm(x.cast<std::complex<double>>().conjugate().cwiseProduct(y.cast<std::complex<double>>()).sum()) /
         static_cast<double>(y.rows() * y.rows());
}

ChannelState state_with_phase(Index num_uses) {
  ChannelState state;
  state.phase = Eigen::VectorXf::LinSpaced(num_uses, 0, 2);
  return state;
}

struct Named {
  const char* name;
  std::shared_ptr<const Impairment> impairment;
};

class LinearImpairment : public testing::TestWithParam<Named> {};

TEST_P(LinearImpairment, PullbackIsItsAdjoint) {
  const Impairment& stage = *GetParam().impairment;
  const ChannelState state = state_with_phase(40);
  const Symbols x = random_symbols(40, 1), d = random_symbols(40, 2), g = random_symbols(40, 3);
  test::expect_adjoint([&](const Symbols& at) { return stage.apply(at, state); },
                       [&](const Symbols& g_y) { return stage.pullback(g_y, x, state); }, x, d, g);
}

INSTANTIATE_TEST_SUITE_P(All, LinearImpairment,
                         testing::Values(Named{"iq", std::make_shared<IqImbalance>(2.0, 10.0)},
                                         Named{"oscillator", std::make_shared<OscillatorError>(0.013)},
                                         Named{"clock", std::make_shared<SamplingOffset>(4000.0)}),
                         [](const auto& info) { return std::string(info.param.name); });

class Amplifier : public testing::TestWithParam<Named> {};

// Central differences in float: 3e-3 covers their rounding, 1e-7 / 1e-2 a symbol, and the third derivative.
TEST_P(Amplifier, PullbackIsTheTransposedDerivative) {
  const Impairment& stage = *GetParam().impairment;
  const Symbols x = random_symbols(60, 4), d = random_symbols(60, 5), g = random_symbols(60, 6);
  const float h = 1e-2f;
  const Symbols slope = (stage.apply(x + h * d, {}) - stage.apply(x - h * d, {})) / (2 * h);
  EXPECT_NEAR(test::inner(stage.pullback(g, x, {}), d), test::inner(g, slope),
              3e-3 * test::inner_of_magnitudes(g, slope));
}

TEST_P(Amplifier, IsLinearFarBelowSaturation) {
  const Symbols x = 1e-3f * random_symbols(20, 7);
  EXPECT_TRUE(GetParam().impairment->apply(x, {}).isApprox(x, 1e-4f));
}

INSTANTIATE_TEST_SUITE_P(All, Amplifier,
                         testing::Values(Named{"rapp", std::make_shared<RappAmplifier>(1.0, 2.0)},
                                         Named{"saleh", std::make_shared<SalehAmplifier>(3.0)},
                                         Named{"clipping", std::make_shared<Clipping>(1.0)}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RappAmplifier, LosesTheDocumentedPowerAtSaturation) {
  const Symbols x = Symbols::Constant(1, 1, Complex(0, std::sqrt(2.0f)));  // |x|^2 = 3.01 dB, the back-off
  const Symbols y = RappAmplifier(10 * std::log10(2.0), 3.0).apply(x, {});
  EXPECT_NEAR(std::abs(y(0, 0)), std::sqrt(2.0) * std::pow(2.0, -1.0 / 6), 1e-6);
  EXPECT_NEAR(std::arg(y(0, 0)), std::numbers::pi / 2, 1e-6) << "no phase distortion";
}

TEST(SalehAmplifier, SaturatesAtTheBackoffWithHalfTheEnvelope) {
  const SalehAmplifier tube(0);
  const auto envelope = [&](float r) { return std::abs(tube.apply(Symbols::Constant(1, 1, r), {})(0, 0)); };
  EXPECT_NEAR(envelope(1.0f), 0.5, 1e-6);
  EXPECT_LT(envelope(0.9f), envelope(1.0f));
  EXPECT_LT(envelope(1.1f), envelope(1.0f));
}

TEST(Clipping, LimitsTheEnvelopeAndKeepsThePhase) {
  const Symbols x = random_symbols(200, 8);
  const Symbols y = Clipping(-3).apply(x, {});
  const float limit = std::sqrt(std::pow(10.0f, -0.3f));
  for (Index i = 0; i < x.rows(); ++i) {
    EXPECT_NEAR(std::abs(y(i, 0)), std::min(std::abs(x(i, 0)), limit), 1e-6);
    EXPECT_NEAR(std::arg(y(i, 0)), std::arg(x(i, 0)), 1e-6);
  }
}

TEST(IqImbalance, TheImageIsAsStrongAsTheoryHasIt) {
  const double gain = std::pow(10, 1.0 / 20), angle = 5 * kTwoPi / 360, w = kTwoPi * 8 / 64;
  const Symbols y = IqImbalance(1.0, 5.0).apply(tone(64, w), {});
  const double rejection =
      (1 + 2 * gain * std::cos(angle) + gain * gain) / (1 - 2 * gain * std::cos(angle) + gain * gain);
  EXPECT_NEAR(power_at(y, w) / power_at(y, -w) / rejection, 1, 1e-4);
}

TEST(OscillatorError, TurnsByTheOffsetPerSymbol) {
  const Symbols y = OscillatorError(0.125).apply(Symbols::Ones(1 << 20, 1), {});
  EXPECT_NEAR(std::abs(y((1 << 20) - 3, 0) - Complex(std::polar(1.0, kTwoPi * 5 / 8))), 0, 1e-6)
      << "also late in a frame";
}

TEST(SamplingOffset, ReadsATonePastItsSymbols) {
  const double w = 1.0, offset = 500e-6;
  const Symbols y = SamplingOffset(500).apply(tone(400, w), {});
  for (Index k = 20; k < 380; ++k)
    EXPECT_NEAR(std::abs(y(k, 0) - Complex(std::polar(1.0, w * static_cast<double>(k) * (1 + offset)))), 0, 2e-3) << k;
}

TEST(Quantizer, NoiseIsAStepSquaredOverTwelve) {
  Symbols x = random_symbols(20000, 9);
  const Symbols error = Quantizer(8, 12).apply(x, {}) - x;
  const double rms = std::sqrt(x.cwiseAbs2().mean() / 2);
  const double step = rms * std::pow(10, 12.0 / 20) / 128;
  // Beyond 4 standard deviations 6e-5 of the parts are clipped: 1 % of the error's power is left to them.
  EXPECT_NEAR(error.cwiseAbs2().mean() / 2 / (step * step / 12), 1, 0.05);
}

TEST(Quantizer, GradientsPassWhereNothingIsClipped) {
  const Symbols x = random_symbols(500, 10), g = random_symbols(500, 11);
  EXPECT_EQ(Quantizer(6, 20).pullback(g, x, {}), g);
  EXPECT_LT(Quantizer(6, 0).pullback(g, x, {}).norm(), g.norm());
}

TEST(Quantizer, SetsItsGainByTheFrameAlone) {
  const Symbols frame = random_symbols(200, 12), g = random_symbols(1000, 13);
  Symbols window = Symbols::Zero(1000, 1);
  window.middleRows(700, 200) = frame;
  ChannelState state;
  state.frame_start = 700.3;
  state.frame_rows = 200;
  const Quantizer converter(6, 0);
  EXPECT_EQ(converter.apply(window, state).middleRows(700, 200), converter.apply(frame, {}));
  EXPECT_EQ(converter.pullback(g, window, state).middleRows(700, 200),
            converter.pullback(g.middleRows(700, 200), frame, {}));
}

TEST(Impairments, CountFromTheFramesStart) {
  const Symbols frame = random_symbols(200, 14);
  Symbols window = Symbols::Zero(1000, 1);
  window.middleRows(700, 200) = frame;
  ChannelState late;
  late.frame_start = 700;
  const OscillatorError oscillator(0.01);
  const SamplingOffset clock(4000);
  for (const Impairment* stage :
       {static_cast<const Impairment*>(&oscillator), static_cast<const Impairment*>(&clock)}) {
    const Symbols prompt = stage->apply(frame, {});
    EXPECT_LT((stage->apply(window, late).middleRows(700, 190) - prompt.topRows(190)).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(Impairments, AreExactlyOffAtZero) {
  const Symbols x = random_symbols(100, 12);
  EXPECT_EQ(IqImbalance(0, 0).apply(x, {}), x);
  EXPECT_EQ(OscillatorError(0).apply(x, {}), x);
  EXPECT_EQ(SamplingOffset(0).apply(x, {}), x);
  EXPECT_EQ(Clipping(60).apply(x, {}), x);
  auto channel = std::make_unique<AwgnChannel>();
  const Channel* inside = channel.get();
  EXPECT_EQ(ImpairmentSettings{}.wrap(std::move(channel)).get(), inside) << "not even wrapped";
}

TEST(Impairments, PhaseNoiseWalksByItsLinewidth) {
  ImpairmentSettings settings;
  settings.linewidth = 1e-4;
  const auto channel = settings.wrap(std::make_unique<AwgnChannel>());
  test::Average square;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    const ChannelState state = channel->realize(101, {}, {1, trial});
    EXPECT_EQ(state.phase(0), 0);
    square.add(state.phase(100) * state.phase(100));
  }
  EXPECT_NEAR(square.mean(), 100 * kTwoPi * 1e-4, 5 * square.std_error());
}

TEST(Impairments, OfAChannelLeaveItsFadeAndNoiseAsTheyWere) {
  ImpairmentSettings settings;
  settings.linewidth = 1e-3;
  settings.adc_bits = 4;
  const FlatFading plain(Fading::block, 0);
  const auto channel = settings.wrap(std::make_unique<FlatFading>(Fading::block, 0));
  const ChannelState state = channel->realize(30, {}, {3, 4}), expected = plain.realize(30, {}, {3, 4});
  EXPECT_EQ(state.gain, expected.gain);
  EXPECT_EQ(state.noise, expected.noise);
  EXPECT_EQ(channel->earlier_gain({3, 4}, 0.5), plain.earlier_gain({3, 4}, 0.5));
  EXPECT_EQ(channel->realize(10, {}, {3, 4}).phase, state.phase.head(10)) << "prefix property";
}

TEST(Impairments, LossesAreSeenBehindAConverterAndAClockThatIsOff) {
  ImpairmentSettings settings;
  settings.adc_bits = 8;
  settings.sampling_offset_ppm = 10;
  const auto channel = settings.wrap(std::make_unique<ErasureChannel>(
      ErasureChannel::Options{.rate = 0.3, .packet_uses = 1}, std::make_unique<AwgnChannel>()));
  const ChannelState state = channel->realize(200, {.snr_db = 20}, {7, 8});
  const Symbols x = random_symbols(200, 16), y = channel->apply(x, state);
  for (Index i = 0; i < 200; ++i) EXPECT_EQ(y(i, 0) == Complex(0), state.is_erased(i)) << i;
  // What is lost passes no gradient on, to its neighbours as little as to itself.
  Symbols g = Symbols::Zero(200, 1);
  for (Index i = 0; i < 200; ++i) g(i, 0) = state.is_erased(i) ? Complex(1) : Complex(0);
  EXPECT_EQ(channel->pullback(g, x, state), Symbols::Zero(200, 1));
}

TEST(Impairments, PullbackGoesBackThroughTheWholeChain) {
  ImpairmentSettings settings;
  settings.amplifier = "saleh";
  settings.tx_iq_gain_db = 1;
  settings.cfo = 0.01;
  settings.linewidth = 1e-3;
  settings.rx_iq_phase_deg = 4;
  settings.sampling_offset_ppm = 100;
  const auto channel = settings.wrap(std::make_unique<FlatFading>(Fading::symbol, 1));
  const ChannelState state = channel->realize(50, {.snr_db = 20}, {5, 6});
  const Symbols x = random_symbols(50, 13), d = random_symbols(50, 14), g = random_symbols(50, 15);
  const float h = 1e-2f;
  const Symbols slope = (channel->apply(x + h * d, state) - channel->apply(x - h * d, state)) / (2 * h);
  EXPECT_NEAR(test::inner(channel->pullback(g, x, state), d), test::inner(g, slope),
              3e-3 * test::inner_of_magnitudes(g, slope));
}

}  // namespace
}  // namespace semlink
