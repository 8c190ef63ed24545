#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/binary_channel.h>
#include <semlink/channel/burst_noise.h>
#include <semlink/channel/doppler.h>
#include <semlink/channel/erasure.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/interference.h>
#include <semlink/channel/modem.h>
#include <semlink/core/error.h>
#include "support/kolmogorov.h"
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr Index kNumUses = 200000;

TEST(DopplerProcess, IsExactlyRayleighForAnyNumberOfWaves) {
  std::vector<double> power;
  for (std::uint64_t trial = 0; trial < 5000; ++trial) {
    Stream stream(1, Purpose::user, trial);
    power.push_back(std::norm(DopplerProcess(stream, 0.01).at(123)));
  }
  test::expect_distributed(power, [](double p) { return 1 - std::exp(-p); });
}

TEST(DopplerProcess, RecurrenceEqualsTheSum) {
  Stream stream(2, Purpose::user, 0);
  const DopplerProcess process(stream, 0.003);
  const Eigen::VectorXcf values = process.values(-5, 0.5, 10000);
  EXPECT_LT(std::abs(std::complex<double>(values(9999)) - process.at(-5 + 0.5 * 9999)), 1e-6);
}

TEST(GilbertElliott, StatesHaveTheirSharesAndBurstsTheirLength) {
  const GilbertElliott channel({.good_to_bad = 0.02, .bad_to_good = 0.1, .rise = 50});
  const ChannelState state = channel.realize(kNumUses, {}, {.seed = 1});
  const float good = state.noise_rise.minCoeff();
  EXPECT_FLOAT_EQ(state.noise_rise.maxCoeff(), 50 * good);
  test::Average bad, ends;
  for (Index i = 0; i + 1 < kNumUses; ++i) {
    const bool is_bad = state.noise_rise(i) > good;
    bad.add(is_bad);
    if (is_bad) ends.add(state.noise_rise(i + 1) == good);
  }
  // Neighbours are correlated by 1 - 0.02 - 0.1: the variance of the share is that of (1 + 0.88) / (1 - 0.88) times
  // fewer.
  EXPECT_NEAR(bad.mean(), 1.0 / 6, 5 * 4 * bad.std_error());
  EXPECT_NEAR(ends.mean(), 0.1, 5 * ends.std_error());
}

TEST(ImpulsiveNoise, MiddletonHasTheVarianceOfItsLaw) {
  // Var of (m / A + Gamma) / (1 + Gamma), m Poisson(A): 1 / (A (1 + Gamma)^2); quiet uses: exp(-A) of all.
  const ImpulsiveNoise channel(
      {.law = ImpulsiveNoise::Law::middleton_a, .impulsive_index = 0.5, .gaussian_ratio = 0.25});
  const ChannelState state = channel.realize(kNumUses, {}, {.seed = 2});
  test::Average square, quiet;
  for (const float rise : state.noise_rise) {
    square.add((rise - 1) * (rise - 1));
    quiet.add(std::abs(rise - 0.2f) < 1e-6f);
  }
  EXPECT_NEAR(square.mean(), 1 / (0.5 * 1.25 * 1.25), 5 * square.std_error());
  EXPECT_NEAR(quiet.mean(), std::exp(-0.5), 5 * quiet.std_error());
}

TEST(ImpulsiveNoise, BernoulliGaussHitsItsShare) {
  const ImpulsiveNoise channel({.probability = 0.05, .rise = 30});
  const ChannelState state = channel.realize(kNumUses, {}, {.seed = 3});
  test::Average hit;
  for (const float rise : state.noise_rise) hit.add(rise > 1);
  EXPECT_NEAR(hit.mean(), 0.05, 5 * hit.std_error());
}

TEST(ErasureChannel, LosesWholePacketsInRuns) {
  const Index packet = 4;
  const ErasureChannel channel({.rate = 0.2, .mean_run = 5, .packet_uses = packet});
  const ChannelState state = channel.realize(kNumUses, {}, {.seed = 4});
  test::Average lost, ends;
  for (Index i = 0; i + packet < kNumUses; i += packet) {
    for (Index k = 1; k < packet; ++k) ASSERT_EQ(state.is_erased(i), state.is_erased(i + k));
    lost.add(state.is_erased(i));
    if (state.is_erased(i)) ends.add(!state.is_erased(i + packet));
  }
  // Correlation of neighbours 1 - 0.2 - 0.05: as above, a factor of 7 in variance.
  EXPECT_NEAR(lost.mean(), 0.2, 5 * 2.7 * lost.std_error());
  EXPECT_NEAR(ends.mean(), 0.2, 5 * ends.std_error());
}

