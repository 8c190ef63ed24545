#include <semlink/channel/fec/nr_ldpc_encoder.h>

#include <algorithm>
#include <map>
#include <vector>

namespace semlink {
namespace {

constexpr Index kCoreRows = 4;

/// parity[i] ^= column[i + shift], for a column that stands twice in memory, one copy behind the other.
void add_rotated(const std::uint8_t* doubled_column, Index shift, Index size, std::uint8_t* __restrict parity) {
  const std::uint8_t* __restrict from = doubled_column + shift;
  for (Index i = 0; i < size; ++i) parity[i] ^= from[i];
}

}  // namespace

NrLdpcEncoder::NrLdpcEncoder(int graph, Index lifting_size)
    : graph_(lift(graph, lifting_size)), info_columns_(base_graph_size(graph).info_columns) {
  // Of the three circulants of the first parity column in the core two are the same and cancel.
  std::map<Index, int> times;
  for (Index row = 0; row < kCoreRows; ++row)
    for (const LiftedGraph::Edge& edge : graph_.rows[row])
      if (edge.column == info_columns_) ++times[edge.shift];
  for (const auto& [shift, count] : times)
    if (count % 2 == 1) first_parity_shift_ = shift;
}

Bits NrLdpcEncoder::encode(std::span<const std::uint8_t> info, Index num_columns) const {
  const Index size = graph_.lifting_size;
  // Every column twice, so that a rotated one can be read in one piece.
  std::vector<std::uint8_t> doubled(static_cast<std::size_t>(2 * size * (info_columns_ + kCoreRows)));
  const auto column = [&](Index index) { return doubled.data() + 2 * size * index; };
  const auto set_column = [&](Index index, const std::uint8_t* bits) {
    std::copy_n(bits, size, column(index));
    std::copy_n(bits, size, column(index) + size);
  };
  for (Index index = 0; index < info_columns_; ++index) set_column(index, info.data() + index * size);

  Bits word(static_cast<std::size_t>(graph_.num_bits()));
  std::copy_n(info.data(), info_bits(), word.data());

  const auto add_row = [&](Index row, Index known_columns, std::uint8_t* parity) {
    for (const LiftedGraph::Edge& edge : graph_.rows[row])
      if (edge.column < known_columns) add_rotated(column(edge.column), edge.shift, size, parity);
  };

  // The sum of the core rows holds the first parity column once; the others cancel (they form a double diagonal).
  std::vector<std::uint8_t> core(static_cast<std::size_t>(size));
  for (Index row = 0; row < kCoreRows; ++row) add_row(row, info_columns_, core.data());
  std::uint8_t* parity = word.data() + info_bits();
  std::rotate_copy(core.begin(), core.end() - first_parity_shift_, core.end(), parity);
  set_column(info_columns_, parity);

  // From then on each row has one unknown column, with shift 0: the next one of the core, then its own.
  for (Index row = 0; row + 1 < kCoreRows; ++row) {
    const Index next = info_columns_ + row + 1;
    add_row(row, next, word.data() + next * size);
    set_column(next, word.data() + next * size);
  }
  const Index known = info_columns_ + kCoreRows;
  for (Index index = known; index < num_columns; ++index)
    add_row(index - info_columns_, known, word.data() + index * size);
  return word;
}

}  // namespace semlink
