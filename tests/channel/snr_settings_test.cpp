#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include <semlink/channel/flat_fading.h>
#include <semlink/channel/snr_settings.h>
#include "support/statistics.h"

namespace semlink {
namespace {

TEST(SnrSettings, DefaultLabelIsEsN0) {
  const ChannelPoint point = SnrSettings{.snr_db = 7}.point();
  EXPECT_EQ(point.snr_db, 7);
  EXPECT_FALSE(point.noise_follows_gain);
  EXPECT_NEAR(point.noise_var(), 0.19952623, 1e-8);
}

TEST(SnrSettings, NamedConventionsShiftTheLabelByAFactorOfTwo) {
  const auto ratio = [](const char* convention) {
    return SnrSettings{.snr_db = 4}.point().noise_var() /
           SnrSettings{.snr_db = 4, .convention = convention}.point().noise_var();
  };
  EXPECT_NEAR(ratio("deep_jscc_pytorch"), 2, 1e-12);
  EXPECT_NEAR(ratio("deepjscc_v"), 0.5, 1e-12);
}

// Each published code adds noise of some standard deviation to reals of unit power; the shift must give the same noise.
TEST(SnrSettings, DeepJsccPytorchNoiseMatchesItsCode) {
  const double snr = std::pow(10, 0.4);
  const double noise_power_per_real = 1 / (2 * snr);  // its code, real power 1
  const double es_n0 = 2.0 / (2 * noise_power_per_real);
  EXPECT_NEAR((SnrSettings{.snr_db = 4, .convention = "deep_jscc_pytorch"}.point().snr_db), 10 * std::log10(es_n0),
              1e-12);
}

TEST(SnrSettings, DeepJsccVNoiseMatchesItsCode) {
  const double snr = std::pow(10, 0.4);
  const double noise_power_per_real = 2 / snr;  // its code, real power 1
  const double es_n0 = 2.0 / (2 * noise_power_per_real);
  EXPECT_NEAR((SnrSettings{.snr_db = 4, .convention = "deepjscc_v"}.point().snr_db), 10 * std::log10(es_n0), 1e-12);
}

TEST(SnrSettings, KairaNoiseFollowsTheFadeOfEachFrame) {
  const ChannelPoint point = SnrSettings{.snr_db = 10, .convention = "kaira"}.point();
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const ChannelState state = FlatFading(Fading::block, 0).realize(16, point, {.seed = 1, .trial = trial});
    EXPECT_NEAR(std::norm(state.gain(0, 0)) / state.noise_var, 10, 1e-5);
  }
}

TEST(SnrSettings, ConventionsOfBatchesAndPeaksSayWhatTheirLabelIsAbout) {
  const auto settings = [](const char* convention) { return SnrSettings{.snr_db = 4, .convention = convention}; };
  EXPECT_EQ(settings("esn0").label_power(), LabelPower::frame);
  EXPECT_EQ(settings("kaira").label_power(), LabelPower::frame);
  for (const char* convention : {"swinjscc", "deepsc", "oceanbloom"})
    EXPECT_EQ(settings(convention).label_power(), LabelPower::batch) << convention;
  EXPECT_EQ(settings("vl_vfe").label_power(), LabelPower::peak);
  EXPECT_EQ(settings("swinjscc").point().snr_db, 4);
  EXPECT_EQ(settings("vl_vfe").point().snr_db, 4);
  EXPECT_NEAR(settings("deepsc").point().snr_db, 4 + 10 * std::log10(2.0), 1e-12);
  EXPECT_NEAR(settings("oceanbloom").point().snr_db, 4 - 10 * std::log10(64.0), 1e-12);
}

TEST(SnrSettings, ConventionIsAKey) {
  SnrSettings settings;
  Keys keys;
  settings.declare(keys);
  keys.set("channel.snr_db", "-2.5");
  keys.set("channel.snr_convention", "deepjscc_v");
  EXPECT_NEAR(settings.point().snr_db, -2.5 - 10 * std::log10(2.0), 1e-12);
}

}  // namespace
}  // namespace semlink
