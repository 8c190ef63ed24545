#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include <semlink/channel/mimo_channel.h>
#include <semlink/channel/mimo_ofdm_front_end.h>
#include <semlink/core/error.h>
#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr OfdmGrid kGrid{.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = 8};
constexpr double kDopplerHz = 300;

OfdmStatistics echoes() { return {tdl_taps("tdl_c", 100e-9), kDopplerHz, kGrid}; }

/// One path that stands still: straight lines follow it.
OfdmStatistics no_echoes() { return {{{0, 1}}, 0, kGrid}; }

MimoChannel channel(const OfdmStatistics& statistics, Index num_streams, Index num_rx) {
  return MimoChannel({.num_tx = num_streams,
                      .num_rx = num_rx,
                      .num_streams = num_streams,
                      .ofdm = DelayLine::Options{statistics.taps, statistics.doppler_hz, statistics.grid}});
}

/// Four antennas send so many streams in the strongest directions of the band.
MimoChannel precoded(const OfdmStatistics& statistics, Index num_streams, Index num_rx) {
  return MimoChannel({.num_tx = 4,
                      .num_rx = num_rx,
                      .num_streams = num_streams,
                      .precoding = MimoChannel::Precoding::wideband,
                      .ofdm = DelayLine::Options{statistics.taps, statistics.doppler_hz, statistics.grid}});
}

MimoOfdmFrontEnd front_end(GainEstimator estimator, const OfdmStatistics& statistics, Index num_streams,
                           Index symbol_step = 3) {
  return {{.estimator = estimator,
           .statistics = statistics,
           .num_streams = num_streams,
           .subcarrier_step = 5,
           .symbol_step = symbol_step},
          MimoDetector(MimoDetector::Rule::mmse)};
}

/// A frame through a channel.
struct Passage {
  Symbols x;
  ChannelState state;
  Symbols y;
};

Passage pass(const MimoChannel& channel, const FrontEnd& front_end, Index num_uses, double snr_db,
             std::uint64_t trial) {
  Passage out{.x = Stream(1, Purpose::user, trial).complex_normals(num_uses, 1)};
  const Symbols framed = front_end.frame(out.x);
  out.state = channel.realize(framed.rows(), {.snr_db = snr_db}, {.seed = 2, .trial = trial});
  out.y = channel.apply(framed, out.state);
  return out;
}

TEST(OfdmPilots, OfSeveralStreamsGoInAndComeOut) {
  for (const auto& [step, symbol_step, num_streams] :
       {std::array<Index, 3>{4, 4, 2}, {4, 3, 4}, {5, 1, 3}, {7, 2, 3}}) {
    const OfdmPilots pilots(30, step, symbol_step, num_streams);
    for (Index num_slots = 0; num_slots < 200; ++num_slots) {
      const Symbols x = Stream(3, Purpose::user, 0).complex_normals(num_slots, num_streams);
      const Symbols framed = pilots.insert(x);
      Index count = 0;
      for (Index row = 0; row < framed.rows(); ++row) count += pilots.is_pilot(row);
      ASSERT_EQ(count, pilots.num_pilots(num_slots));
      ASSERT_EQ(pilots.num_slots(framed.rows()), num_slots);
      ASSERT_EQ(pilots.remove(framed), x);
    }
  }
}

TEST(OfdmPilots, OfAStreamStandAloneOnItsCombWithTheMeanPowerOfAll) {
  const OfdmPilots pilots(32, 5, 2, 3);
  const Symbols framed = pilots.insert(Symbols::Zero(100, 3));
  for (Index stream = 0; stream < 3; ++stream)
    for (const Index subcarrier : pilots.subcarriers(stream))
      for (const Index symbol : {0, 2}) {
        const Symbols slot = framed.row(symbol * 32 + subcarrier);
        EXPECT_NEAR(std::norm(slot(0, stream)), 3, 1e-5);
        EXPECT_NEAR(slot.squaredNorm(), 3, 1e-5);
      }
  EXPECT_NEAR(framed.squaredNorm(), static_cast<float>(3 * pilots.num_pilots(100)), 1e-3);
}

TEST(OfdmPilots, OfSeveralStreamsNeedRoom) {
  EXPECT_THROW(OfdmPilots(32, 2, 4, 3), Error);
  EXPECT_THROW(OfdmPilots(2, 8, 4, 3), Error);
  EXPECT_THROW(OfdmPilots(32, 4, 1, 4), Error);
  EXPECT_THROW(OfdmPilots(2, 4, 1, 2), Error);
  EXPECT_NO_THROW(OfdmPilots(32, 4, 2, 4));
}

