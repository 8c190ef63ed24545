#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/modem.h>
#include <semlink/channel/ofdm_front_end.h>
#include <semlink/core/error.h>
#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

struct FrontEndCase {
  std::string name;
  bool genie;
  std::function<std::unique_ptr<const FrontEnd>()> make;
};

std::ostream& operator<<(std::ostream& out, const FrontEndCase& c) { return out << c.name; }

FrontEndCase genie_case(std::string name, Equalizer equalizer) {
  return {std::move(name), true, [equalizer] { return std::make_unique<GenieFrontEnd>(equalizer); }};
}

FrontEndCase pilot_case(std::string name, const PilotFrontEnd::Options& options) {
  return {std::move(name), false, [options] { return std::make_unique<PilotFrontEnd>(options); }};
}

/// OFDM pilots for a channel without echoes that stands still.
FrontEndCase ofdm_case(std::string name, GainEstimator estimator, Equalizer equalizer) {
  const OfdmFrontEnd::Options options{.estimator = estimator,
                                      .statistics = {.taps = {{0, 1}}},
                                      .equalizer = equalizer,
                                      .subcarrier_step = 2,
                                      .symbol_step = 2};
  return {std::move(name), false, [options] { return std::make_unique<OfdmFrontEnd>(options); }};
}

/// A frame through a channel and back.
struct Passage {
  Symbols x;
  Symbols y;
  ChannelState state;
};

Passage pass(const FrontEnd& front_end, const Channel& channel, Index num_uses, double snr_db, std::uint64_t trial) {
  const TrialRng rng{.seed = 1, .trial = trial};
  Passage out{.x = rng.stream(Purpose::user).complex_normals(num_uses, 1)};
  const Symbols framed = front_end.frame(out.x);
  out.state = channel.realize(framed.rows(), {.snr_db = snr_db}, rng);
  out.y = channel.apply(framed, out.state);
  return out;
}

class EveryFrontEnd : public testing::TestWithParam<FrontEndCase> {
 protected:
  std::unique_ptr<const FrontEnd> front_end_ = GetParam().make();
  FlatFading channel_{Fading::block, 0};
};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryFrontEnd,
                         testing::Values(genie_case("genie_zf", Equalizer::zero_forcing),
                                         genie_case("genie_mmse", Equalizer::mmse), pilot_case("ls", {}),
                                         pilot_case("ls_mmse", {.equalizer = Equalizer::mmse}),
                                         pilot_case("ls_linear", {.interpolation = Interpolation::linear}),
                                         pilot_case("lmmse", {.estimator = GainEstimator::lmmse}),
                                         pilot_case("lmmse_linear_mmse", {.estimator = GainEstimator::lmmse,
                                                                          .interpolation = Interpolation::linear,
                                                                          .equalizer = Equalizer::mmse,
                                                                          .pilot_spacing = 5}),
                                         ofdm_case("ofdm_ls", GainEstimator::least_squares, Equalizer::zero_forcing),
                                         ofdm_case("ofdm_lmmse", GainEstimator::lmmse, Equalizer::zero_forcing),
                                         ofdm_case("ofdm_lmmse_mmse", GainEstimator::lmmse, Equalizer::mmse)),
                         [](const auto& info) { return info.param.name; });

TEST_P(EveryFrontEnd, PullbackIsTheAdjointWhileTheEstimatesStay) {
  const Passage p = pass(*front_end_, channel_, 50, 10, 0);
  Stream stream(2, Purpose::user, 0);
  const Symbols g = stream.complex_normals(50, 1);
  // Steps in the symbols alone leave every estimate as it is.
  const Symbols d = front_end_->frame(stream.complex_normals(50, 1)) - front_end_->frame(Symbols::Zero(50, 1));
  test::expect_adjoint([&](const Symbols& y) { return front_end_->equalize(y, p.state).x_hat; },
                       [&](const Symbols& v) { return front_end_->pullback(v, p.y, p.state); }, p.y, d, g);
}

TEST_P(EveryFrontEnd, FramePullbackIsTheAdjointOfFrame) {
  Stream stream(3, Purpose::user, 0);
  const Symbols x = stream.complex_normals(37, 1);
  const Symbols d = stream.complex_normals(37, 1);
  const Symbols g = stream.complex_normals(37 + front_end_->num_pilots(37), 1);
  test::expect_adjoint([&](const Symbols& v) { return front_end_->frame(v); },
                       [&](const Symbols& v) { return front_end_->frame_pullback(v); }, x, d, g);
}

