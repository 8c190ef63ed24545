#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <memory>

#include <semlink/channel/ofdm_front_end.h>
#include <semlink/channel/tdl_channel.h>
#include <semlink/core/error.h>
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr OfdmGrid kGrid{.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = 8};
constexpr double kDopplerHz = 400;

OfdmStatistics statistics() { return {tdl_taps("tdl_c", 100e-9), kDopplerHz, kGrid}; }

TdlChannel channel() {
  return TdlChannel({.taps = tdl_taps("tdl_c", 100e-9), .doppler_hz = kDopplerHz, .grid = kGrid});
}

/// Pilots alone, sent through the channel.
struct Sounding {
  ChannelState state;
  Symbols y;
};

Sounding sound(const OfdmPilots& pilots, Index num_uses, double snr_db, std::uint64_t trial) {
  const Symbols framed = pilots.insert(Symbols::Zero(num_uses, 1));
  Sounding out{.state = channel().realize(framed.rows(), {.snr_db = snr_db}, {.seed = 1, .trial = trial})};
  out.y = channel().apply(framed, out.state);
  return out;
}

TEST(OfdmPilots, GoInAndComeOut) {
  for (const auto& [over_frequency, over_time] : {std::pair<Index, Index>{4, 4}, {1, 3}, {5, 1}, {32, 2}}) {
    const OfdmPilots pilots(32, over_frequency, over_time);
    for (Index num_uses = 0; num_uses < 300; ++num_uses) {
      const Symbols x = Stream(1, Purpose::user, 0).complex_normals(num_uses, 1);
      const Symbols framed = pilots.insert(x);
      Index count = 0;
      for (Index row = 0; row < framed.rows(); ++row) count += pilots.is_pilot(row);
      ASSERT_EQ(count, pilots.num_pilots(num_uses));
      ASSERT_EQ(pilots.num_slots(framed.rows()), num_uses);
      ASSERT_EQ(pilots.remove(framed), x);
      ASSERT_TRUE(num_uses == 0 || !pilots.is_pilot(framed.rows() - 1));
    }
  }
}

TEST(OfdmPilots, RefuseFramesThatEndWithAPilot) {
  EXPECT_THROW(OfdmPilots(32, 4, 4).num_slots(33 + 96), Error);
  EXPECT_THROW(OfdmPilots(32, 4, 4).num_slots(0), Error);
  EXPECT_THROW(OfdmPilots(32, 1, 1), Error);
}

/// h_hat = C_hp (C_pp + N0_hat I)^-1 y_p from the pilots that arrived, for some symbols of a frame without a torn set.
void expect_formula(const Symbols& y, const OfdmPilots& pilots) {
  const GainEstimate estimate = estimate_ofdm_lmmse(y, pilots, statistics()).front();
  std::vector<Index> pilot_rows, data_rows;
  for (Index row = 0; row < y.rows(); ++row)
    if (!pilots.is_pilot(row))
      data_rows.push_back(row);
    else if (y(row, 0) != Complex(0))
      pilot_rows.push_back(row);
  const auto covariance = [&](Index a, Index b) {
    return statistics().over_frequency(a % 32 - b % 32) * statistics().over_time(a / 32 - b / 32);
  };
  const auto count = static_cast<Index>(pilot_rows.size());
  Eigen::MatrixXcd among = estimate.noise_var * Eigen::MatrixXcd::Identity(count, count);
  Eigen::VectorXcd received(count);
  for (Index a = 0; a < count; ++a) {
    received(a) = std::complex<double>(y(pilot_rows[a], 0));
    for (Index b = 0; b < count; ++b) among(a, b) += covariance(pilot_rows[a], pilot_rows[b]);
  }
  const Eigen::MatrixXcd inverse = among.inverse();
  for (const Index i : {Index{0}, Index{77}, Index{199}}) {
    Eigen::RowVectorXcd across(count);
    for (Index b = 0; b < count; ++b) across(b) = covariance(data_rows[i], pilot_rows[b]);
    EXPECT_LT(std::abs(std::complex<double>(estimate.gain(i)) - (across * inverse * received)(0)), 1e-4);
    EXPECT_NEAR(estimate.error_var(i), 1 - (across * inverse * across.adjoint())(0).real(), 1e-4);
  }
}

