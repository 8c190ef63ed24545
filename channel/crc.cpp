#include <semlink/channel/crc.h>

namespace semlink {

namespace {

/// Eight bits as a byte, the first the highest: in the product each has a place of its own in the highest byte.
std::uint32_t packed(const std::uint8_t* bits) {
  std::uint64_t spread = 0;
  for (int i = 0; i < 8; ++i) spread |= static_cast<std::uint64_t>(bits[i]) << (8 * i);
  return static_cast<std::uint32_t>((spread & 0x0101010101010101) * 0x8040201008040201 >> 56);
}

}  // namespace

Bits Crc::of(std::span<const std::uint8_t> bits) const {
  std::uint32_t remainder = zero_preset_ || num_bits == 0 ? 0 : ~0u << (32 - num_bits);
  for (; bits.size() >= 8; bits = bits.subspan(8))
    remainder = remainder << 8 ^ after_byte_[remainder >> 24 ^ packed(bits.data())];
  for (const std::uint8_t bit : bits) remainder = next(remainder, bit);
  Bits check(static_cast<std::size_t>(num_bits));
  for (int i = 0; i < num_bits; ++i) check[i] = remainder >> (31 - i) & 1;
  return check;
}

}  // namespace semlink