TEST_P(EveryFrontEnd, FrameAddsItsPilots) {
  for (Index num_uses : {0, 1, 15, 16, 17, 300})
    EXPECT_EQ(front_end_->frame(Symbols::Zero(num_uses, 1)).rows(), num_uses + front_end_->num_pilots(num_uses));
}

TEST_P(EveryFrontEnd, OnlyGenieReadsTheState) {
  const Passage p = pass(*front_end_, channel_, 64, 5, 1);
  ChannelState corrupted = p.state;
  corrupted.gain.setConstant(Complex(std::numeric_limits<float>::quiet_NaN(), 7));
  corrupted.noise.setZero();
  corrupted.noise_var = 1e6;
  const Equalized honest = front_end_->equalize(p.y, p.state);
  const Equalized misled = front_end_->equalize(p.y, corrupted);
  const bool unchanged = honest.x_hat == misled.x_hat && honest.noise_var == misled.noise_var &&
                         honest.quality.snr_db == misled.quality.snr_db &&
                         honest.quality.noise_var == misled.quality.noise_var;
  EXPECT_NE(unchanged, GetParam().genie);
}

TEST_P(EveryFrontEnd, GivesBackTheSymbolsWithoutNoise) {
  const Passage p = pass(*front_end_, channel_, 64, 55, 2);
  const Equalized equalized = front_end_->equalize(p.y, p.state);
  // 55 dB of SNR, a fade and the pilots' own noise: errors of a few times 10^(-55/20) / |h|.
  EXPECT_LT((equalized.x_hat - p.x).cwiseAbs().maxCoeff(),
            10 * std::pow(10, -55.0 / 20) / std::abs(p.state.gain(0, 0)));
}

TEST_P(EveryFrontEnd, AnEmptyFrameIsEqualizedToNothing) {
  const Passage p = pass(*front_end_, channel_, 0, 5, 3);
  const Equalized equalized = front_end_->equalize(p.y, p.state);
  EXPECT_EQ(equalized.x_hat.rows(), 0);
  EXPECT_EQ(equalized.noise_var.size(), 0);
  EXPECT_TRUE(std::isfinite(equalized.quality.snr_db));
}

TEST_P(EveryFrontEnd, AFullFadeStaysFinite) {
  Passage p = pass(*front_end_, channel_, 32, 5, 4);
  p.state.gain.setZero();
  p.y.setZero();
  const Equalized equalized = front_end_->equalize(p.y, p.state);
  EXPECT_TRUE(equalized.x_hat.allFinite());
  EXPECT_TRUE(equalized.noise_var.allFinite());
  EXPECT_TRUE(std::isfinite(equalized.quality.snr_db));
}

TEST_P(EveryFrontEnd, RefusesTwoStreams) {
  ChannelState state{.gain = Symbols::Ones(17, 2), .noise = Symbols::Zero(17, 2), .noise_var = 1};
  EXPECT_THROW(front_end_->equalize(Symbols::Zero(17, 2), state), Error);
}

// The stated noise variance is the error that is really left, over fades and noise. With an N0 that is estimated with
// nu degrees of freedom E[N0 / N0_hat] = nu / (nu - 1); 64 pilots make that 1.016.
TEST_P(EveryFrontEnd, NoiseVarianceIsTheErrorThatIsLeft) {
  test::Average ratio;
  const Index num_uses = 63 * 16;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const Passage p = pass(*front_end_, channel_, num_uses, 8, trial);
    const Equalized equalized = front_end_->equalize(p.y, p.state);
    ratio.add(((equalized.x_hat - p.x).cwiseAbs2().col(0).array() / equalized.noise_var.array()).mean());
  }
  EXPECT_NEAR(ratio.mean(), 1, 5 * ratio.std_error() + (GetParam().genie ? 0 : 0.03));
}

TEST_P(EveryFrontEnd, QualityFollowsTheFadeOfTheFrame) {
  test::Average difference_db;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Passage p = pass(*front_end_, channel_, 63 * 16, 15, trial);
    const double true_snr_db = 10 * std::log10(std::norm(p.state.gain(0, 0)) / p.state.noise_var);
    difference_db.add(front_end_->equalize(p.y, p.state).quality.snr_db - true_snr_db);
  }
  // The logarithm of an estimate is biased by about -5 / nu dB, and deep fades below -30 dB are not resolved.
  EXPECT_NEAR(difference_db.mean(), 0, 5 * difference_db.std_error() + 0.1);
}