TEST(OfdmLmmse, EqualsTheFormulaWrittenOut) {
  const OfdmPilots pilots(32, 4, 3);
  expect_formula(sound(pilots, 200, 10, 0).y, pilots);
}

class OfdmEstimators : public testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Snrs, OfdmEstimators, testing::Values(0.0, 10.0, 25.0));

TEST_P(OfdmEstimators, LmmseStatesItsErrorAndBeatsStraightLines) {
  const OfdmPilots pilots(32, 4, 4);
  const Index num_uses = 30 * 32;
  test::Average error, stated, gain_over_lines, noise_var;
  for (std::uint64_t trial = 0; trial < 150; ++trial) {
    const Sounding sounding = sound(pilots, num_uses, GetParam(), trial);
    const GainEstimate lmmse = estimate_ofdm_lmmse(sounding.y, pilots, statistics()).front();
    const GainEstimate lines = estimate_ofdm_least_squares(sounding.y, pilots).front();
    const Eigen::VectorXcf truth = pilots.remove(sounding.state.gain).col(0);
    error.add((lmmse.gain - truth).squaredNorm() / static_cast<float>(num_uses));
    stated.add(lmmse.error_var.mean());
    gain_over_lines.add((lines.gain - truth).squaredNorm() - (lmmse.gain - truth).squaredNorm());
    noise_var.add(lmmse.noise_var);
  }
  const double true_noise_var = std::pow(10, -GetParam() / 10);
  EXPECT_GT(gain_over_lines.mean(), 5 * gain_over_lines.std_error());
  // Where the pilots' curvature hides the noise, N0_hat is known to a part of it only.
  EXPECT_NEAR(noise_var.mean(), true_noise_var, 5 * noise_var.std_error() + 0.05 * true_noise_var);
  EXPECT_NEAR(stated.mean(), error.mean(), 5 * error.std_error() + 0.05 * error.mean());
}

/// The sounding without every row that `lost` draws, each with probability 0.2.
Sounding with_losses(Sounding sounding, std::uint64_t trial) {
  Stream lost(3, Purpose::user, trial);
  for (Index row = 0; row < sounding.y.rows(); ++row)
    if (lost.uniform() < 0.2F) sounding.y(row, 0) = 0;
  return sounding;
}

TEST(OfdmLmmse, OfLostPilotsEqualsTheFormulaWrittenOut) {
  const OfdmPilots pilots(32, 4, 3);
  expect_formula(with_losses(sound(pilots, 200, 10, 0), 0).y, pilots);
}