TEST(ErasureChannel, RateZeroAndOneAreCertain) {
  const Symbols x = Symbols::Ones(50, 1);
  for (const double rate : {0.0, 1.0}) {
    const ErasureChannel channel({.rate = rate});
    const Symbols y = channel.apply(x, channel.realize(50, {}, {.seed = 5}));
    EXPECT_EQ((y.array() == Complex(0)).count(), rate == 1 ? 50 : 0);
  }
  const ErasureChannel frame({.rate = 0.5, .packet_uses = 0});
  const ChannelState state = frame.realize(50, {}, {.seed = 6});
  for (Index i = 1; i < 50; ++i) EXPECT_EQ(state.is_erased(i), state.is_erased(0));
}

TEST(ErasureChannel, ReceiversKnowWhatIsLost) {
  const ErasureChannel channel({.rate = 0.3});
  const GenieFrontEnd genie(Equalizer::zero_forcing);
  const PilotFrontEnd pilots({});
  for (const FrontEnd* front_end : {static_cast<const FrontEnd*>(&genie), static_cast<const FrontEnd*>(&pilots)}) {
    const Symbols framed = front_end->frame(Symbols::Ones(100, 1));
    const ChannelState state = channel.realize(framed.rows(), {.snr_db = 10}, {.seed = 7});
    const Equalized equalized = front_end->equalize(channel.apply(framed, state), state);
    Index num_lost = 0;
    for (Index i = 0; i < 100; ++i) {
      const bool lost = equalized.x_hat(i, 0) == Complex(0);
      num_lost += lost;
      EXPECT_EQ(lost, equalized.noise_var(i) > 1e6f);
    }
    EXPECT_GT(num_lost, 10);
  }
}

TEST(BinaryChannel, MakesTheLlrsOfItsLaw) {
  const double p = 0.11;
  for (const int bits_per_use : {1, 2})
    for (const auto kind : {BinaryChannel::Kind::symmetric, BinaryChannel::Kind::erasure}) {
      const BinaryChannel channel({kind, p, bits_per_use});
      const Modem modem(bits_per_use == 1 ? "bpsk" : "qpsk");
      const Index num_uses = 20000;
      const Bits bits(static_cast<std::size_t>(num_uses * bits_per_use), 0);
      const ChannelState state = channel.realize(num_uses, {}, {.seed = 8});
      const Equalized equalized =
          GenieFrontEnd(Equalizer::zero_forcing).equalize(channel.apply(modem.modulate(bits), state), state);
      const bool symmetric = kind == BinaryChannel::Kind::symmetric;
      const double certain = symmetric ? std::log((1 - p) / p) : BinaryChannel::kMaxLlr;
      test::Average hit;
      for (const float llr : modem.demodulate(equalized.x_hat, equalized.noise_var)) {
        const bool is_hit = llr <= 0;
        hit.add(is_hit);
        ASSERT_NEAR(llr, is_hit ? (symmetric ? -certain : 0) : certain, 1e-4 * certain);
      }
      EXPECT_NEAR(hit.mean(), p, 5 * hit.std_error());
    }
}

TEST(InterferenceChannel, HasThePowerOfItsLabel) {
  for (const bool fading : {false, true}) {
    const InterferenceChannel channel({.sir = 4, .num_interferers = 3, .fading = fading});
    test::Average power, stated;
    for (std::uint64_t trial = 0; trial < 3000; ++trial) {
      const ChannelState state = channel.realize(20, {}, {.seed = 9, .trial = trial});
      power.add(state.interference.squaredNorm() / 20);
      stated.add(state.interference_var);
    }
    EXPECT_NEAR(power.mean(), 0.25, 5 * power.std_error());
    EXPECT_NEAR(stated.mean(), 0.25, 5 * stated.std_error() + 1e-6);
  }
}

TEST(InterferenceChannel, GenieCountsItAsNoise) {
  const InterferenceChannel channel({.sir = 10, .fading = false});
  const Symbols x = Symbols::Ones(20000, 1);
  const ChannelState state = channel.realize(20000, {.snr_db = 10}, {.seed = 10});
  const Equalized equalized = GenieFrontEnd(Equalizer::zero_forcing).equalize(channel.apply(x, state), state);
  EXPECT_NEAR(equalized.noise_var(0), 0.2, 1e-6);
  EXPECT_NEAR((equalized.x_hat - x).squaredNorm() / 20000, 0.2, 0.01);
  EXPECT_NEAR(equalized.quality.snr_db, 10 * std::log10(5), 1e-4);
}

