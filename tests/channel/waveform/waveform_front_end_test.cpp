#include <semlink/channel/waveform/waveform_front_end.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/waveform/liquid_planner.h>
#include <semlink/channel/waveform/settings.h>
#include <semlink/channel/waveform/waveform_channel.h>
#include <semlink/core/error.h>

#include "support/adjoint.h"
#include "support/statistics.h"

// Of FFTW 3.
extern "C" void fftwf_forget_wisdom();
extern "C" char* fftwf_export_wisdom_to_string();

namespace semlink {
namespace {

constexpr WaveformFormat kFormat;
constexpr double kMaxCfo = 0.01;

Symbols random_symbols(Index count, std::uint64_t trial) {
  return Stream(6, Purpose::user, trial).complex_normals(count, 1);
}

WaveformFrontEnd genie(Packet packet = Packet(0, 0), Equalizer equalizer = Equalizer::zero_forcing) {
  return WaveformFrontEnd(std::make_unique<GenieFrontEnd>(equalizer), kFormat, std::move(packet), std::nullopt);
}

WaveformFrontEnd blind(
    std::unique_ptr<const FrontEnd> inner = std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing)) {
  return WaveformFrontEnd(std::move(inner), kFormat, Packet(64, 16), PacketDetector::Options{.max_cfo = kMaxCfo});
}

struct Passage {
  Symbols x, y;
  ChannelState state;
};

/// 300 symbols through a waveform channel.
Passage pass(const FrontEnd& front_end, const Channel& channel, double snr_db, std::uint64_t trial) {
  Passage p{.x = random_symbols(300, trial)};
  const Symbols frame = front_end.frame(p.x);
  p.state = channel.realize(frame.rows(), {.snr_db = snr_db}, {1, trial, 0});
  p.y = channel.apply(frame, p.state);
  return p;
}

class OverAwgn : public testing::Test {
 protected:
  WaveformChannel channel_{std::make_unique<AwgnChannel>(), kFormat, kMaxCfo, {}};

  /// Mean squared error per symbol and frame over what was found, what the receiver said of it, and how often it found
  /// nothing.
  struct Score {
    test::Average error, claimed;
    int missed = 0;
  };
  Score score(const FrontEnd& front_end, double snr_db, std::uint64_t num_trials) const {
    Score score;
    for (std::uint64_t trial = 0; trial < num_trials; ++trial) {
      const Passage p = pass(front_end, channel_, snr_db, trial);
      const Equalized out = front_end.equalize(p.y, p.state);
      if (!out.detected.value_or(true)) {
        ++score.missed;
        continue;
      }
      score.error.add((out.x_hat - p.x).squaredNorm() / static_cast<float>(p.x.rows()));
      score.claimed.add(out.noise_var.mean());
    }
    return score;
  }
};

TEST_F(OverAwgn, WithAGenieTheNoiseIsN0) {
  for (const double snr_db : {-5.0, 10.0, 20.0}) {
    const Score at = score(genie(), snr_db, 100);
    const double n0 = std::pow(10, -snr_db / 10);
    // Pulses that are cut off add 10^-5.7.
    EXPECT_NEAR(at.error.mean(), n0 + 2e-6, 5 * at.error.std_error()) << snr_db;
    EXPECT_NEAR(at.claimed.mean(), n0, 1e-6);
  }
}

/// Mean squared error at 40 dB of the symbols of a genie whose frames come up to `max_delay` symbols late.
test::Average error_of_a_genie(const ImpairmentSettings& radio, Index max_delay) {
  WaveformSettings waveform;
  waveform.kind = "rrc";
  waveform.max_delay = max_delay;
  const auto channel = waveform.wrap(std::make_unique<AwgnChannel>(), radio);
  const auto front_end = waveform.wrap(std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing));
  test::Average error;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const Passage p = pass(*front_end, *channel, 40, trial);
    error.add((front_end->equalize(p.y, p.state).x_hat - p.x).squaredNorm() / static_cast<float>(p.x.rows()));
  }
  return error;
}

TEST(WaveformFrontEnd, AGenieIsAsWrongAboutAFrameThatComesLate) {
  for (const ImpairmentSettings& radio :
       {ImpairmentSettings{.cfo = 1e-5}, ImpairmentSettings{.linewidth = 1e-6},
        ImpairmentSettings{.sampling_offset_ppm = 50}, ImpairmentSettings{.adc_bits = 8}}) {
    const test::Average prompt = error_of_a_genie(radio, 0), late = error_of_a_genie(radio, 5000);
    EXPECT_NEAR(late.mean(), prompt.mean(), 5 * std::hypot(late.std_error(), prompt.std_error()))
        << radio.cfo << " " << radio.linewidth << " " << radio.sampling_offset_ppm << " " << radio.adc_bits;
  }
}

