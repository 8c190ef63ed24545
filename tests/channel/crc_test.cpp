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

// Check values of the catalogue of parametrised CRC algorithms (G. Cook): CRC-8/CDMA2000 and CRC-16/IBM-3740.
TEST(Crc, EightBitsGiveTheCatalogueValue) { EXPECT_EQ(value_of(kCrc8.of(bits_of("123456789"))), 0xDAu); }
TEST(Crc, SixteenBitsGiveTheCatalogueValue) { EXPECT_EQ(value_of(kCrc16.of(bits_of("123456789"))), 0x29B1u); }

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
