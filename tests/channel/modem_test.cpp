#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/liquid_dsp.h>
#include <semlink/channel/modem.h>
#include <semlink/core/error.h>
#include "support/statistics.h"

namespace semlink {
namespace {

Bits random_bits(Stream& stream, Index count) {
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

/// Bits of the number `label`, highest first.
Bits bits_of(Index label, Index count) {
  Bits bits;
  for (Index bit = count - 1; bit >= 0; --bit) bits.push_back((label >> bit) & 1);
  return bits;
}

/// All points of a constellation, by label.
Symbols points_of(const Modem& modem) {
  Bits all;
  for (Index label = 0; label < (Index{1} << modem.bits_per_symbol()); ++label) {
    const Bits bits = bits_of(label, modem.bits_per_symbol());
    all.insert(all.end(), bits.begin(), bits.end());
  }
  return modem.modulate(all);
}

Eigen::VectorXf constant_noise(Index count, double noise_var) {
  return Eigen::VectorXf::Constant(count, static_cast<float>(noise_var));
}

class EveryConstellation : public testing::TestWithParam<std::string> {
 protected:
  Modem modem_{GetParam()};
  Symbols points_ = points_of(modem_);
};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryConstellation, testing::ValuesIn(Modem::constellations()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryConstellation, HasUnitMeanPower) {
  EXPECT_NEAR(points_.squaredNorm() / static_cast<float>(points_.rows()), 1, 1e-5);
}

TEST_P(EveryConstellation, NearestNeighboursDifferInOneBit) {
  float smallest = std::numeric_limits<float>::max();
  for (Index a = 0; a < points_.rows(); ++a)
    for (Index b = 0; b < a; ++b) smallest = std::min(smallest, std::abs(points_(a, 0) - points_(b, 0)));
  for (Index a = 0; a < points_.rows(); ++a)
    for (Index b = 0; b < a; ++b)
      if (std::abs(points_(a, 0) - points_(b, 0)) < 1.01f * smallest) {
        EXPECT_EQ(std::popcount(static_cast<unsigned>(a ^ b)), 1) << a << " " << b;
      }
}

TEST_P(EveryConstellation, DecidesEveryPointForItsLabel) {
  const Bits bits = modem_.decide(points_);
  EXPECT_EQ(modem_.modulate(bits), points_);
  EXPECT_EQ(static_cast<Index>(bits.size()), points_.rows() * modem_.bits_per_symbol());
}

TEST_P(EveryConstellation, ExactLlrsAreTheSumOverAllPoints) {
  Stream stream(1, Purpose::user, 0);
  const Symbols y = stream.complex_normals(20, 1);
  const double noise_var = 0.1;
  const Llrs llrs = modem_.demodulate(y, constant_noise(20, noise_var));
  const Index m = modem_.bits_per_symbol();
  for (Index i = 0; i < y.rows(); ++i)
    for (Index bit = 0; bit < m; ++bit) {
      double likelihood[2] = {0, 0};
      for (Index label = 0; label < points_.rows(); ++label)
        likelihood[(label >> (m - 1 - bit)) & 1] +=
            std::exp(-std::norm(std::complex<double>(y(i, 0)) - std::complex<double>(points_(label, 0))) / noise_var);
      const double expected = std::log(likelihood[0] / likelihood[1]);
      // Float rounding of exponents of up to |y - x|^2 / N0, of the order of 100.
      EXPECT_NEAR(llrs[i * m + bit], expected, 1e-4 + 1e-5 * std::abs(expected));
    }
}

TEST_P(EveryConstellation, MaxLogLlrsAreDistancesToTheNearestPoints) {
  const Modem max_log(GetParam(), Demapper::max_log);
  Stream stream(2, Purpose::user, 0);
  const Symbols y = stream.complex_normals(20, 1);
  const Llrs llrs = max_log.demodulate(y, constant_noise(20, 0.1));
  const Index m = modem_.bits_per_symbol();
  for (Index i = 0; i < y.rows(); ++i)
    for (Index bit = 0; bit < m; ++bit) {
      double nearest[2] = {1e9, 1e9};
      for (Index label = 0; label < points_.rows(); ++label) {
        double& best = nearest[(label >> (m - 1 - bit)) & 1];
        best = std::min(best, double{std::norm(y(i, 0) - points_(label, 0))});
      }
      const double expected = (nearest[1] - nearest[0]) / 0.1;
      EXPECT_NEAR(llrs[i * m + bit], expected, 1e-4 + 1e-5 * std::abs(expected));
    }
}

TEST_P(EveryConstellation, ExactApproachesMaxLogAsNoiseVanishes) {
  const Modem max_log(GetParam(), Demapper::max_log);
  Stream stream(3, Purpose::user, 0);
  const Symbols y = stream.complex_normals(50, 1);
  const double noise_var = 1e-6;
  const Llrs exact = modem_.demodulate(y, constant_noise(50, noise_var));
  const Llrs approximate = max_log.demodulate(y, constant_noise(50, noise_var));
  // The sums differ from their largest term by a factor of at most the number of levels or of phases of a half, 32.
  for (std::size_t i = 0; i < exact.size(); ++i)
    EXPECT_NEAR(exact[i], approximate[i], std::log(32) + 1e-5 * std::abs(exact[i]));
}

TEST_P(EveryConstellation, SignOfTheMaxLogLlrIsTheHardDecision) {
  const Modem max_log(GetParam(), Demapper::max_log);
  Stream stream(4, Purpose::user, 0);
  const Symbols y = stream.complex_normals(200, 1);
  const Llrs llrs = max_log.demodulate(y, constant_noise(200, 0.5));
  const Bits bits = max_log.decide(y);
  for (std::size_t i = 0; i < bits.size(); ++i) EXPECT_EQ(bits[i], llrs[i] < 0);
}

TEST_P(EveryConstellation, InfiniteNoiseSaysNothingAndNoNoiseStaysFinite) {
  const Symbols y = Symbols::Constant(1, 1, Complex(0.3f, -0.2f));
  for (const float llr : modem_.demodulate(y, constant_noise(1, std::numeric_limits<double>::infinity())))
    EXPECT_EQ(llr, 0);
  for (const float llr : modem_.demodulate(y, constant_noise(1, 0))) EXPECT_TRUE(std::isfinite(llr));
}

TEST_P(EveryConstellation, MissingBitsOfTheLastSymbolAreZero) {
  const Bits one{1};
  Bits padded = one;
  padded.resize(static_cast<std::size_t>(modem_.bits_per_symbol()));
  EXPECT_EQ(modem_.modulate(one), modem_.modulate(padded));
}

TEST(Modem, LlrOfBpskIsFourTimesTheRealPartOverN0) {
  const Symbols y = Symbols::Constant(1, 1, Complex(0.7f, 5.0f));
  EXPECT_NEAR(Modem("bpsk").demodulate(y, constant_noise(1, 0.5))[0], 4 * 0.7 / 0.5, 1e-5);
}

TEST(Modem, RefusesAnUnknownName) { EXPECT_THROW(Modem("128psk"), Error); }

TEST(ModemSettings, AreKeys) {
  ModemSettings settings;
  Keys keys;
  settings.declare(keys);
  keys.set("modem.constellation", "64qam");
  keys.set("modem.demapper", "maxlog");
  EXPECT_EQ(settings.make().bits_per_symbol(), 6);
}

/// liquid-dsp's modem of the same constellation: an oracle for points and hard decisions (its labels are its own).
class LiquidOracle : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::map<std::string, modulation_scheme> schemes{
        {"bpsk", LIQUID_MODEM_BPSK},   {"qpsk", LIQUID_MODEM_QPSK},     {"16qam", LIQUID_MODEM_QAM16},
        {"64qam", LIQUID_MODEM_QAM64}, {"256qam", LIQUID_MODEM_QAM256}, {"8psk", LIQUID_MODEM_PSK8},
        {"16psk", LIQUID_MODEM_PSK16}, {"32psk", LIQUID_MODEM_PSK32},   {"64psk", LIQUID_MODEM_PSK64}};
    liquid_ = modemcf_create(schemes.at(GetParam()));
  }
  void TearDown() override { modemcf_destroy(liquid_); }

