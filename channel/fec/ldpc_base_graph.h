#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// One entry of a base graph: a circulant in block row `row` and block column `column`, with its shift for each of the
/// eight sets of lifting sizes.
struct BaseGraphEntry {
  std::int16_t row;
  std::int16_t column;
  std::array<std::int16_t, 8> shift;
};

/// The entries of NR base graph 1 or 2 (3GPP TS 38.212 V17.1.0, tables 5.3.2-2 and 5.3.2-3), row by row.
std::span<const BaseGraphEntry> base_graph_entries(int graph);

/// Sizes of a base graph in block rows and columns.
struct BaseGraphSize {
  Index rows;
  Index columns;
  Index info_columns;  ///< systematic block columns, the first two of which are never sent
};

constexpr BaseGraphSize base_graph_size(int graph) {
  return graph == 1 ? BaseGraphSize{46, 68, 22} : BaseGraphSize{42, 52, 10};
}

/// The 51 lifting sizes a 2^j <= 384, a in {2, 3, 5, 7, 9, 11, 13, 15}, in ascending order.
const std::vector<Index>& lifting_sizes();

/// i_LS of a lifting size: the index of its a in the list above.
int lifting_set(Index lifting_size);

/// A quasi-cyclic parity-check matrix: each entry is a cyclically shifted identity of `lifting_size` rows.
///
/// Check i of block row r holds, for every edge, bit (i + shift) mod lifting_size of the edge's block column.
struct LiftedGraph {
  struct Edge {
    Index column;
    Index shift;  ///< in [0, lifting_size)
  };

  Index lifting_size = 0;
  Index num_columns = 0;
  std::vector<std::vector<Edge>> rows;

  Index num_bits() const { return num_columns * lifting_size; }
  Index num_edges() const;
  /// H c = 0 over GF(2), for `bits` [num_bits()].
  bool is_codeword(std::span<const std::uint8_t> bits) const;
};

/// An NR base graph at one lifting size. Throws Error(bad_argument) when the size is none of lifting_sizes().
LiftedGraph lift(int graph, Index lifting_size);

}  // namespace semlink
