#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/flat_fading.h>
#include <semlink/core/error.h>

#include "link/test_link.h"
#include "support/statistics.h"

namespace semlink {
namespace {

Link rayleigh_link(const std::string& mode) {
  Link link = uncoded_awgn_link(7);
  link.channel = std::make_unique<FlatFading>(Fading::block, 0);
  link.transmitter_snr = mode;
  return link;
}

double frame_snr_db(const Link& link, const TrialRng& rng) {
  const ChannelState state = link.channel->realize(50, link.point, rng);
  return 10 * std::log10(std::norm(state.gain(49, 0)) / state.noise_var);
}

TEST(SnrReport, AverageIsTheLabel) { EXPECT_EQ(snr_report(rayleigh_link("average"), {1, 2, 0}), 7.0); }

TEST(SnrReport, NoneIsNothing) { EXPECT_FALSE(snr_report(rayleigh_link("none"), {1, 2, 0}).has_value()); }

TEST(SnrReport, ANumberIsThatNumber) { EXPECT_EQ(snr_report(rayleigh_link("-2.5"), {1, 2, 0}), -2.5); }

TEST(SnrReport, InstantaneousIsTheFadeOfThisFrame) {
  const Link link = rayleigh_link("instantaneous");
  // Both sides square the same float gain, one in a vector, one alone: they may differ in the last digit of a float.
  for (std::uint64_t trial : {0u, 1u, 17u})
    EXPECT_NEAR(*snr_report(link, {1, trial, 0}), frame_snr_db(link, {1, trial, 0}), 1e-5);
}

// A neighbour's fade would tie trials together that every interval takes for independent.
TEST(SnrReport, DelayedKnowsNothingOfOtherTrials) {
  const Link link = rayleigh_link("delayed");
  test::Average with_before, with_now;
  for (std::uint64_t trial = 1; trial < 4000; ++trial) {
    const double told = std::pow(10, (*snr_report(link, {1, trial, 0}) - 7) / 10) - 1;
    with_before.add(told * (std::pow(10, (frame_snr_db(link, {1, trial - 1, 0}) - 7) / 10) - 1));
    with_now.add(told * (std::pow(10, (frame_snr_db(link, {1, trial, 0}) - 7) / 10) - 1));
  }
  EXPECT_NEAR(with_before.mean(), 0, 5 * with_before.std_error());
  EXPECT_NEAR(with_now.mean(), 0, 5 * with_now.std_error());
  EXPECT_TRUE(std::isfinite(*snr_report(link, {1, 0, 0})));
}

TEST(SnrReport, DelayedIsTheLabelWhereNothingFades) {
  Link link = uncoded_awgn_link(7);
  link.transmitter_snr = "delayed";
  link.report_correlation = 0.7;
  for (std::uint64_t trial = 0; trial < 10; ++trial) EXPECT_NEAR(*snr_report(link, {1, trial, 0}), 7, 1e-9);
  link.channel = std::make_unique<FlatFading>(Fading::block, 0);
  link.point.noise_follows_gain = true;
  for (std::uint64_t trial = 0; trial < 10; ++trial) EXPECT_NEAR(*snr_report(link, {1, trial, 0}), 7, 1e-9);
}

TEST(SnrReport, DelayedFollowsTheFadeByItsCorrelation) {
  Link link = rayleigh_link("delayed");
  link.report_correlation = 1;
  EXPECT_EQ(snr_report(link, {1, 18, 0}), snr_report(rayleigh_link("instantaneous"), {1, 18, 0}));
  link.report_correlation = 0.8;
  test::Average told, both;  // |h|^2 of two fades with correlation rho have correlation rho^2
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const double power = std::pow(10, (*snr_report(link, {1, trial, 0}) - 7) / 10);
    told.add(power);
    both.add((power - 1) * (std::pow(10, (frame_snr_db(link, {1, trial, 0}) - 7) / 10) - 1));
  }
  EXPECT_NEAR(told.mean(), 1, 5 * told.std_error());
  EXPECT_NEAR(both.mean(), 0.64, 5 * both.std_error());
}

TEST(SnrReport, ErrorsScatterAroundTheTruth) {
  Link link = rayleigh_link("average");
  link.report_error_db = 2;
  test::Average report, square;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const double error = *snr_report(link, {1, trial, 0}) - 7;
    report.add(error);
    square.add(error * error);
  }
  EXPECT_NEAR(report.mean(), 0, 5 * report.std_error());
  EXPECT_NEAR(square.mean(), 4, 5 * square.std_error());
}

TEST(SnrReport, StepsRoundWhatIsMeasuredButNoGivenNumber) {
  Link link = rayleigh_link("average");
  link.report_step_db = 3;
  EXPECT_EQ(snr_report(link, {1, 2, 0}), 6.0);
  link.transmitter_snr = "7.25";
  link.report_error_db = 5;
  EXPECT_EQ(snr_report(link, {1, 2, 0}), 7.25);
}

TEST(SnrReport, RefusesAnyOtherText) {
  for (const char* mode : {"", "perfect", "3dB", "nan", "inf"})
    EXPECT_THROW(snr_report(rayleigh_link(mode), {1, 0, 0}), Error) << mode;
}

}  // namespace
}  // namespace semlink
