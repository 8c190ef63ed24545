#include <semlink/channel/waveform/waveform_channel.h>

#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/core/error.h>

#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr WaveformFormat kFormat{.samples_per_symbol = 4, .filter_delay = 6, .max_delay = 8};

Symbols random_symbols(Index count, std::uint64_t trial) {
  return Stream(5, Purpose::user, trial).complex_normals(count, 1);
}

WaveformChannel awgn_waveform(Radio radio = {}) {
  return WaveformChannel(std::make_unique<AwgnChannel>(), kFormat, 0.01, std::move(radio));
}

TEST(WaveformChannel, PullbackIsItsAdjoint) {
  Radio radio;
  radio.transmitter.push_back(std::make_unique<IqImbalance>(1.0, 5.0));
  radio.receiver.push_back(std::make_unique<OscillatorError>(0.001));
  radio.receiver.push_back(std::make_unique<IqImbalance>(-1.0, 3.0));
  radio.receiver.push_back(std::make_unique<SamplingOffset>(2000));
  radio.phase_noise_var = 1e-4;
  const WaveformChannel channel(std::make_unique<FlatFading>(Fading::doppler, 0, 0.01), kFormat, 0.01,
                                std::move(radio));
  const ChannelState state = channel.realize(30, {.snr_db = 20}, {1, 2, 3});
  const Symbols x = random_symbols(30, 1), d = random_symbols(30, 2);
  const Symbols g = random_symbols(kFormat.num_samples(30), 3);
  test::expect_adjoint([&](const Symbols& at) { return channel.apply(at, state); },
                       [&](const Symbols& g_y) { return channel.pullback(g_y, x, state); }, x, d, g);
  test::expect_adjoint([&](const Symbols& at) { return channel.propagate(at, state); },
                       [&](const Symbols& g_y) { return channel.propagate_pullback(g_y, state); }, x, d, g);
}

TEST(WaveformChannel, NoiseEnergyIsN0PerUse) {
  const WaveformChannel channel = awgn_waveform();
  test::Average noise;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Symbols x = random_symbols(50, trial);
    const ChannelState state = channel.realize(50, {.snr_db = 7}, {1, trial, 0});
    noise.add(channel.noise_energy(x, channel.apply(x, state), state) / 50);
  }
  EXPECT_NEAR(noise.mean(), std::pow(10, -0.7), 5 * noise.std_error());
}

TEST(WaveformChannel, RadiatesThePowerOfItsSymbols) {
  const WaveformChannel channel = awgn_waveform();
  const Symbols x = random_symbols(300, 1);
  const ChannelState state = channel.realize(300, {}, {1, 1, 0});
  EXPECT_NEAR(channel.transmitted_energy(x, state) / x.squaredNorm(), 1, 5e-3);  // the short pulse interferes
}

TEST(WaveformChannel, TheEnvelopePeaksAboveTheSymbols) {
  const WaveformChannel channel = awgn_waveform();
  Symbols x = random_symbols(300, 1);
  for (Complex& symbol : x.reshaped()) symbol /= std::abs(symbol);
  const Symbols envelope = channel.envelope(x, channel.realize(300, {}, {1, 1, 0}));
  EXPECT_EQ(envelope.rows(), 1200);
  const float papr = envelope.cwiseAbs2().maxCoeff() / envelope.cwiseAbs2().mean();
  EXPECT_GT(papr, 1.8);  // 2.6 dB
  EXPECT_LT(papr, 6);
}

TEST(WaveformChannel, DrawsOffsetsWithinTheirRange) {
  const WaveformChannel channel = awgn_waveform();
  double least_delay = 1e9, most_delay = 0, most_cfo = 0;
  for (std::uint64_t trial = 0; trial < 500; ++trial) {
    const SyncOffsets offsets = WaveformChannel::offsets(channel.realize(1, {}, {1, trial, 0}));
    least_delay = std::min(least_delay, offsets.delay);
    most_delay = std::max(most_delay, offsets.delay);
    most_cfo = std::max(most_cfo, std::abs(offsets.cfo));
  }
  EXPECT_LT(least_delay, 1);
  EXPECT_GE(least_delay, 0);
  EXPECT_GT(most_delay, 31);
  EXPECT_LE(most_delay, 32);
  EXPECT_GT(most_cfo, 0.0024);
  EXPECT_LE(most_cfo, 0.0025);
}

TEST(WaveformChannel, ALongerRealisationBeginsWithTheShorterOne) {
  const WaveformChannel channel(std::make_unique<FlatFading>(Fading::block, 0), kFormat, 0.01, {});
  const ChannelState shorter = channel.realize(10, {}, {1, 4, 0}), longer = channel.realize(20, {}, {1, 4, 0});
  EXPECT_EQ(shorter.gain, longer.gain.topRows(10));
  EXPECT_EQ(shorter.detail, longer.detail);
  EXPECT_EQ(shorter.noise, longer.noise.topRows(shorter.noise.rows()));
}

TEST(WaveformChannel, FadesAsTheChannelInsideDid) {
  const WaveformChannel channel(std::make_unique<FlatFading>(Fading::block, 0), kFormat, 0.01, {});
  EXPECT_EQ(channel.earlier_gain({1, 4, 0}, 0.5), FlatFading(Fading::block, 0).earlier_gain({1, 4, 0}, 0.5));
}

TEST(WaveformChannel, TakesOnlySlowGains) {
  EXPECT_THROW(WaveformChannel(std::make_unique<FlatFading>(Fading::symbol, 0), kFormat, 0, {}), Error);
}

}  // namespace
}  // namespace semlink