  Complex point(unsigned label) {
    Complex symbol;
    modemcf_modulate(liquid_, label, &symbol);
    return symbol;
  }

  modemcf liquid_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(UpTo256, LiquidOracle,
                         testing::Values("bpsk", "qpsk", "16qam", "64qam", "256qam", "8psk", "16psk", "32psk", "64psk"),
                         [](const auto& info) { return info.param; });

TEST_P(LiquidOracle, HasTheSamePoints) {
  const Symbols points = points_of(Modem(GetParam()));
  for (Index label = 0; label < points.rows(); ++label) {
    float nearest = 1;
    for (Index other = 0; other < points.rows(); ++other)
      nearest = std::min(nearest, std::abs(point(static_cast<unsigned>(label)) - points(other, 0)));
    EXPECT_LT(nearest, 1e-5f);
  }
}

TEST_P(LiquidOracle, DecidesForTheSamePoints) {
  const Modem modem(GetParam());
  Stream stream(5, Purpose::user, 0);
  const Symbols y = stream.complex_normals(500, 1);
  const Symbols decided = modem.modulate(modem.decide(y));
  for (Index i = 0; i < y.rows(); ++i) {
    unsigned label = 0;
    modemcf_demodulate(liquid_, y(i, 0), &label);
    EXPECT_LT(std::abs(point(label) - decided(i, 0)), 1e-5f);
  }
}

/// Probability that Gaussian noise (or its mean over a Rayleigh fade of unit power) carries a level further than
/// `distance` on one axis, with noise variance `noise_var` per complex symbol.
double awgn_tail(double distance, double noise_var) { return 0.5 * std::erfc(distance / std::sqrt(noise_var)); }

double rayleigh_tail(double distance, double noise_var) {
  // Mean of Q(sqrt(2 g) d / sqrt(N0)) over exponential g: (1 - sqrt(c / (1 + c))) / 2 with c = d^2 / N0; Q(-x) = 1 -
  // Q(x).
  const double c = distance * distance / noise_var;
  const double tail = 0.5 * (1 - std::sqrt(c / (1 + c)));
  return distance >= 0 ? tail : 1 - tail;
}

/// Exact bit error rate of Gray-mapped square QAM: for each level of one axis the probabilities of all decision
/// regions.
double theoretical_ber(const Modem& modem, double (*tail)(double, double), double noise_var) {
  const Index axis_bits = modem.bits_per_symbol() / 2;
  std::map<double, Bits> levels;  // coordinate -> bits of the real axis
  for (Index label = 0; label < (Index{1} << axis_bits); ++label) {
    Bits bits(static_cast<std::size_t>(modem.bits_per_symbol()));
    for (Index bit = 0; bit < axis_bits; ++bit) bits[2 * bit] = (label >> (axis_bits - 1 - bit)) & 1;
    levels[modem.modulate(bits)(0, 0).real()] = bits;
  }
  const double half_step = (std::next(levels.begin())->first - levels.begin()->first) / 2;
  double errors = 0;
  for (const auto& [sent, sent_bits] : levels)
    for (const auto& [decided, decided_bits] : levels) {
      const bool lowest = decided == levels.begin()->first;
      const bool highest = decided == levels.rbegin()->first;
      const double above_lower_edge = lowest ? 1 : tail(decided - half_step - sent, noise_var);
      const double above_upper_edge = highest ? 0 : tail(decided + half_step - sent, noise_var);
      int differing = 0;
      for (std::size_t bit = 0; bit < sent_bits.size(); ++bit) differing += sent_bits[bit] != decided_bits[bit];
      errors += differing * (above_lower_edge - above_upper_edge);
    }
  return errors / static_cast<double>(levels.size()) / static_cast<double>(axis_bits);
}

/// Simulated bit error rate over a channel with perfect knowledge of it, averaged over symbols.
test::Average simulate(const Modem& modem, const Channel& channel, double es_n0_db, Index num_symbols) {
  Stream stream(6, Purpose::user, 0);
  const Index m = modem.bits_per_symbol();
  const Bits bits = random_bits(stream, num_symbols * m);
  const ChannelState state = channel.realize(num_symbols, {.snr_db = es_n0_db}, {.seed = 7});
  const Symbols y = channel.apply(modem.modulate(bits), state);
  const Bits decided = modem.decide(GenieFrontEnd(Equalizer::zero_forcing).equalize(y, state).x_hat);
  test::Average rate;
  for (Index i = 0; i < num_symbols; ++i) {
    int errors = 0;
    for (Index bit = 0; bit < m; ++bit) errors += bits[i * m + bit] != decided[i * m + bit];
    rate.add(static_cast<double>(errors) / static_cast<double>(m));
  }
  return rate;
}

struct BerCase {
  const char* constellation;
  double ebn0_db;
  double awgn;      ///< tabulated bit error rate, exact finite sum
  double rayleigh;  ///< the same over flat Rayleigh fading; 0 where the table has none
};

std::ostream& operator<<(std::ostream& out, const BerCase& c) {
  return out << c.constellation << " " << c.ebn0_db << " dB";
}

double es_n0_db(const BerCase& c, const Modem& modem) {
  return c.ebn0_db + 10 * std::log10(static_cast<double>(modem.bits_per_symbol()));
}

class UncodedBer : public testing::TestWithParam<BerCase> {};
INSTANTIATE_TEST_SUITE_P(Table, UncodedBer,
                         testing::Values(BerCase{"qpsk", 0, 7.8650e-2, 1.4645e-1}, BerCase{"qpsk", 4, 1.2501e-2, 0},
                                         BerCase{"qpsk", 5, 5.9539e-3, 6.4183e-2},
                                         BerCase{"16qam", 0, 1.4098e-1, 1.9757e-1}, BerCase{"16qam", 8, 9.2472e-3, 0},
                                         BerCase{"16qam", 10, 1.7542e-3, 4.2371e-2},
                                         BerCase{"64qam", 10, 2.6533e-2, 7.6680e-2}, BerCase{"64qam", 14, 2.1540e-3, 0},
                                         BerCase{"256qam", 10, 7.8596e-2, 1.2423e-1},
                                         BerCase{"256qam", 16, 1.2400e-2, 0}));

TEST_P(UncodedBer, TheoryOfThisTestMatchesTheTable) {
  const Modem modem(GetParam().constellation);
  const double noise_var = std::pow(10, -es_n0_db(GetParam(), modem) / 10);
  EXPECT_NEAR(theoretical_ber(modem, awgn_tail, noise_var), GetParam().awgn, 1e-4 * GetParam().awgn);
  if (GetParam().rayleigh > 0) {
    EXPECT_NEAR(theoretical_ber(modem, rayleigh_tail, noise_var), GetParam().rayleigh, 1e-4 * GetParam().rayleigh);
  }
}

TEST_P(UncodedBer, AwgnAgreesWithTheory) {
  const Modem modem(GetParam().constellation);
  const test::Average rate = simulate(modem, AwgnChannel(), es_n0_db(GetParam(), modem), 100000);
  EXPECT_NEAR(rate.mean(), GetParam().awgn, 5 * rate.std_error());
}

TEST_P(UncodedBer, RayleighAgreesWithTheory) {
  const Modem modem(GetParam().constellation);
  const double snr_db = es_n0_db(GetParam(), modem);
  const test::Average rate = simulate(modem, FlatFading(Fading::symbol, 0), snr_db, 100000);
  EXPECT_NEAR(rate.mean(), theoretical_ber(modem, rayleigh_tail, std::pow(10, -snr_db / 10)), 5 * rate.std_error());
}

TEST(UncodedBer, RicianQpskAgreesWithTheMomentGeneratingFunction) {
  // Numerical integrals at Eb/N0 = 10 dB.
  const std::map<double, double> expected{{1, 1.8210e-2}, {4, 4.9375e-3}, {10, 7.0144e-4}};
  const Modem modem("qpsk");
  for (const auto& [k, ber] : expected) {
    const test::Average rate = simulate(modem, FlatFading(Fading::symbol, k), 10 + 10 * std::log10(2.0), 200000);
    EXPECT_NEAR(rate.mean(), ber, 5 * rate.std_error()) << "K = " << k;
  }
}

}  // namespace
}  // namespace semlink
