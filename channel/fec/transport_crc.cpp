#include <semlink/channel/fec/transport_crc.h>

#include <algorithm>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr Index kLongTransportBlock = 3824;

}  // namespace

Crc transport_crc(const CodeSettings& settings) {
  if (!settings.crc) return {};
  const Crc crc = settings.info_bits > kLongTransportBlock + kNrCrc16.num_bits ? kNrCrc24a : kNrCrc16;
  if (settings.info_bits <= crc.num_bits)
    throw_bad_setting("info_bits", std::to_string(settings.info_bits),
                      "more than the " + std::to_string(crc.num_bits) + " of the CRC");
  return crc;
}

bool crc_holds(const Crc& crc, std::span<const std::uint8_t> checked) {
  if (crc.num_bits == 0) return true;
  const auto message = checked.first(checked.size() - static_cast<std::size_t>(crc.num_bits));
  const Bits expected = crc.of(message);
  return std::equal(expected.begin(), expected.end(), checked.begin() + static_cast<std::ptrdiff_t>(message.size()));
}

void throw_bad_setting(const std::string& name, const std::string& value, const std::string& expected) {
  throw Error(ErrorCode::bad_argument, name + " = " + value + ": expected " + expected);
}

}  // namespace semlink
