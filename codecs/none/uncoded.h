#pragma once

#include <semlink/codecs/none/raw_bits.h>
#include <semlink/core/registry.h>

namespace semlink {

/// The uncoded analog baseline: colour values are sent as they are, two to a complex symbol.
///
/// The mean of the image (8 bits) is taken off and the rest scaled to power 1; the scale (16 bits, logarithmic) and the mean
/// travel as one piece of side information. The receiver scales back by the linear estimator with the least mean squared error,
/// 1 / (1 + noise_var) per symbol. An image of one colour has nothing to send beyond its mean. Bandwidth ratio 1/2.
class UncodedCodec final : public Codec {
 public:
  Payload encode(const Sample& sample, EncodeWork& work) const override;
  /// Symbols that did not arrive are taken as 0, the mean; without a header the image is mid-grey.
  Output decode(const Received& received, DecodeWork& work) const override;
  Index next_side_info_bits(std::span<const Bits> pieces) const override;
  bool next_is_positions(std::span<const Bits>) const override { return false; }
  std::unique_ptr<const Codec> for_bits() const override { return std::make_unique<RawBitsCodec>(); }
};

/// `codec.model = none`; has no keys of its own.
class UncodedPlugin final : public Plugin<Codec> {
 public:
  void declare(Keys&) override {}
  std::unique_ptr<const Codec> make() const override { return std::make_unique<UncodedCodec>(); }
};

}  // namespace semlink
