#include <semlink/channel/waveform/packet.h>

#include <gtest/gtest.h>

#include <semlink/channel/waveform/carrier_phase.h>
#include <semlink/core/error.h>
#include <semlink/core/rng.h>

#include "support/statistics.h"

namespace semlink {
namespace {

Symbols random_symbols(Index count, std::uint64_t trial) {
  return Stream(4, Purpose::user, trial).complex_normals(count, 1);
}

struct Shape {
  Index preamble;
  Index spacing;
};
class EveryPacket : public testing::TestWithParam<Shape> {
 protected:
  Packet packet_{GetParam().preamble, GetParam().spacing};
};
INSTANTIATE_TEST_SUITE_P(Shapes, EveryPacket,
                         testing::Values(Shape{0, 0}, Shape{64, 0}, Shape{0, 5}, Shape{64, 16}, Shape{31, 2}));

TEST_P(EveryPacket, GivesBackWhatWasPutIn) {
  for (const Index count : {0, 1, 4, 5, 15, 16, 100, 5000}) {
    const Symbols x = random_symbols(count, 1);
    const Symbols sent = packet_.insert(x);
    EXPECT_EQ(sent.rows(), count + packet_.overhead(count));
    EXPECT_EQ(packet_.num_symbols(sent.rows()), count);
    EXPECT_EQ(packet_.remove(sent), x);
    EXPECT_EQ(packet_.remove(packet_.spread(x)), x);
  }
}

TEST_P(EveryPacket, AddsSymbolsOfPowerOne) {
  const Symbols sent = packet_.insert(Symbols::Zero(100, 1));
  EXPECT_NEAR(sent.squaredNorm(), packet_.overhead(100), 1e-4 * static_cast<double>(sent.rows()));
}

TEST(Packet, ThePreambleIsLikeItselfAtNoOtherDelay) {
  const Symbols preamble = Packet(64, 0).preamble();
  for (Index shift = 1; shift < 64; ++shift) {
    const Complex sum = (preamble.topRows(64 - shift).conjugate().cwiseProduct(preamble.bottomRows(64 - shift))).sum();
    EXPECT_LT(std::abs(sum), 24) << shift;  // three standard deviations of 64 random products
  }
}

TEST(Packet, RefusesPilotsWithoutSymbolsBetween) { EXPECT_THROW(Packet(64, 1), Error); }

/// A packet of 300 symbols whose carrier runs away, with noise.
Symbols turned(const Packet& packet, double phase, double slope, double noise_var, std::uint64_t trial) {
  Symbols received = packet.insert(random_symbols(300, trial));
  const Symbols noise = random_symbols(received.rows(), trial + 1000000);
  for (Index k = 0; k < received.rows(); ++k)
    received(k, 0) = received(k, 0) * static_cast<Complex>(std::polar(1.0, phase + slope * static_cast<double>(k))) +
                     static_cast<float>(std::sqrt(noise_var)) * noise(k, 0);
  return received;
}

TEST(CarrierPhase, FindsALineWithoutNoise) {
  const Packet packet(64, 16);
  const Symbols received = turned(packet, 0.4, -0.003, 0, 1);
  const CarrierPhase carrier = estimate_carrier_phase(received, packet);
  for (Index k = 0; k < received.rows(); k += 50)
    EXPECT_NEAR(std::remainder(carrier.phase(k) - 0.4 + 0.003 * static_cast<double>(k), 2 * M_PI), 0, 1e-3) << k;
}

TEST(CarrierPhase, ErrsAsMuchAsItSaysAndNoMoreThanItMust) {
  const Packet packet(64, 16);
  for (const double noise_var : {0.5, 0.05}) {
    test::Average first, last, claimed;
    for (std::uint64_t trial = 0; trial < 400; ++trial) {
      const Symbols received = turned(packet, 0.2, 0.002, noise_var, trial);
      const CarrierPhase carrier = estimate_carrier_phase(received, packet);
      const Index end = received.rows() - 1;
      const double error = std::remainder(carrier.phase(end) - 0.2 - 0.002 * static_cast<double>(end), 2 * M_PI);
      first.add(std::pow(std::remainder(carrier.phase(0) - 0.2, 2 * M_PI), 2));
      last.add(error * error);
      claimed.add(carrier.error_var(end));
    }
    EXPECT_NEAR(claimed.mean(), last.mean(), 5 * last.std_error()) << noise_var;
    // The Cramer-Rao bound of 84 known symbols with phase and frequency unknown is at least N0 / (2 x 84); the start
    // lies close to the preamble, the end far out on the lever.
    EXPECT_GT(last.mean(), first.mean());
    EXPECT_GT(first.mean(), noise_var / 168 - 5 * first.std_error());
    EXPECT_LT(first.mean(), 4 * noise_var / 168);
  }
}

TEST(CarrierPhase, OfNothingKnownIsZero) {
  const CarrierPhase carrier = estimate_carrier_phase(random_symbols(20, 1), Packet(0, 0));
  EXPECT_EQ(carrier.phase.cwiseAbs().maxCoeff(), 0);
}

TEST(CarrierPhase, OfNoiseAloneIsFinite) {
  const Packet packet(64, 16);
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const CarrierPhase carrier = estimate_carrier_phase(random_symbols(384, trial), packet);
    EXPECT_TRUE(carrier.phase.allFinite() && carrier.error_var.allFinite());
  }
  EXPECT_TRUE(estimate_carrier_phase(Symbols::Zero(384, 1), packet).error_var.allFinite());
}

}  // namespace
}  // namespace semlink
