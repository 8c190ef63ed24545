#pragma once

#include <cstdint>
#include <span>

#include <semlink/channel/fec/ldpc_base_graph.h>
#include <semlink/core/types.h>

namespace semlink {

/// What a check node computes; q are the messages of its other bits, r what it sends.
///   sum_product         r = 2 atanh(prod tanh(q / 2))
///   normalized_min_sum  |r| = factor * min |q|
///   offset_min_sum      |r| = max(min |q| - offset, 0)
enum class LdpcRule { sum_product, normalized_min_sum, offset_min_sum };

/// `flooding`: all checks work on the LLRs of the iteration before. `layered`: block row by block row, each on the LLRs
/// that the one before left; about half the iterations for the same result.
enum class LdpcSchedule { flooding, layered };

struct LdpcDecoderSettings {
  LdpcRule rule = LdpcRule::normalized_min_sum;
  LdpcSchedule schedule = LdpcSchedule::layered;
  int iterations = 20;
  bool early_stop = true;  ///< end after the first iteration whose hard decisions satisfy every check
  float factor = 0.75f;    ///< of normalized_min_sum; 8 bits know 0.75 only
  float offset = 0.5f;     ///< of offset_min_sum, in LLR
  /// Sums in 8 bits, channel LLRs and messages clipped to +-31 / kEightBitScale; layered min-sum only.
  bool eight_bit = false;

  static constexpr float kEightBitScale = 4.0f;  ///< steps per LLR
};

/// Belief propagation on a lifted graph, the checks of a block row side by side in the lanes of the processor.
class LdpcDecoder {
 public:
  /// Throws Error(bad_argument): iterations under 1, a row of more than 40 edges, settings that 8 bits do not know.
  LdpcDecoder(LiftedGraph graph, LdpcDecoderSettings settings);

  const LiftedGraph& graph() const { return graph_; }

  struct Result {
    bool ok = false;  ///< the last hard decisions satisfy every check that was used
    int iterations = 0;
  };

  /// Decides the first `bits.size()` bits of the word from the LLRs of all, [graph().num_bits()]; positive means bit 0,
  /// a bit that was not sent has 0. LLRs beyond +-kLargestLlr count as that; a bit that is known to be 0 has
  /// kLargestLlr.
  ///
  /// A row whose own column (one that no other row holds) has no LLR says nothing and is left out, so punctured parity
  /// costs no time.
  Result decode(std::span<const float> llrs, std::span<std::uint8_t> bits) const;

  static constexpr float kLargestLlr = 1e4f;

 private:
  /// The rows worth running for these LLRs.
  std::vector<Index> active_rows(std::span<const float> llrs) const;
  template <typename T>
  Result run(std::span<const float> llrs, std::span<std::uint8_t> bits) const;

  LiftedGraph graph_;
  LdpcDecoderSettings settings_;
  std::vector<Index> own_column_;  ///< [rows]; -1 where a row has none
};

}  // namespace semlink
