#include <semlink/channel/waveform/preamble_timing.h>

#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/waveform/packet.h>
#include <semlink/core/rng.h>

#include "support/statistics.h"

namespace semlink {
namespace {

class Timing : public testing::Test {
 protected:
  PulseShaper shaper_{WaveformFormat{}};
  Packet packet_{64, 0};
  PreambleTiming timing_{shaper_, packet_.preamble()};

  /// A packet sampled `late` samples late, with noise.
  Symbols received(double late, double noise_var, std::uint64_t trial) const {
    const Symbols x = packet_.insert(Stream(8, Purpose::user, trial).complex_normals(50, 1));
    const Symbols samples = std::polar(1.0f, 0.7f) * shaper_.shape(x, 10);
    const Symbols noise = Stream(9, Purpose::user, trial).complex_normals(samples.rows(), 1);
    return shaper_.match(samples + static_cast<float>(std::sqrt(2 * noise_var)) * noise, 10 + late, 64);
  }
};

TEST_F(Timing, FindsASmallDelayWithoutNoise) {
  for (const double late : {-0.2, -0.05, 0.0, 0.1})
    EXPECT_NEAR(timing_.estimate(received(late, 0, 1)).late, late, 0.015);
}

TEST_F(Timing, ErrsAsMuchAsItSays) {
  const double noise_var = 0.1;
  test::Average error, claimed;
  // An error of e samples lets in interference of the power of the pulse's slope, here measured.
  const Symbols moved = received(0.05, 0, 1), still = received(0, 0, 1);
  const double power_per_square = (moved - still).topRows(60).squaredNorm() / 60 / (0.05 * 0.05);
  for (std::uint64_t trial = 0; trial < 500; ++trial) {
    const PreambleTiming::Estimate estimate = timing_.estimate(received(0, noise_var, trial));
    error.add(estimate.late * estimate.late * power_per_square);
    claimed.add(estimate.interference_var);
  }
  EXPECT_NEAR(claimed.mean(), error.mean(), 5 * error.std_error());
  EXPECT_NEAR(claimed.mean(), noise_var / 120, 5 * claimed.std_error());
}

TEST_F(Timing, CorrectsNothingInSilence) {
  const PreambleTiming::Estimate estimate = timing_.estimate(Symbols::Zero(64, 1));
  EXPECT_EQ(estimate.late, 0);
  EXPECT_EQ(estimate.interference_var, 0);
}

}  // namespace
}  // namespace semlink
