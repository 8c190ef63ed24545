#pragma once

#include <optional>
#include <span>
#include <vector>

#include <semlink/codecs/nn/operations.h>
#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Which tokens of a grid the rows of a payload stand for.
struct TokenMap {
  /// Tokens that have a row of their own, by raster index, ascending: theirs are the first rows of the payload.
  std::vector<Index> tokens;
  /// Row that each token of the grid is restored from, in raster order, -1 for none. Empty: `tokens` from their own
  /// rows, all others from none.
  std::vector<Index> source;
  Index rest_rows = 0;  ///< further rows, which sum up tokens that have none of their own

  Index num_rows() const { return static_cast<Index>(tokens.size()) + rest_rows; }
  /// Share of the grid's tokens that `tokens` stand for.
  double share(Index num_tokens) const;
};

/// What is known of a map before it is read. 0 < count < num_tokens.
struct MapQuery {
  nn::Grid grid;
  Index count = 0;         ///< tokens with a row of their own
  bool by_window = false;  ///< what `MapPieces` said; false on a grid of one window
};

struct MapPieces {
  std::vector<Bits> pieces;  ///< at most two
  bool by_window = false;    ///< one bit that a large header has for the code's own use
};

/// How a receiver learns the map. Both ends know which code is in use: it goes with `codec.selection`. Functions get
/// grids of at most 65,535 tokens; bits to be read may be garbage that passed a CRC.
struct MapCode {
  /// Bits that maps with so many tokens take at most: what an encoder plans with. 0 when nothing has to be sent.
  Index (*planned_bits)(const nn::Grid& grid, Index count);
  MapPieces (*write)(const nn::Grid& grid, const TokenMap& map);
  /// Bits of the next piece, given those before; 0 after the last. In [0, 1 << 20].
  Index (*next_bits)(const MapQuery& query, std::span<const Bits> pieces);
  /// Empty when the bits make no sense. There are as many pieces as `next_bits` asked for.
  std::optional<TokenMap> (*read)(const MapQuery& query, std::span<const Bits> pieces, const TrialRng& rng);
  /// Fewest tokens that such a map can have.
  Index (*fewest)(const nn::Grid& grid) = [](const nn::Grid&) { return Index(1); };
  /// `TokenMap::rest_rows` at most, for fewer tokens than the grid has.
  Index (*rest_rows)(const nn::Grid& grid) = [](const nn::Grid&) { return Index(0); };
  bool covers_grid = false;  ///< every token has a row that stands for it
};

/// Sets that both ends know: spread evenly, or drawn by a generator that they share. Nothing is sent.
extern const MapCode kUniformMap;
extern const MapCode kRandomMap;
/// Pooled rows, of which both ends know the number and that no token has one of its own: `tokens` counts them. Nothing
/// is sent.
extern const MapCode kPooledMap;
/// Any subset. 8x8 grid: its enumerative code; otherwise the shorter of a bitmap and, by window of 8x8, the number of
/// tokens of each (7 bits each) and then the enumerative codes one after the other.
extern const MapCode kSubsetMap;
/// The same, and one row more in every window that misses tokens, from which these are restored.
extern const MapCode kSubsetAndRestMap;
/// Groups that cover the grid, each restored from the row of its first token, `tokens` by window as `window_counts`
/// says. Per window: enumerative code of the first tokens, and for every other token 2 bits to a neighbour in its group
/// that is a step nearer to the first.
extern const MapCode kConnectedGroupsMap;
/// The same for any groups: for every other token the number of its group in ceil(log2(groups of the window)) bits.
extern const MapCode kGroupsMap;
/// Regions of 2x2 tokens (smaller at odd borders), 1 bit each: one row for all of them, or one for each.
extern const MapCode kRegionsMap;

/// The tokens that both ends know without being told. `count` of the grid's tokens, ascending.
std::vector<Index> uniform_tokens(const nn::Grid& grid, Index count);
std::vector<Index> random_tokens(const nn::Grid& grid, Index count, const TrialRng& rng);

}  // namespace semlink::adaptive
