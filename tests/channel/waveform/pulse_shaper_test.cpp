#include <semlink/channel/waveform/pulse_shaper.h>

#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/rng.h>

#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

Symbols random_symbols(Index count, std::uint64_t trial) {
  return Stream(3, Purpose::user, trial).complex_normals(count, 1);
}

/// Power of what one pass of shaping and matching adds to symbols of power 1, in dB.
double interference_db(const WaveformFormat& format, double delay) {
  const PulseShaper shaper(format);
  const Symbols x = random_symbols(400, 1);
  const Symbols error = shaper.match(shaper.shape(x, delay), delay, x.rows()) - x;
  return 10 * std::log10(error.squaredNorm() / static_cast<float>(x.rows()));
}

TEST(PulseShaper, MatchedPulsesDoNotInterfere) {
  for (const double delay : {0.0, 7.0, 12.37}) EXPECT_LT(interference_db({}, delay), -55) << delay;
}

TEST(PulseShaper, LongerPulsesInterfereLess) {
  EXPECT_GT(interference_db({.filter_delay = 3}, 3.5), -35);
  EXPECT_LT(interference_db({.filter_delay = 30}, 3.5), -65);
}

TEST(PulseShaper, AWrongDelayInterferes) {
  const PulseShaper shaper(WaveformFormat{});
  const Symbols x = random_symbols(400, 1);
  const Symbols late = shaper.match(shaper.shape(x, 10), 11, x.rows());  // half a symbol
  EXPECT_GT((late - x).squaredNorm() / static_cast<float>(x.rows()), 0.3);
}

TEST(PulseShaper, SamplesHaveThePowerOfTheSymbols) {
  for (const Index rate : {2, 3, 8}) {
    const PulseShaper shaper({.samples_per_symbol = rate});
    const Symbols x = random_symbols(400, 2);
    // Neighbours add up to a part of the interference, -57 dB, of either sign.
    EXPECT_NEAR(shaper.shape(x, 4.2).squaredNorm() / static_cast<float>(rate) / x.squaredNorm(), 1, 1e-3) << rate;
  }
}

TEST(PulseShaper, LiquidInterpolatesToTheSameSamples) {
  const WaveformFormat format{.samples_per_symbol = 4, .rolloff = 0.35, .filter_delay = 6, .max_delay = 0};
  const Symbols x = random_symbols(50, 3);
  const Symbols samples = PulseShaper(format).shape(x, 0);
  const firinterp_crcf interpolator = firinterp_crcf_create_prototype(LIQUID_FIRFILT_RRC, 4, 6, 0.35f, 0);
  Symbols expected(4 * x.rows(), 1);
  firinterp_crcf_execute_block(interpolator, const_cast<Complex*>(x.data()), 50, expected.data());
  firinterp_crcf_destroy(interpolator);
  // Liquid does not scale the pulse that it has cut off to the energy 4.
  const float scale = samples(100, 0).real() / expected(100, 0).real();
  EXPECT_NEAR(scale, 1, 1e-3);
  EXPECT_LT((samples.topRows(expected.rows()) - scale * expected).cwiseAbs().maxCoeff(), 1e-5f);
}

TEST(PulseShaper, NoiseBehindTheMatchedFilterIsWhite) {
  const PulseShaper shaper(WaveformFormat{});
  const WaveformFormat format;
  const Index num_uses = 40000;
  const Symbols noise = std::sqrt(2.0f) * random_symbols(format.num_samples(num_uses), 4);
  const Symbols matched = shaper.match(noise, 5.4, num_uses);
  test::Average power, neighbour;
  for (Index k = 1; k < num_uses; ++k) {
    power.add(std::norm(matched(k, 0)));
    neighbour.add((matched(k, 0) * std::conj(matched(k - 1, 0))).real());
  }
  EXPECT_NEAR(power.mean(), 1, 5 * power.std_error());
  EXPECT_NEAR(neighbour.mean(), 0, 5 * neighbour.std_error());
}

TEST(PulseShaper, PullbacksAreAdjoint) {
  const WaveformFormat format{.samples_per_symbol = 3, .max_delay = 4};
  const PulseShaper shaper(format);
  const Index num_samples = format.num_samples(20);
  const Symbols x = random_symbols(20, 5), d = random_symbols(20, 6), samples = random_symbols(num_samples, 7),
                d_samples = random_symbols(num_samples, 8);
  // A delay outside of the window too: what falls out is dropped on both ways.
  for (const double delay : {0.0, 5.3, -20.7, 60.0}) {
    test::expect_adjoint([&](const Symbols& at) { return shaper.shape(at, delay); },
                         [&](const Symbols& g) { return shaper.shape_pullback(g, delay, 20); }, x, d, samples);
    test::expect_adjoint([&](const Symbols& at) { return shaper.match(at, delay, 20); },
                         [&](const Symbols& g) { return shaper.match_pullback(g, delay); }, samples, d_samples, x);
  }
}

}  // namespace
}  // namespace semlink
