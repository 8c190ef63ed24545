#pragma once

#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/polar_code.h>

namespace semlink {

/// NR's polar coding chain for uplink control (3GPP TS 38.212 V17.1.0, sections 6.3.1.2 to 6.3.1.4) of at least 12 bits
/// in one code block: CRC of 6 bits with three parity bits up to 19 message bits, CRC of 11 bits from 20 on.
///
/// The CRC helps the list decoder to choose, so it is always there; CodeSettings::crc only says whether info_bits
/// counts it. What the standard cuts into two blocks (360 bits with 1088 coded bits, 1013 bits) is refused.
class NrPolar final : public Code {
 public:
  /// Throws Error(bad_argument).
  explicit NrPolar(const CodeSettings& settings);

  Index message_bits() const override { return message_bits_; }
  Index info_bits() const override { return info_bits_; }
  Index coded_bits() const override { return code_.coded_bits(); }
  Bits encode(const Bits& message, int version = 0) const override;
  Index buffer_size() const override { return code_.coded_bits(); }
  void combine(std::span<const float> llrs, int version, std::span<float> buffer) const override;
  Decoded decode_buffer(std::span<const float> buffer) const override;

 private:
  Index info_bits_;
  Index message_bits_;
  Crc crc_;
  PolarCode code_;
  Index list_size_;
};

}  // namespace semlink