TEST_P(OfdmEstimators, LostPilotsLeaveErrorsAndNoiseWhatTheyAreSaidToBe) {
  const OfdmPilots pilots(32, 4, 4);
  const Index num_uses = 30 * 32;
  test::Average lmmse_error, lmmse_stated, lines_error, lines_stated, noise_var;
  const TdlChannel still({.taps = {{0, 1}}, .doppler_hz = 0, .grid = kGrid});  // straight lines miss nothing
  const OfdmStatistics flat{.taps = {{0, 1}}, .doppler_hz = 0, .grid = kGrid};
  for (std::uint64_t trial = 0; trial < 150; ++trial) {
    const Symbols framed = pilots.insert(Symbols::Zero(num_uses, 1));
    Sounding all{.state = still.realize(framed.rows(), {.snr_db = GetParam()}, {.seed = 1, .trial = trial})};
    all.y = still.apply(framed, all.state);
    const Sounding sounding = with_losses(std::move(all), trial);
    const Eigen::VectorXcf truth = pilots.remove(sounding.state.gain).col(0);
    const GainEstimate lines = estimate_ofdm_least_squares(sounding.y, pilots).front();
    lines_error.add((lines.gain - truth).squaredNorm() / static_cast<float>(num_uses));
    lines_stated.add(lines.error_var.mean());
    noise_var.add(lines.noise_var);
    const GainEstimate lmmse = estimate_ofdm_lmmse(sounding.y, pilots, flat).front();
    lmmse_error.add((lmmse.gain - truth).squaredNorm() / static_cast<float>(num_uses));
    lmmse_stated.add(lmmse.error_var.mean());
  }
  EXPECT_NEAR(noise_var.mean(), std::pow(10, -GetParam() / 10), 5 * noise_var.std_error());
  EXPECT_NEAR(lines_stated.mean(), lines_error.mean(), 5 * lines_error.std_error());
  EXPECT_NEAR(lmmse_stated.mean(), lmmse_error.mean(), 5 * lmmse_error.std_error());
}

TEST(OfdmLeastSquares, NoPilotLeftSaysNothing) {
  const OfdmPilots pilots(32, 4, 4);
  const Symbols framed = pilots.insert(Symbols::Zero(100, 1));
  const GainEstimate lines = estimate_ofdm_least_squares(Symbols::Zero(framed.rows(), 1), pilots).front();
  const GainEstimate lmmse = estimate_ofdm_lmmse(Symbols::Zero(framed.rows(), 1), pilots, statistics()).front();
  for (const GainEstimate& none : {lines, lmmse}) {
    EXPECT_EQ(none.gain, Eigen::VectorXcf::Zero(100));
    EXPECT_EQ(none.snr, kMinSnr);
  }
}

TEST(OfdmFrontEnd, NoiseVarianceIsTheErrorThatIsLeftOverAnEchoChannel) {
  const OfdmFrontEnd front_end({.estimator = GainEstimator::lmmse,
                                .statistics = statistics(),
                                .equalizer = Equalizer::mmse,
                                .subcarrier_step = 4,
                                .symbol_step = 4});
  test::Average left, stated;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Symbols x = Stream(2, Purpose::user, trial).complex_normals(20 * 32, 1);
    const Symbols framed = front_end.frame(x);
    const ChannelState state = channel().realize(framed.rows(), {.snr_db = 12}, {.seed = 2, .trial = trial});
    const Equalized equalized = front_end.equalize(channel().apply(framed, state), state);
    left.add((equalized.x_hat - x).squaredNorm());
    stated.add(equalized.noise_var.sum());
  }
  EXPECT_NEAR(stated.mean() / left.mean(), 1, 0.03);
}

TEST(OfdmFrontEnd, ShortFramesAreReceived) {
  const OfdmFrontEnd front_end({.statistics = statistics()});
  for (const Index num_uses : {1, 2, 5, 20, 32, 40}) {
    const Symbols framed = front_end.frame(Symbols::Ones(num_uses, 1));
    const Equalized equalized = front_end.equalize(framed, {});
    ASSERT_EQ(equalized.x_hat.rows(), num_uses);
    EXPECT_LT((equalized.x_hat.array() - Complex(1)).abs().maxCoeff(), 1e-5);
    EXPECT_TRUE(equalized.noise_var.allFinite());
  }
}

TEST(OfdmPlugins, ReadTheirKeys) {
  OfdmLmmsePlugin plugin;
  Keys keys;
  plugin.declare(keys);
  keys.set("ofdm.num_subcarriers", "16");
  keys.set("frontend.pilot_subcarrier_step", "8");
  keys.set("frontend.pilot_symbol_step", "1");
  EXPECT_EQ(plugin.make()->num_pilots(14), 2);
  keys.set("frontend.profile", "tdl_a");
  EXPECT_NO_THROW(plugin.make());
}

}  // namespace
}  // namespace semlink
