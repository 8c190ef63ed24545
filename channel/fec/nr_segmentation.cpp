#include <semlink/channel/fec/nr_segmentation.h>

#include <semlink/channel/crc.h>
#include <semlink/channel/fec/ldpc_base_graph.h>

namespace semlink {
namespace {

constexpr Index largest_block(int graph) { return graph == 1 ? 8448 : 3840; }

/// Kb of section 5.2.2.
Index columns_for_size(int graph, Index num_bits) {
  if (graph == 1) return 22;
  if (num_bits > 640) return 10;
  if (num_bits > 560) return 9;
  return num_bits > 192 ? 8 : 6;
}

Index smallest_lifting_size(Index block_bits, Index columns) {
  for (const Index size : lifting_sizes())
    if (columns * size >= block_bits) return size;
  return lifting_sizes().back();
}

}  // namespace

int nr_base_graph(Index info_bits, double rate) {
  return info_bits <= 292 || (info_bits <= 3824 && rate <= 0.67) || rate <= 0.25 ? 2 : 1;
}

NrSegmentation segment_nr(Index num_bits, int graph, bool block_crc) {
  const Index largest = largest_block(graph);
  const Index crc_bits = block_crc && num_bits > largest ? kNrCrc24b.num_bits : 0;
  const Index num_blocks = num_bits <= largest ? 1 : (num_bits + largest - crc_bits - 1) / (largest - crc_bits);
  NrSegmentation cut{.graph = graph, .crc_bits = crc_bits};
  for (Index block = 0; block < num_blocks; ++block)
    cut.block_bits.push_back(num_bits / num_blocks + (block < num_bits % num_blocks ? 1 : 0) + crc_bits);
  cut.lifting_size = smallest_lifting_size(cut.block_bits.front(), columns_for_size(graph, num_bits));
  return cut;
}

std::vector<Index> share_nr_coded_bits(Index total, Index unit, Index num_blocks) {
  const Index units = total / unit;
  std::vector<Index> shares;
  for (Index block = 0; block < num_blocks; ++block) {
    const bool rounded_down = block < num_blocks - units % num_blocks;
    shares.push_back(unit * (units / num_blocks + (rounded_down ? 0 : 1)));
  }
  return shares;
}

}  // namespace semlink
