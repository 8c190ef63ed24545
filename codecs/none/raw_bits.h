#pragma once

#include <semlink/codecs/codec.h>

namespace semlink {

/// Hands bits on as they are: the link's code and modem do the rest. No side information; both ends know the number of
/// bits.
class RawBitsCodec final : public Codec {
 public:
  Payload encode(const Sample& sample, EncodeWork&) const override {
    return {.symbols = Symbols(0, 1), .bits = sample.bits};
  }
  Output decode(const Received& received, DecodeWork&) const override { return {.bits = received.bits}; }
  Index next_side_info_bits(std::span<const Bits>) const override { return 0; }
  bool next_is_positions(std::span<const Bits>) const override { return false; }
};

}  // namespace semlink
