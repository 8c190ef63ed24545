#pragma once

#include <semlink/codecs/codec.h>
#include <semlink/codecs/deepjscc/network.h>
#include <semlink/codecs/nn/tape_pool.h>

namespace semlink::deepjscc {

/// A network with its trained values.
struct Model {
  NetworkConfig config;
  nn::FlatVector<float> values;
  std::string checksum;  ///< of the values, as hex
};

/// The published convolutional transceiver as a codec: every image takes the same share of the channel and the same
/// compute, so that there is nothing for gate policies to choose and nothing to tell the receiver: no header. The
/// decoder reads the equalised symbols as they are, whatever their noise.
class DeepJsccCodec final : public Codec {
 public:
  explicit DeepJsccCodec(Model model);

  /// Throws Error(bad_argument) when the image's sides are not multiples of 4.
  Payload encode(const Sample& sample, EncodeWork& work) const override;

  /// A receiver that found no frame, or one too short for the image, shows mid-grey.
  Output decode(const Received& received, DecodeWork& work) const override;

  Index next_side_info_bits(std::span<const Bits>) const override { return 0; }
  bool next_is_positions(std::span<const Bits>) const override { return false; }
  std::string checksum() const override { return model_.checksum; }

 private:
  nn::Context<float> context(nn::Tape<float>& tape, MacLedger& ledger) const {
    return {tape, network_.layout(), model_.values, nullptr, &ledger};
  }

  Model model_;
  Network network_;
  mutable nn::TapePool tapes_;  // memory only: what a tape holds is forgotten between calls
};

}  // namespace semlink::deepjscc