/// Share of wrong bits of QPSK after zero forcing with the true gain, over frames of 100 uses; erased bits are guesses.
test::Average qpsk_error_rate(const Channel& channel, double snr_db, std::uint64_t num_trials) {
  test::Average errors;
  for (std::uint64_t trial = 0; trial < num_trials; ++trial) {
    const TrialRng rng{.seed = 21, .trial = trial};
    const ChannelState state = channel.realize(100, {.snr_db = snr_db}, rng);
    Stream stream = rng.stream(Purpose::user);
    Symbols x(100, 1);
    for (Complex& symbol : x.reshaped()) {
      const std::uint32_t bits = stream.next_u32();
      symbol = Complex(bits & 1 ? 1.0f : -1.0f, bits & 2 ? 1.0f : -1.0f) / std::sqrt(2.0f);
    }
    const Symbols y = channel.apply(x, state);
    double wrong = 0;
    for (Index i = 0; i < 100; ++i) {
      const Complex decision = std::conj(state.gain(i, 0)) * y(i, 0);
      const int wrong_bits =
          ((decision.real() > 0) != (x(i, 0).real() > 0)) + ((decision.imag() > 0) != (x(i, 0).imag() > 0));
      wrong += state.is_erased(i) ? 1 : wrong_bits;
    }
    errors.add(wrong / 200);
  }
  return errors;
}

/// QPSK over Rayleigh fading, c = Es/N0 / 2 being the SNR of a bit: the mean of Q(sqrt(2 c g)) over an exponential g of
/// mean one. By parts it is 1/2 - the integral of e^(-g) times the density of Q's argument, sqrt(c / (4 pi g)) e^(-c g),
/// and that integral is sqrt(c / (1 + c)) / 2.
double rayleigh_qpsk(double esn0) { return 0.5 * (1 - std::sqrt(esn0 / 2 / (1 + esn0 / 2))); }

TEST(Beneath, ErasuresOverRayleighHaveTheClosedForm) {
  for (const Fading kind : {Fading::block, Fading::symbol}) {
    const ErasureChannel channel({.rate = 0.2}, std::make_unique<FlatFading>(kind, 0));
    const test::Average rate = qpsk_error_rate(channel, 10, kind == Fading::block ? 40000 : 2000);
    EXPECT_NEAR(rate.mean(), 0.2 / 2 + 0.8 * rayleigh_qpsk(10), 3.29 * rate.std_error());
  }
}

TEST(Beneath, BernoulliGaussOverRayleighHasTheClosedForm) {
  const double p = 0.1, rise = 50, quiet = 1 / (1 + p * (rise - 1));
  const ImpulsiveNoise channel({.probability = p, .rise = rise}, std::make_unique<FlatFading>(Fading::symbol, 0));
  const test::Average rate = qpsk_error_rate(channel, 10, 4000);
  EXPECT_NEAR(rate.mean(), (1 - p) * rayleigh_qpsk(10 / quiet) + p * rayleigh_qpsk(10 / (quiet * rise)),
              3.29 * rate.std_error());
}

TEST(Beneath, NoneIsWhiteNoiseAlone) {
  const ChannelState alone = AwgnChannel().realize(50, {}, {.seed = 22});
  const ChannelState none = ErasureChannel({.rate = 0.3}, BeneathSettings{}.make()).realize(50, {}, {.seed = 22});
  EXPECT_EQ(none.gain, alone.gain);
  EXPECT_EQ(none.noise, alone.noise);
  EXPECT_EQ(none.noise_var, alone.noise_var);
}

TEST(Beneath, FadeIsThatOfTheFadingChannelAlone) {
  const auto expect_same = [](const FlatFading& fading, const BeneathSettings& settings) {
    const ChannelState alone = fading.realize(50, {}, {.seed = 23});
    const ChannelState faded = InterferenceChannel({}, settings.make()).realize(50, {}, {.seed = 23});
    EXPECT_EQ(faded.gain, alone.gain);
    EXPECT_EQ(faded.noise, alone.noise);
  };
  expect_same(FlatFading(Fading::block, 0), {.model = "rayleigh"});
  expect_same(FlatFading(Fading::block, std::pow(10.0, 0.9)), {.model = "rician", .rician_k_db = 9});
  expect_same(FlatFading(Fading::symbol, std::pow(10.0, 0.9)),
              {.model = "rician", .fading = {.fading = "symbol"}, .rician_k_db = 9});
}

TEST(BurstChannels, RefuseWhatIsOutOfRange) {
  EXPECT_THROW(GilbertElliott({.good_to_bad = 0}), Error);
  EXPECT_THROW(ImpulsiveNoise({.probability = 1.5}), Error);
  EXPECT_THROW(ErasureChannel({.rate = 0.9, .mean_run = 2}), Error);
  EXPECT_THROW(BinaryChannel({.probability = 0.7}), Error);
  EXPECT_THROW(InterferenceChannel({.num_interferers = 17}), Error);
}

}  // namespace
}  // namespace semlink
