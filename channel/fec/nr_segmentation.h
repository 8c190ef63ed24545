#pragma once

#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// How a transport block is cut into code blocks (3GPP TS 38.212 V17.1.0, section 5.2.2).
///
/// Every block is encoded with K = info_columns * lifting_size bits: `block_bits` of data and CRC, then fillers of
/// value 0 that are never sent. Where the standard's size is not a whole number (its own transport block sizes always
/// give one), the first blocks have one bit more than the last.
struct NrSegmentation {
  int graph = 1;
  Index lifting_size = 0;
  Index crc_bits = 0;             ///< CRC24B of each block: 24 when there are several blocks with CRCs, else 0
  std::vector<Index> block_bits;  ///< K' of each block, its CRC included

  Index num_blocks() const { return static_cast<Index>(block_bits.size()); }
};

/// Base graph 2 for at most 292 bits, for at most 3824 bits at rates up to 0.67, and for rates up to 0.25; else 1 (TS
/// 38.212 section 7.2.2; bits without the transport block's CRC).
int nr_base_graph(Index info_bits, double rate);

/// Cuts `num_bits` (transport block with its CRC); `block_crc` appends CRC24B when there is more than one block. The
/// lifting size is the smallest for which Kb columns hold K', with Kb = 22 for graph 1 and 10, 9, 8 or 6 for graph 2;
/// Kb chooses the size only, the graph keeps its 10 columns.
NrSegmentation segment_nr(Index num_bits, int graph, bool block_crc);

/// Coded bits of each block when `total` are shared out in units of `unit` bits (bits per symbol): the last blocks get
/// one unit more (section 5.4.2.1). `total` is a multiple of `unit`.
std::vector<Index> share_nr_coded_bits(Index total, Index unit, Index num_blocks);

}  // namespace semlink