TEST(GainEstimate, NoiseVarianceIsUnbiasedForAConstantGain) {
  const PilotPattern pattern(16);
  const FlatFading channel(Fading::block, 0);
  for (const Interpolation interpolation : {Interpolation::average, Interpolation::linear}) {
    test::Average noise_var;
    for (std::uint64_t trial = 0; trial < 4000; ++trial) {
      const Symbols framed = pattern.insert(Symbols::Zero(70, 1));
      const ChannelState state = channel.realize(framed.rows(), {.snr_db = 3}, {.seed = 4, .trial = trial});
      noise_var.add(estimate_least_squares(channel.apply(framed, state), pattern, interpolation).noise_var);
    }
    EXPECT_NEAR(noise_var.mean(), std::pow(10, -0.3), 5 * noise_var.std_error());
  }
}

TEST(GainEstimate, SnrIsUnbiased) {
  const PilotPattern pattern(16);
  test::Average snr;
  // 0 dB: the noise of the 26 pilots alone would add 1/26, seven standard errors.
  for (std::uint64_t trial = 0; trial < 8000; ++trial) {
    const Symbols framed = pattern.insert(Symbols::Zero(400, 1));
    const ChannelState state = AwgnChannel().realize(framed.rows(), {.snr_db = 0}, {.seed = 5, .trial = trial});
    snr.add(estimate_least_squares(AwgnChannel().apply(framed, state), pattern, Interpolation::average).snr);
  }
  EXPECT_NEAR(snr.mean(), 1, 5 * snr.std_error());
}

TEST(GainEstimate, ErrorVarianceIsThatOfTheGain) {
  const PilotPattern pattern(16);
  const FlatFading channel(Fading::block, 0);
  for (const bool lmmse : {false, true})
    for (const Interpolation interpolation : {Interpolation::average, Interpolation::linear}) {
      test::Average squared_error;
      test::Average stated;
      for (std::uint64_t trial = 0; trial < 4000; ++trial) {
        const Symbols framed = pattern.insert(Symbols::Zero(160, 1));
        const ChannelState state = channel.realize(framed.rows(), {.snr_db = 0}, {.seed = 6, .trial = trial});
        GainEstimate estimate = estimate_least_squares(channel.apply(framed, state), pattern, interpolation);
        if (lmmse) estimate = shrink_to_lmmse(std::move(estimate));
        squared_error.add(std::norm(estimate.gain(7) - state.gain(0, 0)));
        stated.add(estimate.error_var(7));
      }
      // The shrinking uses an N0 that is itself estimated from 11 pilots: a few per cent.
      EXPECT_NEAR(stated.mean(), squared_error.mean(),
                  5 * squared_error.std_error() + (lmmse ? 0.05 * stated.mean() : 0));
    }
}

TEST(GainEstimate, LmmseBeatsLeastSquaresAtLowSnr) {
  const PilotPattern pattern(16);
  const FlatFading channel(Fading::block, 0);
  test::Average gain;
  for (std::uint64_t trial = 0; trial < 1000; ++trial) {
    const Symbols framed = pattern.insert(Symbols::Zero(64, 1));
    const ChannelState state = channel.realize(framed.rows(), {.snr_db = -5}, {.seed = 7, .trial = trial});
    const GainEstimate ls = estimate_least_squares(channel.apply(framed, state), pattern, Interpolation::average);
    const GainEstimate lmmse = shrink_to_lmmse(ls);
    gain.add(std::norm(ls.gain(0) - state.gain(0, 0)) - std::norm(lmmse.gain(0) - state.gain(0, 0)));
  }
  EXPECT_GT(gain.mean(), 5 * gain.std_error());
}

TEST(GainEstimate, AnEmptyFrameReportsZeroDecibels) {
  const GainEstimate estimate =
      estimate_least_squares(Symbols::Constant(1, 1, 2), PilotPattern(4), Interpolation::average);
  EXPECT_EQ(estimate.snr, 1);
  EXPECT_EQ(estimate.noise_var, 2);
}

/// Pilots of gain h(row) at spacing 4 around 16 symbols: rows 0, 5, 10, 15 and 20. Those in `lost` did not arrive.
GainEstimate with_lost_pilots(const std::function<Complex(Index)>& gain, const std::vector<Index>& lost,
                              Interpolation interpolation) {
  Symbols y(21, 1);
  for (Index row = 0; row < 21; ++row) y(row, 0) = gain(row);
  for (const Index row : lost) y(row, 0) = 0;
  return estimate_least_squares(y, PilotPattern(4), interpolation);
}

