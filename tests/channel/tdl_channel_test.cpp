#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include <semlink/channel/front_ends.h>
#include <semlink/channel/tdl_channel.h>
#include <semlink/core/error.h>
#include "support/kolmogorov.h"
#include "support/statistics.h"

namespace semlink {
namespace {

using Domain = TdlChannel::Domain;

/// A grid whose prefix is longer than every path of TDL-C at 100 ns.
constexpr OfdmGrid kGrid{.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = 8};

TdlChannel tdl(const std::string& profile, Domain domain, double doppler_hz = 0, const OfdmGrid& grid = kGrid) {
  return TdlChannel({.taps = tdl_taps(profile, 100e-9), .doppler_hz = doppler_hz, .grid = grid, .domain = domain});
}

Symbols symbols(Index num_uses, std::uint64_t seed) {
  return Stream(seed, Purpose::user, 0).complex_normals(num_uses, 1);
}

TEST(TdlChannel, DomainsAgreeWhenThePrefixIsLongEnough) {
  for (const char* profile : {"tdl_a", "tdl_c", "tdl_d", "tdla30"}) {
    const Index num_uses = 5 * 32 + 7;  // the last OFDM symbol in part
    const Symbols x = symbols(num_uses, 1);
    const TdlChannel frequency = tdl(profile, Domain::frequency);
    const TdlChannel time = tdl(profile, Domain::time);
    const ChannelState state_f = frequency.realize(num_uses, {}, {.seed = 2});
    const ChannelState state_t = time.realize(num_uses, {}, {.seed = 2});
    EXPECT_NEAR(state_t.interference_var, 0, 1e-12) << profile;
    EXPECT_LT((state_t.gain - state_f.gain).cwiseAbs().maxCoeff(), 1e-5) << profile;
    EXPECT_LT((time.apply(x, state_t) - frequency.apply(x, state_f)).cwiseAbs().maxCoeff(), 2e-5) << profile;
  }
}

TEST(TdlChannel, TimeDomainLeaksWhatTheShortPrefixLetsThrough) {
  // Within a frame of full symbols the error against the diagonal has the stated power; by prefix and Doppler shift.
  for (const auto& [prefix, doppler_hz] : {std::pair<Index, double>{0, 0}, {1, 0}, {8, 6000}, {1, 6000}}) {
    const TdlChannel channel =
        tdl("tdl_c", Domain::time, doppler_hz, {.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = prefix});
    test::Average leaked, total;
    double stated = 0;
    for (std::uint64_t trial = 0; trial < 600; ++trial) {
      const TrialRng rng{.seed = 3, .trial = trial};
      const Symbols x = symbols(4 * 32, 100 + trial);
      const ChannelState state = channel.realize(4 * 32, {}, rng);
      const Symbols rest = channel.propagate(x, state) - state.gain.cwiseProduct(x);
      leaked.add(rest.middleRows(32, 64).squaredNorm() / 64);  // a symbol before and one behind
      total.add(channel.gain_energy(state) / (4 * 32));
      stated = state.interference_var;
    }
    EXPECT_GT(stated, 1e-3);
    EXPECT_NEAR(leaked.mean(), stated, 5 * leaked.std_error()) << prefix << " samples, " << doppler_hz << " Hz";
    EXPECT_NEAR(total.mean(), 1, 5 * total.std_error());
  }
}

TEST(TdlChannel, LeakageOfOneLatePathIsTheClosedForm) {
  // One path, late by e of the window: 1 - (1 - e)^2 of its power is lost to interference.
  const OfdmGrid grid{.num_subcarriers = 64, .spacing_hz = 15e3, .prefix = 4};
  const double sample_s = 1 / grid.sampling_rate_hz();
  const TdlChannel channel({.taps = {{20 * sample_s, 1}}, .grid = grid, .domain = Domain::time});
  EXPECT_NEAR(channel.realize(64, {}, {}).interference_var, 1 - 0.75 * 0.75, 1e-9);
}

TEST(TdlChannel, FrequencyCorrelationIsTheTransformOfTheProfile) {
  const std::vector<DelayTap> taps = tdl_taps("tdl_b", 100e-9);
  const TdlChannel channel = tdl("tdl_b", Domain::frequency);
  for (const Index distance : {1, 6, 17}) {
    std::complex<double> expected = 0;
    for (const DelayTap& tap : taps)
      expected += std::polar(tap.power, -2 * std::numbers::pi * 60e3 * static_cast<double>(distance) * tap.delay_s);
    test::Average real, imaginary;
    for (std::uint64_t trial = 0; trial < 4000; ++trial) {
      const Symbols gain = channel.realize(32, {}, {.seed = 4, .trial = trial}).gain;
      const Complex product = gain(3 + distance, 0) * std::conj(gain(3, 0));
      real.add(product.real());
      imaginary.add(product.imag());
    }
    EXPECT_NEAR(real.mean(), expected.real(), 5 * real.std_error());
    EXPECT_NEAR(imaginary.mean(), expected.imag(), 5 * imaginary.std_error());
  }
}

TEST(TdlChannel, TimeCorrelationIsBessel) {
  const double doppler_hz = 2000;
  const TdlChannel channel = tdl("tdl_a", Domain::frequency, doppler_hz);
  for (const Index lag : {3, 9, 15}) {
    test::Average real;
    for (std::uint64_t trial = 0; trial < 3000; ++trial) {
      const Symbols gain = channel.realize(32 * 16, {}, {.seed = 5, .trial = trial}).gain;
      real.add((gain(32 * lag, 0) * std::conj(gain(0, 0))).real());
    }
    const double turn = 2 * std::numbers::pi * doppler_hz * static_cast<double>(lag) * kGrid.symbol_s();
    EXPECT_NEAR(real.mean(), std::cyl_bessel_j(0, turn), 5 * real.std_error());
  }
}

/// Gain of tap l at the start of a frame, from the draws of the time domain.
std::vector<double> tap_powers(const TdlChannel& channel, Index tap, int num_trials) {
  std::vector<double> powers;
  for (int trial = 0; trial < num_trials; ++trial)
    powers.push_back(
        std::norm(channel.realize(1, {}, {.seed = 6, .trial = static_cast<std::uint64_t>(trial)}).paths(0, tap)));
  return powers;
}

TEST(TdlChannel, TapsAreRayleighWithTheirPower) {
  const std::vector<DelayTap> taps = tdl_taps("tdl_c", 100e-9);
  const TdlChannel channel = tdl("tdl_c", Domain::time, 300);
  for (const Index tap : {0, 5, 23}) {
    const std::vector<double> powers = tap_powers(channel, tap, 2000);
    test::Average power;
    for (const double p : powers) power.add(p);
    EXPECT_NEAR(power.mean(), taps[tap].power, 5 * power.std_error());
    test::expect_distributed(powers, [&](double p) { return 1 - std::exp(-p / taps[tap].power); });
  }
}

TEST(TdlChannel, DirectPathHasConstantMagnitude) {
  const std::vector<DelayTap> taps = tdl_taps("tdl_e", 100e-9);
  for (const double p : tap_powers(tdl("tdl_e", Domain::time, 300), 0, 20)) EXPECT_NEAR(p, taps[0].power, 1e-5);
}

TEST(TdlChannel, TapsAreUncorrelated) {
  const TdlChannel channel = tdl("tdl_b", Domain::time);
  test::Average product;
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    const Symbols taps = channel.realize(1, {}, {.seed = 7, .trial = trial}).paths;
    product.add((taps(0, 0) * std::conj(taps(0, 1))).real());
  }
  EXPECT_NEAR(product.mean(), 0, 5 * product.std_error());
}

TEST(TdlChannel, GenieStatesTheErrorThatIsLeftInTheTimeDomain) {
  const TdlChannel channel = tdl("tdl_c", Domain::time, 3000, {.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = 1});
  const GenieFrontEnd genie(Equalizer::mmse);
  test::Average ratio;
  for (std::uint64_t trial = 0; trial < 500; ++trial) {
    const Symbols x = symbols(4 * 32, 1000 + trial);
    const ChannelState state = channel.realize(4 * 32, {.snr_db = 25}, {.seed = 8, .trial = trial});
    const Equalized equalized = genie.equalize(channel.apply(x, state), state);
    ratio.add((equalized.x_hat - x).middleRows(32, 64).squaredNorm() / equalized.noise_var.segment(32, 64).sum());
  }
  // The leak is stated on average over fades: in a good fade less is left, in a bad one more.
  EXPECT_NEAR(ratio.mean(), 1, 0.15);
}

TEST(TdlChannel, RefusesWhatItCannotSend) {
  EXPECT_THROW(TdlChannel({.taps = {}}), Error);
  EXPECT_THROW(TdlChannel({.taps = {{0, 1}}, .grid = {.num_subcarriers = 8, .prefix = 9}}), Error);
  EXPECT_THROW(TdlChannel({.taps = {{1e-3, 1}}, .domain = Domain::time}), Error);
}

TEST(TdlPlugin, ReadsItsKeys) {
  TdlPlugin plugin("tdl_c");
  Keys keys;
  plugin.declare(keys);
  keys.set("ofdm.domain", "time");
  keys.set("ofdm.prefix", "0");
  keys.set("channel.delay_spread_ns", "300");
  EXPECT_GT(plugin.make()->realize(1, {}, {}).interference_var, 0.01);
}

}  // namespace
}  // namespace semlink
