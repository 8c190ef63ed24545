#include <semlink/channel/fec/ldpc_base_graph.h>

#include <algorithm>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr Index kFactors[] = {2, 3, 5, 7, 9, 11, 13, 15};
constexpr Index kLargestSize = 384;

}  // namespace

const std::vector<Index>& lifting_sizes() {
  static const std::vector<Index> sizes = [] {
    std::vector<Index> list;
    for (const Index factor : kFactors)
      for (Index size = factor; size <= kLargestSize; size *= 2) list.push_back(size);
    std::sort(list.begin(), list.end());
    return list;
  }();
  return sizes;
}

int lifting_set(Index lifting_size) {
  for (int set = 0; set < 8; ++set)
    for (Index size = kFactors[set]; size <= kLargestSize; size *= 2)
      if (size == lifting_size) return set;
  throw Error(ErrorCode::bad_argument,
              "lifting size = " + std::to_string(lifting_size) + ": expected a size of TS 38.212 table 5.3.2-1");
}

Index LiftedGraph::num_edges() const {
  Index edges = 0;
  for (const std::vector<Edge>& row : rows) edges += static_cast<Index>(row.size());
  return edges;
}

bool LiftedGraph::is_codeword(std::span<const std::uint8_t> bits) const {
  std::vector<std::uint8_t> parity(static_cast<std::size_t>(lifting_size));
  for (const std::vector<Edge>& row : rows) {
    std::fill(parity.begin(), parity.end(), 0);
    for (const Edge& edge : row)
      for (Index i = 0; i < lifting_size; ++i)
        parity[i] ^= bits[edge.column * lifting_size + (i + edge.shift) % lifting_size] & 1;
    if (std::find(parity.begin(), parity.end(), 1) != parity.end()) return false;
  }
  return true;
}

LiftedGraph lift(int graph, Index lifting_size) {
  const int set = lifting_set(lifting_size);
  const BaseGraphSize size = base_graph_size(graph);
  LiftedGraph lifted{.lifting_size = lifting_size, .num_columns = size.columns};
  lifted.rows.resize(static_cast<std::size_t>(size.rows));
  for (const BaseGraphEntry& entry : base_graph_entries(graph))
    lifted.rows[entry.row].push_back({entry.column, entry.shift[set] % lifting_size});
  return lifted;
}

}  // namespace semlink
