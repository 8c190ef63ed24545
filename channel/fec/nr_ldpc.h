#pragma once

#include <optional>
#include <span>
#include <vector>

#include <semlink/channel/crc.h>
#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/ldpc_batch_decoder.h>
#include <semlink/channel/fec/ldpc_decoder.h>
#include <semlink/channel/fec/nr_ldpc_encoder.h>
#include <semlink/channel/fec/nr_rate_matching.h>
#include <semlink/channel/fec/nr_segmentation.h>

namespace semlink {

/// The coding chain of NR's shared channels (3GPP TS 38.212 V17.1.0, sections 7.2.1 to 7.2.6): transport block CRC,
/// segmentation with CRCs of the blocks, LDPC, rate matching, bit interleaving, concatenation.
///
/// Without `crc` no CRC is attached anywhere: then a block longer than a code word is still cut into several. With it
/// the transport block's CRC counts as information, those of the blocks as redundancy.
class NrLdpc final : public Code {
 public:
  /// Throws Error(bad_argument).
  explicit NrLdpc(const CodeSettings& settings);

  Index message_bits() const override { return info_bits_ - transport_crc_.num_bits; }
  Index info_bits() const override { return info_bits_; }
  Index coded_bits() const override { return coded_bits_; }
  Bits encode(const Bits& message, int version = 0) const override;
  Index buffer_size() const override;
  void combine(std::span<const float> llrs, int version, std::span<float> buffer) const override;
  Decoded decode_buffer(std::span<const float> buffer) const override;
  /// With a decoder of 8 bits and words up to about 1000 information bits, a word in each lane of the processor
  /// (LdpcBatchDecoder): with 64 lanes 8 to 13 times as fast at 100 bits, 1.5 at 500. The messages are those of
  /// `decode` to the bit, save where all LLRs of a block column of parity are exactly 0 in some words only: there a
  /// check more may be run.
  std::vector<Decoded> decode_words(std::span<const float> llrs) const override;

  const NrSegmentation& segmentation() const { return segmentation_; }
  const LiftedGraph& graph() const { return encoder_.graph(); }

  /// The code words before rate matching, punctured columns included: [num_blocks][graph().num_bits()].
  std::vector<Bits> code_words(const Bits& message) const;

 private:
  /// The part of a code word's LLRs that is its soft buffer: what follows the punctured bits.
  std::span<float> soft_buffer(std::span<float> word) const;
  /// Makes the fillers of a block known.
  void fill_in_fillers(Index block, std::span<float> word) const;

  /// What the decoder made of one code word.
  struct Block {
    Bits bits;  ///< with the block's CRC
    LdpcDecoder::Result result;
  };
  /// Checks the blocks of a message and puts them together.
  Decoded join(std::span<Block> blocks) const;
  /// A group of words at a time; `llrs` of at most LdpcBatchDecoder::group_size() words.
  std::vector<Decoded> decode_group(std::span<const float> llrs) const;

  Index info_bits_;
  Index coded_bits_;
  Crc transport_crc_;  ///< 0 bits without CRC
  NrSegmentation segmentation_;
  NrLdpcEncoder encoder_;
  LdpcDecoder decoder_;
  std::optional<LdpcBatchDecoder> batch_decoder_;  ///< none: it does not pay, or the decoder is not of 8 bits
  std::vector<NrRateMatcher> rate_matchers_;       ///< [num_blocks]
};

}  // namespace semlink