TEST_F(OverAwgn, BlindSynchronisationLosesALittle) {
  for (const double snr_db : {3.0, 10.0}) {
    const Score at = score(blind(), snr_db, 150);
    const double n0 = std::pow(10, -snr_db / 10);
    EXPECT_EQ(at.missed, 0);
    EXPECT_GT(at.error.mean(), n0 + 3 * at.error.std_error()) << snr_db;
    EXPECT_LT(at.error.mean(), 1.12 * n0) << snr_db;
    EXPECT_NEAR(at.claimed.mean(), at.error.mean(), 3 * at.error.std_error()) << snr_db;
  }
}

TEST_F(OverAwgn, FramesGetLostInNoise) {
  EXPECT_LE(score(blind(), 3, 100).missed, 1);
  EXPECT_GE(score(blind(), -9, 50).missed, 30);
}

TEST_F(OverAwgn, NoiseAloneIsRarelyTakenForAFrame) {
  const PacketDetector detector(kFormat, Packet(64, 16).preamble(), {.max_cfo = kMaxCfo});
  int found = 0;
  for (std::uint64_t trial = 0; trial < 100; ++trial)
    found += detector.detect(random_symbols(kFormat.num_samples(384), trial)).has_value();
  EXPECT_LE(found, 5);
}

TEST_F(OverAwgn, TheDetectorEstimatesTheOffsets) {
  const WaveformFrontEnd front_end = blind();
  const PacketDetector detector(kFormat, Packet(64, 16).preamble(), {.max_cfo = kMaxCfo});
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const Passage p = pass(front_end, channel_, 15, trial);
    const SyncOffsets truth = WaveformChannel::offsets(p.state);
    const std::optional<SyncOffsets> found = detector.detect(p.y);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->delay, truth.delay, 0.2);  // samples; some 0.03 are usual
    EXPECT_NEAR(found->cfo, truth.cfo, 1e-3);
  }
}

TEST_F(OverAwgn, AMissedFrameHasNoRows) {
  const WaveformFrontEnd front_end = blind();
  Passage p = pass(front_end, channel_, 10, 1);
  p.y.setZero();
  const Equalized out = front_end.equalize(p.y, p.state);
  EXPECT_EQ(out.detected, false);
  EXPECT_EQ(out.x_hat.rows(), 0);
  EXPECT_EQ(out.noise_var.size(), 0);
  EXPECT_TRUE(std::isfinite(out.quality.snr_db));
  EXPECT_EQ(front_end.pullback(p.x, p.y, p.state), Symbols::Zero(p.y.rows(), 1));
}

TEST_F(OverAwgn, ABlindReceiverReadsNothingOfTheState) {
  const WaveformFrontEnd front_end = blind(std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{}));
  const Passage p = pass(front_end, channel_, 10, 1);
  ChannelState corrupted = p.state;
  corrupted.gain.setConstant(Complex(std::numeric_limits<float>::quiet_NaN(), 7));
  corrupted.detail.setConstant(Complex(3, 3));
  corrupted.noise.setZero();
  corrupted.noise_var = 1e6;
  const Equalized honest = front_end.equalize(p.y, p.state);
  const Equalized misled = front_end.equalize(p.y, corrupted);
  EXPECT_EQ(honest.x_hat, misled.x_hat);
  EXPECT_EQ(honest.noise_var, misled.noise_var);
  EXPECT_NE(genie().equalize(p.y, p.state).x_hat, genie().equalize(p.y, corrupted).x_hat);
}

TEST_F(OverAwgn, PullbackWithAGenieIsAdjoint) {
  const WaveformFrontEnd front_end = genie(Packet(20, 8), Equalizer::mmse);
  const Passage p = pass(front_end, channel_, 10, 1);
  const Symbols d = random_symbols(p.y.rows(), 2), g = random_symbols(300, 3);
  test::expect_adjoint([&](const Symbols& at) { return front_end.equalize(at, p.state).x_hat; },
                       [&](const Symbols& g_x) { return front_end.pullback(g_x, p.y, p.state); }, p.y, d, g);
}

TEST_F(OverAwgn, PullbackOfABlindReceiverIsNearlyTheGenies) {
  const WaveformFrontEnd front_end = blind();
  const Passage p = pass(front_end, channel_, 30, 4);
  const Symbols g = random_symbols(300, 3);
  const Symbols expected = genie(Packet(64, 16)).pullback(g, p.y, p.state);
  EXPECT_LT((front_end.pullback(g, p.y, p.state) - expected).norm(), 0.1f * expected.norm());
}

