#pragma once

#include <span>

#include <semlink/channel/crc.h>
#include <semlink/channel/fec/code.h>

namespace semlink {

/// The CRC that `settings.crc` asks for: CRC16, CRC24A where more than 3824 bits are left for the message (3GPP
/// TS 38.212 V17.1.0, section 7.2.1); one of 0 bits without. Throws Error(bad_argument) when no message bit is left.
Crc transport_crc(const CodeSettings& settings);

/// Whether the last bits are the CRC of those before; true for a CRC of 0 bits.
bool crc_holds(const Crc& crc, std::span<const std::uint8_t> checked);

/// Throws Error(bad_argument): `name = value: expected EXPECTED`.
[[noreturn]] void throw_bad_setting(const std::string& name, const std::string& value, const std::string& expected);

}  // namespace semlink
