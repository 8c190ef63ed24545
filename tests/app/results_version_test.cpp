// Holds a few numbers fixed: whoever changes what a scenario gives finds out here, and lets `kResultsVersion` grow, so
// that no sweep goes on with numbers of another kind. (New weights only want new numbers here: a result knows the sum
// of its weights.) Tolerances leave room for the rounding of other instruction sets.
#include <gtest/gtest.h>
#include <semlink/app/job.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/app/plugins.h>
#include <semlink/record/provenance.h>

namespace semlink {
namespace {

constexpr const char* kImages = R"([source]
kind = builtin
[codec]
model = adaptive
weights = )" SEMLINK_SOURCE_DIR R"(/scenarios/weights/adaptive.h5
keep_ratio = 0.5
[gate]
policy = target_quality
target_psnr_db = 24
[channel]
model = rayleigh
snr_db = 12
[frontend]
csi = ls
[impairment]
clip_db = 6
)";

constexpr const char* kWaves = R"([source]
kind = builtin
[codec]
model = none
[channel]
model = tdl_b
delay_spread_ns = 100
doppler_hz = 70
snr_db = 15
[frontend]
csi = ofdm_lmmse
)";

constexpr const char* kBits = R"([source]
kind = bits
num_bits = 640
[codec]
model = none
[modem]
constellation = 16qam
[channel]
model = rayleigh
fading = symbol
snr_db = 8.5
)";

/// What eight trials gave.
struct Numbers {
  double mse = 0;           ///< mean, trials without header left out; 0 without images
  std::int64_t uses = 0;    ///< channel uses of all kinds
  std::int64_t blocks = 0;  ///< that the decoder ran
  std::int64_t failed = 0;  ///< headers
  std::int64_t bit_errors = 0;
};

Numbers run(const char* scenario) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins, parse_scenario_text(scenario, "results_version_test", "."));
  const PointRun point = job.make_point(0);
  Numbers sum;
  for (std::uint64_t trial = 0; trial < 8; ++trial) {
    const TrialResult result = point.run_trial(trial);
    if (!std::isnan(result.mse) && !result.header_failed) sum.mse += result.mse / 8;
    sum.uses += result.power.total_uses();
    sum.blocks += std::llround(result.decoder_depth);
    sum.failed += result.header_failed;
    sum.bit_errors += result.bit_errors;
  }
  return sum;
}

void expect(const Numbers& now, const Numbers& before) {
  const std::string hint = "if this was meant, let kResultsVersion grow and write the new numbers here";
  EXPECT_NEAR(now.mse, before.mse, 1e-3 * before.mse) << hint;
  EXPECT_EQ(now.uses, before.uses) << hint;
  EXPECT_EQ(now.blocks, before.blocks) << hint;
  EXPECT_EQ(now.failed, before.failed) << hint;
  EXPECT_EQ(now.bit_errors, before.bit_errors) << hint;
}

// The version that the numbers below belong to.
static_assert(kResultsVersion == 6);

TEST(ResultsVersion, StandsForImagesOverAFadingChannel) { expect(run(kImages), {300.931722, 2416, 50, 0, 0}); }
TEST(ResultsVersion, StandsForColoursOverOfdm) { expect(run(kWaves), {164.745117, 13568, 0, 0, 0}); }
TEST(ResultsVersion, StandsForBits) { expect(run(kBits), {0, 1280, 0, 0, 723}); }

}  // namespace
}  // namespace semlink