class MimoOfdmEstimators : public testing::TestWithParam<GainEstimator> {};
INSTANTIATE_TEST_SUITE_P(LsAndLmmse, MimoOfdmEstimators,
                         testing::Values(GainEstimator::least_squares, GainEstimator::lmmse));

TEST_P(MimoOfdmEstimators, StateTheErrorOfTheMatricesAndTheNoise) {
  const OfdmStatistics statistics = GetParam() == GainEstimator::lmmse ? echoes() : no_echoes();
  const MimoChannel sent_over = channel(statistics, 2, 3);
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), statistics, 2);
  const OfdmPilots pilots(32, 5, 3, 2);
  test::Average noise, error, stated, snr;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    const Passage p = pass(sent_over, receiver, 2 * 100, 5, trial);
    const SlotEstimates estimates = receiver.estimate(p.y);
    double sum = 0;
    Index data = 0;
    for (Index slot = 0; slot < p.y.rows(); ++slot) {
      if (pilots.is_pilot(slot)) continue;
      sum += (slot_matrix(estimates.effective, data++, 3) - slot_matrix(p.state.detail, slot, 3)).squaredNorm();
    }
    ASSERT_EQ(data, 100);
    error.add(sum / (100 * 3));
    stated.add(estimates.error_var.mean());
    noise.add(estimates.noise_var);
    snr.add(estimates.snr);
  }
  const double true_noise_var = std::pow(10, -0.5);
  EXPECT_NEAR(noise.mean(), true_noise_var, 5 * noise.std_error() + 0.02 * true_noise_var);
  EXPECT_NEAR(stated.mean(), error.mean(), 5 * error.std_error() + 0.02 * error.mean());
  EXPECT_NEAR(snr.mean(), 1 / true_noise_var, 5 * snr.std_error() + 0.05 / true_noise_var);
}

TEST_P(MimoOfdmEstimators, HandOnTheErrorThatIsLeft) {
  const OfdmStatistics statistics = GetParam() == GainEstimator::lmmse ? echoes() : no_echoes();
  const MimoChannel sent_over = channel(statistics, 2, 4);
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), statistics, 2);
  test::Average left, stated;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const Passage p = pass(sent_over, receiver, 200, 12, trial);
    const Equalized equalized = receiver.equalize(p.y, p.state);
    left.add((equalized.x_hat - p.x).squaredNorm() / 200);
    stated.add(equalized.noise_var.mean());
  }
  // The estimate's error is taken for white noise, which is right in the mean over fades within a few per cent.
  EXPECT_NEAR(stated.mean() / left.mean(), 1, 0.06);
}

// Pilots go through the precoder too, so what they show is what the symbols see.
TEST_P(MimoOfdmEstimators, ReceiveWhatOnePrecoderForTheBandSends) {
  const OfdmStatistics statistics = GetParam() == GainEstimator::lmmse ? echoes() : no_echoes();
  const MimoChannel sent_over = precoded(statistics, 2, 2), plain = channel(statistics, 2, 2);
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), statistics, 2);
  test::Average left, stated, without;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const Passage p = pass(sent_over, receiver, 200, 12, trial);
    const Equalized equalized = receiver.equalize(p.y, p.state);
    left.add((equalized.x_hat - p.x).squaredNorm() / 200);
    stated.add(equalized.noise_var.mean());
    const Passage q = pass(plain, receiver, 200, 12, trial);
    without.add(std::min(1.0F, (receiver.equalize(q.y, q.state).x_hat - q.x).squaredNorm() / 200));
  }
  EXPECT_NEAR(stated.mean() / left.mean(), 1, 0.06);
  EXPECT_LT(left.mean(), 0.4 * without.mean());
}

TEST_P(MimoOfdmEstimators, KnowNothingButWhatArrives) {
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), echoes(), 2);
  Passage p = pass(channel(echoes(), 2, 2), receiver, 75, 10, 0);
  const Equalized honest = receiver.equalize(p.y, p.state);
  p.state.detail.setConstant(7);
  p.state.gain.setConstant(7);
  p.state.noise.setZero();
  p.state.noise_var = 7;
  const Equalized misled = receiver.equalize(p.y, p.state);
  EXPECT_EQ(honest.x_hat, misled.x_hat);
  EXPECT_EQ(honest.noise_var, misled.noise_var);
  EXPECT_EQ(honest.quality.snr_db, misled.quality.snr_db);
}

