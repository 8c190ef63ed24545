#include <semlink/core/rng.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace semlink {
namespace {

std::vector<float> draw_normals(Stream stream, std::size_t count) {
  std::vector<float> z(count);
  stream.normals(z);
  return z;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum / static_cast<double>(a.size());
}

// Known answers: Random123 1.14, tests/kat_vectors, lines `philox4x32 10`.
TEST(Philox, GivesTheKnownAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox_block({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox_block({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox_block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Stream, IsAFunctionOfItsAddress) {
  Stream a(7, Purpose::noise, 3, 11);
  Stream b(7, Purpose::noise, 3, 11);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u32(), b.next_u32());
}

TEST(Stream, CopiesReplay) {
  Stream a(7, Purpose::noise, 3);
  a.normal();  // leaves a spare normal and half a block behind
  a.next_u32();
  Stream b = a;
  EXPECT_EQ(a.normal(), b.normal());
  EXPECT_EQ(a.next_u32(), b.next_u32());
}

TEST(Stream, EveryPartOfTheAddressMatters) {
  std::set<std::uint32_t> first_words;
  first_words.insert(Stream(1, Purpose::noise, 0, 0).next_u32());
  first_words.insert(Stream(2, Purpose::noise, 0, 0).next_u32());
  first_words.insert(Stream(std::uint64_t{1} << 32, Purpose::noise, 0, 0).next_u32());
  first_words.insert(Stream(1, Purpose::fade, 0, 0).next_u32());
  first_words.insert(Stream(1, Purpose::noise, 1, 0).next_u32());
  first_words.insert(Stream(1, Purpose::noise, std::uint64_t{1} << 32, 0).next_u32());
  first_words.insert(Stream(1, Purpose::noise, 0, 1).next_u32());
  first_words.insert(Stream(1, Purpose::noise, 0, std::uint64_t{1} << 32).next_u32());
  EXPECT_EQ(first_words.size(), 8u);
}

TEST(Stream, NeighbouringAddressesAreUncorrelated) {
  constexpr std::size_t kCount = 100000;
  const double five_std_errors = 5 / std::sqrt(static_cast<double>(kCount));
  const std::vector<float> reference = draw_normals(Stream(1, Purpose::noise, 5, 0), kCount);
  EXPECT_LT(std::abs(correlation(reference, draw_normals(Stream(2, Purpose::noise, 5, 0), kCount))), five_std_errors);
  EXPECT_LT(std::abs(correlation(reference, draw_normals(Stream(1, Purpose::fade, 5, 0), kCount))), five_std_errors);
  EXPECT_LT(std::abs(correlation(reference, draw_normals(Stream(1, Purpose::noise, 6, 0), kCount))), five_std_errors);
  EXPECT_LT(std::abs(correlation(reference, draw_normals(Stream(1, Purpose::noise, 5, 1), kCount))), five_std_errors);
}

TEST(Stream, UniformIsInTheUnitIntervalWithItsMoments) {
  Stream stream(1, Purpose::user, 0);
  constexpr int kCount = 200000;
  double sum = 0;
  double sum_squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    sum_squares += u * u;
  }
  // var(u) = 1/12, var(u^2) = 4/45.
  EXPECT_NEAR(sum / kCount, 1.0 / 2, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(sum_squares / kCount, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kCount));
}

TEST(Stream, BelowReachesEveryResultEquallyOften) {
  Stream stream(1, Purpose::user, 1);
  constexpr int kCount = 70000;
  std::array<int, 7> counts{};
  for (int i = 0; i < kCount; ++i) ++counts.at(stream.below(7));
  const double five_std_errors = 5 * std::sqrt(kCount * (1.0 / 7) * (6.0 / 7));
  for (int count : counts) EXPECT_NEAR(count, kCount / 7.0, five_std_errors);
  EXPECT_EQ(stream.below(1), 0u);
}

TEST(Stream, BelowWorksForBoundsNearTheWordSize) {
  Stream stream(1, Purpose::user, 2);
  const std::uint64_t bound = (std::uint64_t{1} << 63) + 1;  // about half of all words are rejected
  for (int i = 0; i < 1000; ++i) EXPECT_LT(stream.below(bound), bound);
}

TEST(Stream, NormalsHaveTheMomentsOfTheStandardNormal) {
  constexpr std::size_t kCount = 1000000;
  const std::vector<float> z = draw_normals(Stream(3, Purpose::noise, 0), kCount);
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (float value : z) {
    const double x = value;
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
  }
  // Variances of z, z^2, z^3, z^4 are 1, 2, 15, 96.
  EXPECT_NEAR(m1 / kCount, 0, 5 * std::sqrt(1.0 / kCount));
  EXPECT_NEAR(m2 / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(m3 / kCount, 0, 5 * std::sqrt(15.0 / kCount));
  EXPECT_NEAR(m4 / kCount, 3, 5 * std::sqrt(96.0 / kCount));
}

TEST(Stream, NormalsFollowTheNormalDistribution) {
  constexpr std::size_t kCount = 1000000;
  const std::vector<float> z = draw_normals(Stream(3, Purpose::noise, 1), kCount);
  for (double threshold : {-4.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0}) {
    const auto below = std::count_if(z.begin(), z.end(), [=](float x) { return x < threshold; });
    const double p = 0.5 * std::erfc(-threshold / std::sqrt(2.0));
    EXPECT_NEAR(static_cast<double>(below) / kCount, p, 5 * std::sqrt(p * (1 - p) / kCount)) << threshold;
  }
}

TEST(Stream, TheTwoNormalsOfAPairAreIndependent) {
  constexpr std::size_t kPairs = 500000;
  const std::vector<float> z = draw_normals(Stream(3, Purpose::noise, 2), 2 * kPairs);
  double product = 0;
  double squares = 0;
  for (std::size_t i = 0; i < kPairs; ++i) {
    const double a = z[2 * i];
    const double b = z[2 * i + 1];
    product += a * b;
    squares += (a * a - 1) * (b * b - 1);
  }
  EXPECT_NEAR(product / kPairs, 0, 5 * std::sqrt(1.0 / kPairs));
  EXPECT_NEAR(squares / kPairs, 0, 5 * std::sqrt(4.0 / kPairs));
}

TEST(Stream, NormalsAreAlwaysFinite) {
  for (float z : draw_normals(Stream(4, Purpose::noise, 0), 4000000)) ASSERT_TRUE(std::isfinite(z) && std::abs(z) < 6.77f);
}

// The bulk fill and the one-by-one draw are different code for the same numbers.
TEST(Stream, BulkNormalsEqualSingleOnes) {
  Stream one_by_one(5, Purpose::noise, 9, 2);
  const std::vector<float> bulk = draw_normals(one_by_one, 1003);
  for (float z : bulk) EXPECT_EQ(z, one_by_one.normal());
}

TEST(Stream, BulkNormalsGoOnWhereTheStreamStands) {
  Stream bulk(5, Purpose::noise, 9);
  Stream one_by_one = bulk;
  EXPECT_EQ(bulk.normal(), one_by_one.normal());
  for (float z : draw_normals(bulk, 500)) EXPECT_EQ(z, one_by_one.normal());
}

TEST(Stream, LongerSpansBeginWithTheNumbersOfShorterOnes) {
  const Stream stream(6, Purpose::noise, 0);
  const std::vector<float> longest = draw_normals(stream, 700);
  for (std::size_t count : {0u, 1u, 2u, 3u, 127u, 128u, 129u, 300u}) {
    const std::vector<float> shorter = draw_normals(stream, count);
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longest.begin())) << count;
  }
}

TEST(Stream, ComplexNormalsHaveUnitPowerAndAreCircular) {
  constexpr Index kRows = 200000;
  const Symbols z = Stream(6, Purpose::fade, 0).complex_normals(kRows, 2);
  const double count = static_cast<double>(z.size());
  const double power = z.cast<std::complex<double>>().cwiseAbs2().sum() / count;
  const std::complex<double> pseudo_power = z.cast<std::complex<double>>().array().square().sum() / count;
  // |z|^2 is exponential: variance 1. Re(z^2) has variance 1 as well.
  EXPECT_NEAR(power, 1, 5 / std::sqrt(count));
  EXPECT_NEAR(pseudo_power.real(), 0, 5 / std::sqrt(count));
  EXPECT_NEAR(pseudo_power.imag(), 0, 5 / std::sqrt(count));
}

TEST(Stream, ComplexNormalsOfMoreRowsBeginWithThoseOfFewer) {
  const Stream stream(6, Purpose::fade, 1);
  const Symbols longer = Stream(stream).complex_normals(90, 3);
  const Symbols shorter = Stream(stream).complex_normals(41, 3);
  EXPECT_EQ(shorter, longer.topRows(41));
}

TEST(TrialRng, StreamsAreAddressedByItsFields) {
  const TrialRng rng{.seed = 8, .trial = 4, .salt = 2};
  EXPECT_EQ(rng.stream(Purpose::codec).next_u32(), Stream(8, Purpose::codec, 4, 2).next_u32());
}

}  // namespace
}  // namespace semlink
