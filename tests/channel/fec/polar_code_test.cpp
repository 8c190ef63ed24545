#include <gtest/gtest.h>
#include <semlink/channel/fec/nr_polar.h>
#include <semlink/channel/fec/polar_list.h>

#include <algorithm>
#include <set>

#include <semlink/core/error.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

Bits random_bits(Stream& stream, Index count) {
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

Llrs sure(const Bits& bits) {
  Llrs llrs;
  for (const std::uint8_t bit : bits) llrs.push_back(bit ? -8.0f : 8.0f);
  return llrs;
}

/// Sum of (1 - 2 c) llr: larger is likelier.
double correlation(const Bits& word, const Llrs& llrs) {
  double sum = 0;
  for (std::size_t i = 0; i < word.size(); ++i) sum += word[i] ? -llrs[i] : llrs[i];
  return sum;
}

TEST(PolarSequence, IsAPermutation) {
  const auto sequence = polar_sequence();
  EXPECT_EQ(std::set<int>(sequence.begin(), sequence.end()).size(), 1024u);
  EXPECT_EQ(*std::min_element(sequence.begin(), sequence.end()), 0);
  EXPECT_EQ(*std::max_element(sequence.begin(), sequence.end()), 1023);
}

TEST(PolarCode, ChoosesItsLengthAsTheStandardDoes) {
  // Worked from TS 38.212 section 5.3.1: 8 * 75 > 2^9; 8 * 22 <= 2^8; 130 <= 9/8 * 128 at a rate under 9/16.
  EXPECT_EQ(PolarCode(75, 128).mother_bits(), 128);
  EXPECT_EQ(PolarCode(22, 2000).mother_bits(), 256);
  EXPECT_EQ(PolarCode(60, 140).mother_bits(), 128);
  EXPECT_EQ(PolarCode(100, 140).mother_bits(), 256);
  EXPECT_EQ(PolarCode(1, 2).mother_bits(), 32);
}

TEST(PolarCode, EveryRateMatchingReturnsTheMessage) {
  Stream stream(1, Purpose::user, 0);
  for (const Index info_bits : {1, 5, 12, 22, 75, 300})
    for (const Index coded_bits : {1, 6, 13, 24, 44, 60, 100, 129, 140, 257, 400, 700, 1025, 3000})
      for (const Index parity_bits : {0, 3}) {
        if (coded_bits < info_bits + parity_bits + 4) continue;
        const PolarCode code(info_bits, coded_bits, parity_bits, parity_bits > 0 ? 1 : 0);
        const Bits info = random_bits(stream, info_bits);
        EXPECT_EQ(code.decode(sure(code.encode(info)), 2, Crc{}).info, info) << info_bits << " in " << coded_bits;
      }
}

TEST(PolarCode, IsLinear) {
  Stream stream(2, Purpose::user, 0);
  const PolarCode code(40, 100);
  const Bits a = random_bits(stream, 40), b = random_bits(stream, 40);
  Bits sum = a, expected = code.encode(a);
  const Bits of_b = code.encode(b);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] ^= b[i];
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] ^= of_b[i];
  EXPECT_EQ(code.encode(sum), expected);
}

TEST(PolarCode, AListOfAllWordsFindsTheLikeliest) {
  // 2^8 messages, punctured (24 of 32 bits) and repeated (40): with 256 paths nothing is dropped.
  for (const Index coded_bits : {24, 40}) {
    const PolarCode code(8, coded_bits);
    Stream stream(3, Purpose::user, 0);
    Llrs llrs(static_cast<std::size_t>(coded_bits));
    for (int round = 0; round < 20; ++round) {
      stream.normals(llrs);
      double best = -1e9;
      Bits likeliest;
      for (unsigned message = 0; message < 256; ++message) {
        Bits info;
        for (int bit = 0; bit < 8; ++bit) info.push_back((message >> bit) & 1);
        const double value = correlation(code.encode(info), llrs);
        if (value > best) best = value, likeliest = info;
      }
      EXPECT_EQ(code.decode(llrs, 256, Crc{}).info, likeliest);
    }
  }
}

TEST(PolarCode, TheCrcChoosesAmongThePaths) {
  // The LLRs favour a word whose CRC fails; a bit away lies one whose CRC holds.
  const Crc crc = kNrCrc6;
  Stream stream(4, Purpose::user, 0);
  Bits info = random_bits(stream, 14);
  const Bits check = crc.of(info);
  info.insert(info.end(), check.begin(), check.end());
  Bits other = info;
  other[3] ^= 1;
  const PolarCode code(20, 64);
  Llrs llrs = sure(code.encode(other));
  const Bits wanted = code.encode(info);
  for (std::size_t i = 0; i < llrs.size(); ++i) llrs[i] += wanted[i] ? -7.5f : 7.5f;
  EXPECT_EQ(code.decode(llrs, 128, Crc{}).info, other);
  const PolarCode::Word word = code.decode(llrs, 128, crc);
  EXPECT_TRUE(word.crc_ok);
  EXPECT_EQ(word.info, info);
}

TEST(NrPolar, HasParityBitsForShortMessagesOnly) {
  const NrPolar code({.code = "nr_polar", .info_bits = 12, .coded_bits = 60});
  EXPECT_EQ(code.message_bits(), 12);
  const NrPolar counted({.code = "nr_polar", .info_bits = 75, .coded_bits = 128, .crc = true});
  EXPECT_EQ(counted.message_bits(), 64);
}

TEST(NrPolar, NoiseAloneIsNotOk) {
  const NrPolar code({.code = "nr_polar", .info_bits = 64, .coded_bits = 128});
  Stream stream(5, Purpose::user, 0);
  Llrs llrs(128);
  int accepted = 0;
  for (int round = 0; round < 200; ++round) {
    stream.normals(llrs);
    accepted += code.decode(llrs).ok;
  }
  // Eight paths pass 11 check bits with a chance of 8 / 2048 at most; 6 is more than five deviations above the mean.
  EXPECT_LE(accepted, 6);
}

TEST(NrPolar, BadSettingsAreNamed) {
  EXPECT_THROW(NrPolar({.code = "nr_polar", .info_bits = 11, .coded_bits = 100}), Error);
  EXPECT_THROW(NrPolar({.code = "nr_polar", .info_bits = 360, .coded_bits = 1088}), Error);
  EXPECT_THROW(NrPolar({.code = "nr_polar", .info_bits = 100, .coded_bits = 105}), Error);
  EXPECT_THROW(PolarCode(64, 128).decode(Llrs(127), 8, Crc{}), Error);
}

}  // namespace
}  // namespace semlink