// Plans chosen by the clock made one process in three round differently. FFTW notes in its wisdom that it had no time
// to measure.
TEST_F(OverAwgn, TransformsAreNotPlannedByTheClock) {
  const WaveformFrontEnd front_end = blind();
  const Passage p = pass(front_end, channel_, 5, 1);
  {
    const std::scoped_lock lock(liquid_planner());
    fftwf_forget_wisdom();
  }
  front_end.equalize(p.y, p.state);
  const std::scoped_lock lock(liquid_planner());
  const std::unique_ptr<char, decltype(&std::free)> wisdom(fftwf_export_wisdom_to_string(), &std::free);
  EXPECT_NE(std::string(wisdom.get()).find("TIMEOUT"), std::string::npos) << wisdom.get();
}

TEST_F(OverAwgn, ThreadsFindTheSameFrames) {
  const WaveformFrontEnd front_end = blind();
  std::vector<Passage> passages;
  std::vector<Symbols> alone;
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    passages.push_back(pass(front_end, channel_, 5, trial));
    alone.push_back(front_end.equalize(passages.back().y, passages.back().state).x_hat);
  }
  std::vector<Symbols> together(passages.size());
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < passages.size(); i += 4)
        together[i] = front_end.equalize(passages[i].y, passages[i].state).x_hat;
    });
  threads.clear();
  EXPECT_EQ(together, alone);
}

TEST_F(OverAwgn, GarbageIsReceivedOrMissed) {
  const WaveformFrontEnd fixed = blind();
  const WaveformFrontEnd looped(std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{}), kFormat, Packet(64, 16),
                                PacketDetector::Options{.threshold = 0.1, .max_cfo = kMaxCfo},
                                TimingLoop(kFormat, 0.01));
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    Passage p = pass(fixed, channel_, 10, trial);
    Stream stream(12, Purpose::user, trial);
    const Index cut = static_cast<Index>(stream.below(static_cast<std::uint64_t>(p.y.rows())));
    const float scale = std::pow(10.0f, 40 * static_cast<float>(stream.uniform()) - 20);
    p.y.bottomRows(cut) = scale * random_symbols(cut, trial);  // the packet ends in noise, louder or softer
    for (const FrontEnd* front_end : {static_cast<const FrontEnd*>(&fixed), static_cast<const FrontEnd*>(&looped)}) {
      const Equalized out = front_end->equalize(p.y, p.state);
      EXPECT_TRUE(out.x_hat.allFinite() && out.noise_var.allFinite()) << trial;
      EXPECT_EQ(out.x_hat.rows(), out.noise_var.size());
    }
  }
  EXPECT_THROW(fixed.equalize(Symbols::Zero(10, 1), {}), Error);
}

TEST(WaveformFrontEnd, PreambleAndPilotsArePilots) {
  const WaveformFrontEnd front_end =
      blind(std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{.pilot_spacing = 10}));
  const Index inner = PilotFrontEnd({.pilot_spacing = 10}).num_pilots(300);
  EXPECT_EQ(front_end.num_pilots(300), inner + 64 + (300 + inner + 14) / 15);
  EXPECT_EQ(front_end.frame(random_symbols(300, 1)).rows(), 300 + front_end.num_pilots(300));
  EXPECT_EQ(genie().num_pilots(300), 0);
  const Symbols x = random_symbols(300, 1);
  EXPECT_EQ(front_end.frame_pullback(front_end.frame(x)), x);
}

TEST(WaveformFrontEnd, RecoversThePhaseOfAFade) {
  const WaveformChannel channel(std::make_unique<FlatFading>(Fading::block, 0), kFormat, kMaxCfo, {});
  const WaveformFrontEnd front_end = blind();
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const Passage p = pass(front_end, channel, 30, trial);
    if (std::norm(p.state.gain(0, 0)) < 0.1) continue;
    const Equalized out = front_end.equalize(p.y, p.state);
    ASSERT_TRUE(out.detected.value_or(false));
    EXPECT_LT((out.x_hat - p.x).squaredNorm() / 300, 0.03) << trial;
  }
}

TEST(WaveformSettings, NothingChangesWithoutAWaveform) {
  const WaveformSettings off;
  auto channel = std::make_unique<AwgnChannel>();
  const Channel* const same_channel = channel.get();
  EXPECT_EQ(off.wrap(std::move(channel), ImpairmentSettings{}).get(), same_channel);
  auto front_end = std::make_unique<GenieFrontEnd>(Equalizer::mmse);
  const FrontEnd* const same_front_end = front_end.get();
  EXPECT_EQ(off.wrap(std::move(front_end)).get(), same_front_end);
}

TEST(WaveformSettings, RefuseAPilotInEveryUse) {
  WaveformSettings settings;
  Keys keys;
  settings.declare(keys);
  keys.set("waveform.kind", "rrc");
  keys.set("waveform.sync", "liquid");
  keys.set("waveform.pilot_spacing", "1");
  EXPECT_THROW(settings.wrap(std::make_unique<GenieFrontEnd>(Equalizer::mmse)), Error);
}

}  // namespace
}  // namespace semlink