TEST(GainEstimate, LostPilotsAreAsIfTheyHadNotBeenSent) {
  const auto moving = [](Index row) { return Complex(1 + 0.1f * static_cast<float>(row), 0.5f); };
  const GainEstimate lines = with_lost_pilots(moving, {10}, Interpolation::linear);
  for (Index i = 0; i < 16; ++i) EXPECT_LT(std::abs(lines.gain(i) - moving(PilotPattern(4).symbol_row(i))), 1e-5f);
  EXPECT_LT(lines.noise_var, 1e-5) << "no pilot of gain 0 among them";
  EXPECT_GT(lines.snr, 1e5);
  EXPECT_NEAR(with_lost_pilots(moving, {0}, Interpolation::linear).gain(0).real(), moving(5).real(), 1e-6) << "held";

  const auto still = [](Index row) { return Complex(row == 0 ? 1.2f : row == 20 ? 0.8f : 1); };
  const GainEstimate mean = with_lost_pilots(still, {5, 15}, Interpolation::average);
  EXPECT_NEAR(mean.gain(3).real(), 1, 1e-6);
  EXPECT_NEAR(mean.noise_var, 0.04, 1e-6) << "two degrees of freedom";
  EXPECT_NEAR(mean.error_var(0), 0.04 / 3, 1e-6);
}

TEST(GainEstimate, OneOrNoPilotLeftSaysWhatItCan) {
  const auto one = [](Index) { return Complex(2); };
  for (const Interpolation interpolation : {Interpolation::average, Interpolation::linear}) {
    const GainEstimate last = with_lost_pilots(one, {0, 5, 15, 20}, interpolation);
    EXPECT_EQ(last.gain, Eigen::VectorXcf::Constant(16, 2));
    EXPECT_EQ(last.noise_var, 2);
    EXPECT_EQ(last.snr, 1);
    const GainEstimate none = with_lost_pilots(one, {0, 5, 10, 15, 20}, interpolation);
    EXPECT_EQ(none.gain, Eigen::VectorXcf::Zero(16));
    EXPECT_EQ(none.snr, kMinSnr);
  }
}

// Pilots cannot follow a gain that is new for every symbol. What they cannot follow must stand in the noise variance.
class PerSymbolFading : public testing::TestWithParam<Interpolation> {};
INSTANTIATE_TEST_SUITE_P(BothInterpolations, PerSymbolFading,
                         testing::Values(Interpolation::average, Interpolation::linear));

TEST_P(PerSymbolFading, IsReportedAsNoise) {
  const PilotFrontEnd front_end({.interpolation = GetParam()});
  const FlatFading channel(Fading::symbol, 0);
  test::Average ratio;
  test::Average noise_var;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const Passage p = pass(front_end, channel, 63 * 16, 20, trial);
    const Equalized equalized = front_end.equalize(p.y, p.state);
    noise_var.add(equalized.quality.noise_var);
    ratio.add(((equalized.x_hat - p.x).cwiseAbs2().col(0).array() / equalized.noise_var.array()).mean());
  }
  EXPECT_NEAR(noise_var.mean(), 1 + 0.01, 5 * noise_var.std_error());  // N0 and the whole power of the gain
  EXPECT_NEAR(ratio.mean(), 1, 5 * ratio.std_error() + 0.05);          // as above, with nu of about 62 and 30 effective
}

TEST(Equalizers, MmseIsZeroForcingTimesOneMinusItsNoiseVariance) {
  const GenieFrontEnd zero_forcing(Equalizer::zero_forcing);
  const GenieFrontEnd mmse(Equalizer::mmse);
  const Passage p = pass(zero_forcing, FlatFading(Fading::symbol, 0), 100, 3, 0);
  const Equalized zf = zero_forcing.equalize(p.y, p.state);
  const Equalized shrunk = mmse.equalize(p.y, p.state);
  for (Index i = 0; i < 100; ++i) {
    EXPECT_LT(std::abs(shrunk.x_hat(i, 0) - (1 - shrunk.noise_var(i)) * zf.x_hat(i, 0)),
              1e-5f * std::abs(zf.x_hat(i, 0)));
    EXPECT_LE(shrunk.noise_var(i), 1);
  }
}

