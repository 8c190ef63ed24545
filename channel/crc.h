#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <semlink/core/types.h>

namespace semlink {

/// Cyclic redundancy check over bits, highest power first. With the register preset to all ones an all-zero word does
/// not check; the CRCs of 3GPP's coding chain preset it to zero.
class Crc {
 public:
  /// Of no bits.
  constexpr Crc() = default;

  /// `polynomial` without its leading term, of degree `degree`, 1 to 32.
  constexpr Crc(std::uint32_t polynomial, int degree, bool zero_preset = false)
      : num_bits(degree), polynomial_(polynomial << (32 - degree)), zero_preset_(zero_preset) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t remainder = byte << 24;
      for (int bit = 0; bit < 8; ++bit) remainder = next(remainder, 0);
      after_byte_[byte] = remainder;
    }
  }

  /// The check bits of `bits`, num_bits of them.
  Bits of(std::span<const std::uint8_t> bits) const;

  int num_bits = 0;

 private:
  constexpr std::uint32_t next(std::uint32_t remainder, std::uint32_t bit) const {
    return remainder << 1 ^ ((remainder >> 31 ^ bit) & 1 ? polynomial_ : 0);
  }

  // The register and the polynomial stand in the highest bits.
  std::uint32_t polynomial_ = 0;
  bool zero_preset_ = false;
  std::array<std::uint32_t, 256> after_byte_ = {};  ///< what eight bits leave of an empty register
};

/// D^8 + D^7 + D^4 + D^3 + D + 1 (gCRC8 of 3GPP TS 36.212 V16.0.0, section 5.1.1; with this preset it is
/// CRC-8/CDMA2000).
inline constexpr Crc kCrc8{0x9b, 8};
/// D^16 + D^12 + D^5 + 1 (gCRC16 of the same section; with this preset it is CRC-16/IBM-3740).
inline constexpr Crc kCrc16{0x1021, 16};
/// gCRC24C of 3GPP TS 38.212 V17.1.0, section 5.1, with the preset of its section 7.3.2.
inline constexpr Crc kCrc24{0xb2b117, 24};

/// The CRCs of 3GPP TS 38.212 V17.1.0, section 5.1.
inline constexpr Crc kNrCrc24a{0x864cfb, 24, true};
inline constexpr Crc kNrCrc24b{0x800063, 24, true};
inline constexpr Crc kNrCrc24c{0xb2b117, 24, true};
inline constexpr Crc kNrCrc16{0x1021, 16, true};
inline constexpr Crc kNrCrc11{0x621, 11, true};
inline constexpr Crc kNrCrc6{0x21, 6, true};

}  // namespace semlink
