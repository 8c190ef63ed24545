#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/flat_fading.h>
#include <semlink/core/error.h>

#include "link/test_link.h"

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
  for (std::uint64_t trial : {0u, 1u, 17u}) EXPECT_NEAR(*snr_report(link, {1, trial, 0}), frame_snr_db(link, {1, trial, 0}), 1e-5);
}

TEST(SnrReport, DelayedIsTheFadeOfTheFrameBefore) {
  const Link link = rayleigh_link("delayed");
  EXPECT_NEAR(*snr_report(link, {1, 18, 0}), frame_snr_db(link, {1, 17, 0}), 1e-5);
  EXPECT_TRUE(std::isfinite(*snr_report(link, {1, 0, 0})));
}

TEST(SnrReport, RefusesAnyOtherText) {
  for (const char* mode : {"", "perfect", "3dB", "nan", "inf"})
    EXPECT_THROW(snr_report(rayleigh_link(mode), {1, 0, 0}), Error) << mode;
}

}  // namespace
}  // namespace semlink