TEST(Equalizers, MmseHasTheSmallerError) {
  const GenieFrontEnd zero_forcing(Equalizer::zero_forcing);
  const GenieFrontEnd mmse(Equalizer::mmse);
  const Passage p = pass(zero_forcing, FlatFading(Fading::symbol, 0), 5000, 0, 0);
  EXPECT_LT((mmse.equalize(p.y, p.state).x_hat - p.x).squaredNorm(),
            0.5f * (zero_forcing.equalize(p.y, p.state).x_hat - p.x).squaredNorm());
}

TEST(Equalizers, QpskLlrsDoNotDependOnTheEqualizer) {
  const GenieFrontEnd zero_forcing(Equalizer::zero_forcing);
  const Passage p = pass(zero_forcing, FlatFading(Fading::symbol, 0), 100, 3, 1);
  const Equalized zf = zero_forcing.equalize(p.y, p.state);
  const Equalized shrunk = GenieFrontEnd(Equalizer::mmse).equalize(p.y, p.state);
  const Llrs expected = Modem("qpsk").demodulate(zf.x_hat, zf.noise_var);
  const Llrs llrs = Modem("qpsk").demodulate(shrunk.x_hat, shrunk.noise_var);
  for (std::size_t i = 0; i < llrs.size(); ++i) EXPECT_NEAR(llrs[i], expected[i], 1e-4 * (1 + std::abs(expected[i])));
}

TEST(Unequalized, TakesWhatArrivesAsOverWhiteNoise) {
  const UnequalizedFrontEnd front_end;
  const Passage p = pass(front_end, FlatFading(Fading::symbol, 0), 50, 7, 0);
  const Equalized equalized = front_end.equalize(p.y, p.state);
  EXPECT_EQ(equalized.x_hat, p.y);
  EXPECT_EQ(equalized.noise_var, Eigen::VectorXf::Constant(50, std::pow(10.0f, -0.7f)));
  EXPECT_NEAR(equalized.quality.snr_db, 7, 1e-9);
  // The gains are nothing that it knows.
  ChannelState faded = p.state;
  faded.gain *= 3;
  EXPECT_EQ(front_end.equalize(p.y, faded).noise_var, equalized.noise_var);
  const Symbols g = Stream(4, Purpose::user, 0).complex_normals(50, 1);
  EXPECT_EQ(front_end.pullback(g, p.y, p.state), g);
}

TEST(Unequalized, LostSymbolsSayNothing) {
  Symbols y = Symbols::Constant(3, 1, Complex(0.3f, -1));
  y(1, 0) = 0;
  const Equalized equalized = UnequalizedFrontEnd().equalize(y, {.noise_var = 0.1});
  EXPECT_EQ(equalized.noise_var(0), 0.1f);
  EXPECT_GT(equalized.noise_var(1), 1e9f);
}

TEST(Unequalized, SeesSignsThroughGainsThatKeepTheirPhaseOnly) {
  // P(error) of a real part: (1 - sqrt(snr / (snr + 2))) / 2 for Rayleigh magnitudes, one half for any phase.
  const UnequalizedFrontEnd front_end;
  const double snr = std::pow(10.0, 0.7);
  for (const GainPhase phase : {GainPhase::kept, GainPhase::turned}) {
    const FlatFading channel(Fading::symbol, 0, 0, phase);
    const Symbols x = Symbols::Constant(20000, 1, Complex(std::sqrt(0.5f), std::sqrt(0.5f)));
    const ChannelState state = channel.realize(x.rows(), {.snr_db = 7}, {.seed = 5});
    const Symbols x_hat = front_end.equalize(channel.apply(x, state), state).x_hat;
    test::Average wrong;
    for (Index i = 0; i < x.rows(); ++i) wrong.add(x_hat(i, 0).real() < 0);
    EXPECT_NEAR(wrong.mean(), phase == GainPhase::kept ? (1 - std::sqrt(snr / (snr + 2))) / 2 : 0.5,
                5 * wrong.std_error());
  }
}

TEST(FrontEndPlugins, ReadTheirKeys) {
  LmmsePlugin plugin;
  Keys keys;
  plugin.declare(keys);
  keys.set("frontend.pilot_spacing", "8");
  keys.set("frontend.equalizer", "mmse");
  EXPECT_EQ(plugin.make()->num_pilots(64), 9);
}

}  // namespace
}  // namespace semlink
