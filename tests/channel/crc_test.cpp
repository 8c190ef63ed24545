#include <gtest/gtest.h>

#include <string>

#include <semlink/channel/crc.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

Bits bits_of(const std::string& text) {
  Bits bits;
  for (const char byte : text)
    for (int bit = 7; bit >= 0; --bit) bits.push_back((byte >> bit) & 1);
  return bits;
}

unsigned value_of(const Bits& bits) {
  unsigned value = 0;
  for (const std::uint8_t bit : bits) value = 2 * value + bit;
  return value;
}

// Check values of the catalogue of parametrised CRC algorithms (G. Cook): CRC-8/CDMA2000, CRC-16/IBM-3740,
// CRC-16/XMODEM, CRC-24/LTE-A and CRC-24/LTE-B.
TEST(Crc, GivesTheValuesOfTheCatalogue) {
  const Bits digits = bits_of("123456789");
  EXPECT_EQ(value_of(kCrc8.of(digits)), 0xDAu);
  EXPECT_EQ(value_of(kCrc16.of(digits)), 0x29B1u);
  EXPECT_EQ(value_of(kNrCrc16.of(digits)), 0x31C3u);
  EXPECT_EQ(value_of(kNrCrc24a.of(digits)), 0xCDE703u);
  EXPECT_EQ(value_of(kNrCrc24b.of(digits)), 0x23EF52u);
}

/// Remainder of message * D^degree by long division.
Bits remainder_of(Bits message, std::uint32_t polynomial, int degree) {
  const std::size_t length = message.size();
  message.resize(length + static_cast<std::size_t>(degree));
  for (std::size_t i = 0; i < length; ++i)
    if (message[i])
      for (int k = 1; k <= degree; ++k) message[i + k] ^= polynomial >> (degree - k) & 1;
  return Bits(message.end() - degree, message.end());
}

TEST(Crc, IsTheRemainderAtEveryLength) {
  Stream stream(2, Purpose::user, 0);
  const auto holds = [&](const Crc& crc, std::uint32_t polynomial) {
    for (std::size_t length = 0; length < 70; ++length) {
      Bits message(length);
      for (auto& bit : message) bit = stream.next_u32() & 1;
      EXPECT_EQ(crc.of(message), remainder_of(message, polynomial, crc.num_bits)) << crc.num_bits << " " << length;
    }
  };
  holds(kNrCrc6, 0x21);
  holds(kNrCrc11, 0x621);
  holds(kNrCrc24c, 0xb2b117);
  holds(Crc(0x04c11db7, 32, true), 0x04c11db7);
}

TEST(Crc, OfNoBitsIsEmpty) { EXPECT_TRUE(Crc().of(Bits(9)).empty()); }

TEST(Crc, AnAllZeroWordDoesNotCheck) {
  EXPECT_NE(kCrc8.of(Bits(14)), Bits(8));
  EXPECT_NE(kCrc16.of(Bits(14)), Bits(16));
}

class EveryCrc : public testing::TestWithParam<Crc> {};
INSTANTIATE_TEST_SUITE_P(Both, EveryCrc, testing::Values(kCrc8, kCrc16),
                         [](const auto& info) { return std::to_string(info.param.num_bits) + "_bits"; });

TEST_P(EveryCrc, DetectsEveryBurstUpToItsLength) {
  Stream stream(1, Purpose::user, 0);
  Bits message(40);
  for (auto& bit : message) bit = stream.next_u32() & 1;
  const Bits check = GetParam().of(message);
  for (unsigned burst = 1; burst < 256; ++burst)  // first bit of the burst is its lowest, so all bursts up to 8 long
    for (std::size_t start = 0; start + 8 <= message.size(); ++start) {
      Bits damaged = message;
      for (std::size_t i = 0; i < 8; ++i) damaged[start + i] ^= (burst >> i) & 1;
      EXPECT_NE(GetParam().of(damaged), check);
    }
}

TEST_P(EveryCrc, DetectsEveryPairOfErrorsInAPositionBitmap) {
  const Bits message(64);
  const Bits check = GetParam().of(message);
  for (std::size_t i = 0; i < message.size(); ++i)
    for (std::size_t j = i + 1; j < message.size(); ++j) {
      Bits damaged = message;
      damaged[i] ^= 1;
      damaged[j] ^= 1;
      EXPECT_NE(GetParam().of(damaged), check) << i << " " << j;
    }
}

}  // namespace
}  // namespace semlink
