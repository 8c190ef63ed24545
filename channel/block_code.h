#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// A short binary block code of liquid-dsp, applied to a bit string of any length.
///
/// The string is cut into blocks of k bits. The last block is shortened: what is missing counts as zeros, and code bits
/// that are zero for every such word are not sent. The code bits are interleaved over the blocks (bit 0 of every block,
/// then bit 1, ...), so that neighbours on the air belong to different blocks.
///
/// Names with (n, k):
///   - `none` (8, 8), `rep3` (24, 8), `rep5` (40, 8; bytes repeated), `hamming74` (7, 4), `hamming84` (8, 4),
///     `hamming128` (12, 8), `golay2412` (24, 12): decoded by maximum likelihood;
///   - `secded2216` (22, 16), `secded3932` (39, 32), `secded7264` (72, 64): hard decisions, one error corrected.
///
/// Maximum likelihood means the word with the largest sum of (1 - 2 c) LLR over all 2^k words: soft where liquid's
/// Golay decoder is hard, and worth about 2 dB there. Convolutional and Reed-Solomon codes are missing in Debian's
/// build of liquid.
class BlockCode {
 public:
  static const std::vector<std::string>& names();

  /// Throws Error(bad_argument) for a name that is not in the table.
  explicit BlockCode(const std::string& name);

  Index message_bits() const { return k_; }

  /// Code bits for a message of `num_bits`; 0 for 0.
  Index coded_bits(Index num_bits) const;

  /// coded_bits(message.size()) bits.
  Bits encode(const Bits& message) const;

  /// The message of `num_bits`, from coded_bits(num_bits) LLRs (positive means bit 0).
  Bits decode(std::span<const float> llrs, Index num_bits) const;

 private:
  Index num_blocks(Index num_bits) const { return (num_bits + k_ - 1) / k_; }
  /// Message bits in block `block` of a message of `num_bits`.
  Index bits_of_block(Index block, Index num_bits) const;
  /// Calls visit(block, code bit) for every code bit sent, in the order on the air.
  template <typename Visit>
  void visit_sent(Index num_bits, Visit visit) const;

  Bits decode_likeliest(std::span<const float> llrs, Index num_bits) const;
  Bits decode_hard(std::span<const float> llrs, Index num_bits) const;

  int scheme_ = 0;  ///< liquid's fec_scheme
  Index k_ = 0;
  Index n_ = 0;
  std::vector<Bits> basis_;                 ///< word for each single message bit, [k][n]
  std::vector<std::vector<bool>> is_sent_;  ///< [message bits of a block][code bit]
  std::vector<std::uint64_t> words_;        ///< all 2^k words, code bit i at binary place i; empty where k is too large
};

}  // namespace semlink
