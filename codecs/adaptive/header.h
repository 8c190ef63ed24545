#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <semlink/codecs/nn/operations.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Which tokens are kept, and whether a receiver must be told.
enum class Selection {
  learned,  ///< those the network scores highest; their positions are sent
  uniform,  ///< spread evenly over the grid: both ends know which
  random,   ///< drawn by a generator that both ends share: both ends know which
};

/// What the receiver must know to read a payload.
struct Header {
  nn::Grid grid;
  Index encoder_exit = 1;     ///< blocks run, 1 to 4
  Index width = 1;            ///< complex symbols per token, 1 to 16
  std::vector<Index> tokens;  ///< kept tokens in raster order, ascending
};

/// Pieces of side information that carry a header:
///   1. 14 bits: large (1), encoder exit - 1 (2), width - 1 (4), number of tokens (7, 0 in a large header)
///   2. large headers only (any grid but 8x8), 37 bits: grid height - 1 (10), width - 1 (10), number of tokens (16),
///   positions by window (1)
///   3. positions, only with learned selection and some but not all tokens:
///        8x8 grid: enumerative code of the subset
///        large, not by window: bitmap
///        large, by window of 8x8: number of tokens of each window (7 bits each), and in piece 4 the enumerative codes
///        one after the other
/// Large headers take the shorter of bitmap and windows.
std::vector<SideInfo> write_header(const Header& header, Selection selection);

/// Bits of the next piece, given those before; 0 after the last. Pieces may be garbage that passed a CRC: then 0 as
/// well.
Index next_header_bits(std::span<const Bits> pieces, Selection selection);
bool next_is_positions(std::span<const Bits> pieces);

/// Empty when the pieces make no sense or are not all there. `rng` is the trial's, for Selection::random.
std::optional<Header> read_header(std::span<const Bits> pieces, Selection selection, const TrialRng& rng);

/// The tokens that both ends know without being told. `count` of the grid's tokens, ascending.
std::vector<Index> agreed_tokens(const nn::Grid& grid, Index count, Selection selection, const TrialRng& rng);

/// Bits of positions that `count` of the grid's tokens will take at most (exactly, unless they are sent by window):
/// what an encoder plans with. 0 when nothing needs to be sent.
Index position_bits(const nn::Grid& grid, Index count, Selection selection);

}  // namespace semlink::adaptive
