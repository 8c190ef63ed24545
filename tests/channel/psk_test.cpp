#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numbers>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/liquid_dsp.h>
#include <semlink/channel/modem.h>
#include "support/statistics.h"

namespace semlink {
namespace {

class EveryPsk : public testing::TestWithParam<std::string> {
 protected:
  Modem modem_{GetParam()};
  Index num_points() const { return Index{1} << modem_.bits_per_symbol(); }

  Bits bits_of(Index label) const {
    Bits bits;
    for (Index bit = modem_.bits_per_symbol() - 1; bit >= 0; --bit) bits.push_back((label >> bit) & 1);
    return bits;
  }
};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryPsk, testing::Values("8psk", "16psk", "32psk", "64psk"),
                         [](const auto& info) { return info.param; });

TEST_P(EveryPsk, HasPointsOfMagnitudeOne) {
  for (Index label = 0; label < num_points(); ++label)
    EXPECT_NEAR(std::abs(modem_.modulate(bits_of(label))(0, 0)), 1, 1e-6) << label;
}

TEST_P(EveryPsk, HasTheLabelsOfLiquid) {
  const modemcf liquid =
      modemcf_create(liquid_getopt_str2mod(("psk" + GetParam().substr(0, GetParam().size() - 3)).c_str()));
  for (Index label = 0; label < num_points(); ++label) {
    Complex expected;
    modemcf_modulate(liquid, static_cast<unsigned>(label), &expected);
    EXPECT_LT(std::abs(modem_.modulate(bits_of(label))(0, 0) - expected), 1e-5f) << label;
  }
  modemcf_destroy(liquid);
}

TEST_P(EveryPsk, DecidesWhateverTheMagnitude) {
  const Symbols far = 100 * modem_.modulate(bits_of(num_points() - 1));
  EXPECT_EQ(modem_.decide(far), bits_of(num_points() - 1));
  EXPECT_EQ(modem_.decide(0.001f * far), bits_of(num_points() - 1));
}

TEST_P(EveryPsk, GarbageDecidesForSomePoint) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::uint8_t bit : modem_.decide(Symbols::Constant(1, 1, Complex(nan, nan)))) EXPECT_LE(bit, 1);
}

/// Density of the phase of 1 plus circular noise at Es/N0 = `snr`. Proakis, Digital Communications, 4th edition,
/// section 5.2.7.
double phase_density(double phase, double snr) {
  const double c = std::sqrt(snr) * std::cos(phase);
  const double s = std::sin(phase);
  return std::exp(-snr) / (2 * std::numbers::pi) +
         c / std::sqrt(std::numbers::pi) * std::exp(-snr * s * s) * 0.5 * std::erfc(-c);
}

/// Probability that the phase falls into a sector of width 2 pi / num_points around 2 pi k / num_points; Simpson's
/// rule.
double sector_probability(Index k, Index num_points, double snr) {
  constexpr int kSteps = 400;
  const double width = 2 * std::numbers::pi / static_cast<double>(num_points);
  const double from = (static_cast<double>(k) - 0.5) * width;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i)
    sum += (i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2) * phase_density(from + width * i / kSteps, snr);
  return sum * width / kSteps / 3;
}

/// Bit error rate of Gray-mapped M-PSK: sectors by the bits that differ, averaged over what was sent.
double bit_error_rate(Index num_points, double snr) {
  double errors = 0;
  for (Index k = 1; k < num_points; ++k) {
    int differing = 0;
    for (Index sent = 0; sent < num_points; ++sent) {
      const Index decided = (sent + k) % num_points;
      differing += std::popcount(static_cast<unsigned>((sent ^ (sent >> 1)) ^ (decided ^ (decided >> 1))));
    }
    errors += sector_probability(k, num_points, snr) * differing / static_cast<double>(num_points);
  }
  return errors / std::log2(static_cast<double>(num_points));
}

/// Symbol error rate by another formula: (1 / pi) int_0^{pi - pi/M} exp(-snr sin^2(pi/M) / sin^2 t) dt. Craig, MILCOM
/// 1991.
double craig_symbol_error_rate(Index num_points, double snr) {
  constexpr int kSteps = 20000;
  const double half = std::numbers::pi / static_cast<double>(num_points);
  const double step = (std::numbers::pi - half) / kSteps;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double ratio = std::sin(half) / std::sin((i + 0.5) * step);
    sum += std::exp(-snr * ratio * ratio);
  }
  return sum * step / std::numbers::pi;
}

struct PskCase {
  const char* constellation;
  double snr_db;
};

std::ostream& operator<<(std::ostream& out, const PskCase& c) {
  return out << c.constellation << " " << c.snr_db << " dB";
}

class PskErrors : public testing::TestWithParam<PskCase> {
 protected:
  Modem modem_{GetParam().constellation};
  Index num_points_ = Index{1} << modem_.bits_per_symbol();
  double snr_ = std::pow(10.0, GetParam().snr_db / 10);
};

INSTANTIATE_TEST_SUITE_P(EsN0, PskErrors,
                         testing::Values(PskCase{"8psk", 3}, PskCase{"8psk", 8}, PskCase{"8psk", 14},
                                         PskCase{"16psk", 12}, PskCase{"32psk", 18}, PskCase{"64psk", 24}));

TEST_P(PskErrors, TheoryOfThisTestAgreesWithCraig) {
  const double correct = sector_probability(0, num_points_, snr_);
  EXPECT_NEAR(1 - correct, craig_symbol_error_rate(num_points_, snr_), 1e-7);
}

TEST_P(PskErrors, AgreeWithTheory) {
  const Index num_symbols = 100000;
  Stream stream(1, Purpose::user, 0);
  Bits bits(static_cast<std::size_t>(num_symbols * modem_.bits_per_symbol()));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  const AwgnChannel channel;
  const ChannelState state = channel.realize(num_symbols, {.snr_db = GetParam().snr_db}, {.seed = 7});
  const Bits decided = modem_.decide(channel.apply(modem_.modulate(bits), state));
  test::Average rate;
  for (Index i = 0; i < num_symbols; ++i) {
    int errors = 0;
    for (Index bit = i * modem_.bits_per_symbol(); bit < (i + 1) * modem_.bits_per_symbol(); ++bit)
      errors += bits[static_cast<std::size_t>(bit)] != decided[static_cast<std::size_t>(bit)];
    rate.add(static_cast<double>(errors) / static_cast<double>(modem_.bits_per_symbol()));
  }
  EXPECT_NEAR(rate.mean(), bit_error_rate(num_points_, snr_), 5 * rate.std_error());
}

}  // namespace
}  // namespace semlink
