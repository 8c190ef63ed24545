#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <semlink/channel/fec/ldpc_base_graph.h>
#include <semlink/channel/fec/ldpc_decoder.h>

namespace semlink {

/// Layered min-sum in 8 bits for many words of one graph, a word in each lane of the processor: no shuffles, and full
/// vectors whatever the lifting size. For words that are independent of each other, as in a simulation of a link alone.
/// It pays for short words; the messages of a group of long ones (8448 bits) leave the cache, and it is then slower
/// than LdpcDecoder, which serves a single word.
///
/// Each word gets what LdpcDecoder with `eight_bit` makes of it, to the bit, if all words of a call have the same bits
/// sent: a row is left out only when no word of the call has LLRs for its own column.
class LdpcBatchDecoder {
 public:
  /// Throws Error(bad_argument) for settings that 8 bits do not know; `eight_bit` itself is taken as given.
  LdpcBatchDecoder(LiftedGraph graph, LdpcDecoderSettings settings);

  const LiftedGraph& graph() const { return graph_; }

  /// Words that are decoded side by side with the instruction set in use: 16, 32 or 64, 1 where it has no vectors.
  /// Other numbers of words work, but a group that is not full costs as much as a full one.
  static Index group_size();

  /// Decides the first `bits_per_word` bits of every word; `bits` [num_words][bits_per_word], `llrs`
  /// [num_words][up to graph().num_bits()] as LdpcDecoder::decode takes them, 0 for the bits behind. One result for
  /// each word. Throws Error(bad_argument) when the sizes do not fit each other.
  std::vector<LdpcDecoder::Result> decode(std::span<const float> llrs, Index num_words, Index bits_per_word,
                                          std::span<std::uint8_t> bits) const;

 private:
  /// The rows that say something about one of these words; `llrs` [num_words][num_llrs].
  std::vector<Index> active_rows(std::span<const float> llrs, Index num_llrs) const;

  LiftedGraph graph_;
  LdpcDecoderSettings settings_;
  std::vector<Index> own_column_;  ///< [rows]; the column that no other row holds, -1 where there is none
};

}  // namespace semlink
