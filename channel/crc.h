#pragma once

#include <cstdint>
#include <span>

#include <semlink/core/types.h>

namespace semlink {

/// Cyclic redundancy check over bits, highest power first, register preset to all ones so that an all-zero word does
/// not check.
struct Crc {
  std::uint32_t polynomial = 0;  ///< without the leading term
  int num_bits = 0;

  /// The check bits of `bits`, num_bits of them.
  Bits of(std::span<const std::uint8_t> bits) const;
};

/// D^8 + D^7 + D^4 + D^3 + D + 1 (gCRC8 of 3GPP TS 36.212 V16.0.0, section 5.1.1; with this preset it is
/// CRC-8/CDMA2000).
inline constexpr Crc kCrc8{0x9b, 8};
/// D^16 + D^12 + D^5 + 1 (gCRC16 of the same section; with this preset it is CRC-16/IBM-3740).
inline constexpr Crc kCrc16{0x1021, 16};

}  // namespace semlink
