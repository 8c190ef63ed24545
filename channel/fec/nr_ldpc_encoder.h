#pragma once

#include <span>

#include <semlink/channel/fec/ldpc_base_graph.h>
#include <semlink/core/types.h>

namespace semlink {

/// Systematic encoder of a lifted NR base graph.
class NrLdpcEncoder {
 public:
  NrLdpcEncoder(int graph, Index lifting_size);

  const LiftedGraph& graph() const { return graph_; }
  /// info_columns * lifting_size.
  Index info_bits() const { return info_columns_ * graph_.lifting_size; }

  /// The code word [graph().num_bits()], punctured columns included, of `info` [info_bits()], fillers (0) included.
  /// Only the first `num_columns` block columns are computed, at least info_columns + 4; the rest is 0.
  Bits encode(std::span<const std::uint8_t> info, Index num_columns) const;

 private:
  LiftedGraph graph_;
  Index info_columns_;
  Index first_parity_shift_;  ///< of the one circulant that is left when the four core rows are added up
};

}  // namespace semlink
