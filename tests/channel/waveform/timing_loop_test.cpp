#include <semlink/channel/waveform/timing_loop.h>

#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/awgn.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/waveform/packet.h>
#include <semlink/channel/waveform/pulse_shaper.h>
#include <semlink/channel/waveform/settings.h>
#include <semlink/core/error.h>

#include "support/statistics.h"

namespace semlink {
namespace {

/// Mean squared error of 1000 analog symbols through a waveform at 15 dB whose receiver's clock is off, over N0.
test::Average error_over_n0(const char* timing, double offset_ppm, std::uint64_t num_trials) {
  WaveformSettings waveform;
  waveform.kind = "rrc";
  waveform.sync = "liquid";
  waveform.timing = timing;
  ImpairmentSettings radio;
  radio.sampling_offset_ppm = offset_ppm;
  const auto channel = waveform.wrap(std::make_unique<AwgnChannel>(), radio);
  const auto front_end = waveform.wrap(std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing));
  test::Average error;
  for (std::uint64_t trial = 0; trial < num_trials; ++trial) {
    const Symbols x = Stream(6, Purpose::user, trial).complex_normals(1000, 1);
    const Symbols frame = front_end->frame(x);
    const ChannelState state = channel->realize(frame.rows(), {.snr_db = 15}, {1, trial, 0});
    const Equalized out = front_end->equalize(channel->apply(frame, state), state);
    EXPECT_TRUE(out.detected.value_or(false));
    if (out.x_hat.rows() == x.rows()) error.add((out.x_hat - x).squaredNorm() / 1000 * std::pow(10.0f, 1.5f));
  }
  return error;
}

/// Mean squared error of the first 200 symbols of a packet that is `delay` samples late, from two samples a symbol and
/// without noise, for a receiver that takes it for `estimate`; after the preamble, for symbols of power 1.
double error_at_start(double delay, double estimate) {
  const WaveformFormat format;
  const Packet packet(64, 0);
  const Symbols sent = packet.insert(Stream(6, Purpose::user, 1).complex_normals(300, 1));
  const Symbols samples = PulseShaper(format).shape(sent, delay);
  const Symbols heard = TimingLoop(format, 0.005).track(samples, estimate, packet.preamble(), sent.rows());
  return (heard - sent).middleRows(64, 200).squaredNorm() / 200;
}

TEST(TimingLoop, BeginsWhereThePreambleSaysAtAnyDelay) {
  // A loop in its place leaves -38 dB or less, one that begins a quarter of a symbol beside it -23 dB, half a symbol
  // -8 dB: there nothing moves it.
  for (const double whole : {0.0, 7.0})
    for (const double late : {-0.5, -0.3, -1e-3, 0.0, 1e-3, 0.25, 0.5}) {
      EXPECT_LT(error_at_start(whole + late, whole + late), 1e-3) << whole + late;
      EXPECT_LT(error_at_start(whole, whole + late / 100), 1e-3) << whole + late / 100;
    }
}

TEST(TimingLoop, FollowsAClockThatIsOff) {
  EXPECT_GT(error_over_n0("preamble", 200, 20).mean(), 2);
  for (const double offset_ppm : {-500.0, 200.0})
    EXPECT_LT(error_over_n0("loop", offset_ppm, 20).mean(), 1.1) << offset_ppm;
}

TEST(TimingLoop, JittersWhereTheClockIsRight) {
  const test::Average fixed = error_over_n0("preamble", 0, 30), loop = error_over_n0("loop", 0, 30);
  EXPECT_GT(loop.mean(), fixed.mean());
  EXPECT_LT(loop.mean(), 1.1);
}

TEST(TimingLoop, FillsUpAPacketThatEndsEarly) {
  const WaveformFormat format;
  const Symbols preamble = Packet(64, 0).preamble();
  const Symbols symbols = TimingLoop(format, 0.005).track(Symbols::Zero(20, 1), 30, preamble, 100);
  EXPECT_EQ(symbols.rows(), 100);
  EXPECT_EQ(symbols.squaredNorm(), 0);
}

TEST(TimingLoop, HasNoGradient) {
  WaveformSettings waveform;
  waveform.kind = "rrc";
  waveform.sync = "liquid";
  waveform.timing = "loop";
  const auto front_end = waveform.wrap(std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing));
  EXPECT_THROW(front_end->pullback(Symbols::Zero(10, 1), Symbols::Zero(400, 1), ChannelState{}), Error);
}

}  // namespace
}  // namespace semlink
