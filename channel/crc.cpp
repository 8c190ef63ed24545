#include <semlink/channel/crc.h>

namespace semlink {

Bits Crc::of(std::span<const std::uint8_t> bits) const {
  const std::uint32_t mask = (1u << num_bits) - 1;
  std::uint32_t remainder = zero_preset ? 0 : mask;
  for (const std::uint8_t bit : bits) {
    const bool feedback = ((remainder >> (num_bits - 1)) ^ bit) & 1;
    remainder = (remainder << 1) & mask;
    if (feedback) remainder ^= polynomial;
  }
  Bits check;
  for (int bit = num_bits - 1; bit >= 0; --bit) check.push_back((remainder >> bit) & 1);
  return check;
}

}  // namespace semlink