TEST_P(MimoOfdmEstimators, PullbacksAreTheAdjoints) {
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), echoes(), 3);
  const Index num_uses = 140;  // the last slot in part
  const Passage p = pass(channel(echoes(), 3, 4), receiver, num_uses, 10, 1);
  Stream stream(4, Purpose::user, 0);
  const Symbols d = stream.complex_normals(num_uses, 1), g = stream.complex_normals(num_uses, 1);
  const Symbols g_framed = stream.complex_normals(num_uses + receiver.num_pilots(num_uses), 1);
  test::expect_adjoint([&](const Symbols& v) { return receiver.frame(v); },
                       [&](const Symbols& v) { return receiver.frame_pullback(v); }, p.x, d, g_framed);
  // Steps in the slots of data alone leave every estimate as it is.
  const OfdmPilots pilots(32, 5, 3, 3);
  const Symbols step = pilots.spread(stream.complex_normals(pilots.num_slots(p.y.rows()), 4));
  test::expect_adjoint([&](const Symbols& v) { return receiver.equalize(v, p.state).x_hat; },
                       [&](const Symbols& v) { return receiver.pullback(v, p.y, p.state); }, p.y, step, g);
}

TEST_P(MimoOfdmEstimators, ChargePilotsOfEveryStreamAndReceiveShortFrames) {
  const MimoOfdmFrontEnd receiver = front_end(GetParam(), no_echoes(), 3);
  const MimoChannel sent_over = channel(no_echoes(), 3, 3);
  EXPECT_EQ(receiver.num_pilots(0), 9);   // a pilot of each stream, over three uses each
  EXPECT_EQ(receiver.num_pilots(6), 9);   // two slots of data fit behind them
  EXPECT_EQ(receiver.num_pilots(7), 18);  // the third is in the second group
  for (const Index num_uses : {0, 1, 5, 6, 7, 50, 96, 97}) {
    const Passage p = pass(sent_over, receiver, num_uses, 55, 2);
    ASSERT_EQ(p.state.gain.rows(), num_uses + receiver.num_pilots(num_uses));
    const Equalized equalized = receiver.equalize(p.y, p.state);
    ASSERT_EQ(equalized.x_hat.rows(), num_uses);
    ASSERT_EQ(equalized.noise_var.size(), num_uses);
    EXPECT_TRUE(equalized.noise_var.allFinite() && std::isfinite(equalized.quality.snr_db));
    // 55 dB: what is left is far below a symbol even where the matrix is bad. One pilot says nothing of the noise.
    if (num_uses <= 50) continue;
    EXPECT_LT((equalized.x_hat - p.x).cwiseAbs().maxCoeff(), 0.3);
  }
}

/// Mean error of symbols after reception at 15 dB over echoes, at most 1 a frame.
double mean_error(const FrontEnd& receiver) {
  const MimoChannel sent_over = channel(echoes(), 2, 2);
  test::Average error;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Passage p = pass(sent_over, receiver, 400, 15, trial);
    error.add(std::min(1.0f, (receiver.equalize(p.y, p.state).x_hat - p.x).squaredNorm() / 400));
  }
  return error.mean();
}

TEST(MimoOfdmFrontEnd, LosesLittleWithStatisticsAndMoreWithout) {
  const double genie = mean_error(MimoFrontEnd(MimoDetector(MimoDetector::Rule::mmse)));
  const double lmmse = mean_error(front_end(GainEstimator::lmmse, echoes(), 2, 1));
  const double lines = mean_error(front_end(GainEstimator::least_squares, echoes(), 2, 1));
  EXPECT_LT(genie, lmmse);
  EXPECT_LT(lmmse, lines);
  EXPECT_LT(lmmse, 1.5 * genie);
}

TEST(MimoOfdmFrontEnd, RefusesOtherChannels) {
  const MimoOfdmFrontEnd receiver = front_end(GainEstimator::lmmse, echoes(), 2);
  const Passage p = pass(channel(echoes(), 2, 2), receiver, 60, 10, 0);
  EXPECT_THROW(receiver.equalize(p.y.leftCols(1), p.state), Error);
  EXPECT_THROW(front_end(GainEstimator::lmmse, echoes(), 3).equalize(p.y, p.state), Error);
}

TEST(MimoOfdmPlugins, ReadTheirKeysAndRefuseAPrecoderForEverySubcarrier) {
  MimoOfdmLmmsePlugin plugin;
  Keys keys;
  plugin.declare(keys);
  keys.set("ofdm.num_subcarriers", "16");
  keys.set("channel.num_streams", "3");
  keys.set("frontend.pilot_subcarrier_step", "8");
  keys.set("frontend.pilot_symbol_step", "1");
  EXPECT_EQ(plugin.make()->num_pilots(3 * 10), 3 * 6);
  keys.set("frontend.pilot_subcarrier_step", "2");
  EXPECT_THROW(plugin.make(), Error);
  keys.set("frontend.pilot_subcarrier_step", "4");
  keys.set("channel.precoding", "wideband");
  EXPECT_NO_THROW(plugin.make());
  keys.set("channel.precoding", "svd");
  EXPECT_THROW(plugin.make(), Error);
}

}  // namespace
}  // namespace semlink
