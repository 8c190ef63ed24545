#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <semlink/codecs/adaptive/config.h>
#include <semlink/codecs/adaptive/selectors/selector.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// What the receiver must know to read a payload.
struct Header {
  nn::Grid grid;
  Index encoder_exit = 1;  ///< blocks run, 1 to 4
  Index width = 1;         ///< complex symbols per row, 1 to 2^width_bits
  TokenMap map;
  /// The class, 0 to 63, that is sent in place of all that is above.
  std::optional<int> label = std::nullopt;
};

/// The classes that a header can carry.
inline constexpr Index kMaxHeaderClasses = 64;

/// What both ends know of a header before it is sent.
struct HeaderFormat {
  HeaderFormat(const Selector& selector) : map(selector.map) {}
  /// Of a network: pooled rows have no map, and a wider field where they have parts.
  HeaderFormat(const Selector& selector, const NetworkConfig& config);

  const MapCode& map;
  Index width_bits = 4;
};

/// Pieces of side information that carry a header:
///   1. 14 bits: large (1), encoder exit - 1 (2), width - 1 (4; of pooled rows 4 + ceil(log2 parts)), number of tokens
///   with a row of their own, or of pooled rows (7, 0 in a large header)
///   2. large headers only (any grid but 8x8), 37 bits: grid height - 1 (10), width - 1 (10), number of tokens (16), a
///   bit of the map's code (1)
///   3. the map, where some but not all tokens have a row of their own: what the selector's code says
/// A class that the transmitter decided on is piece 1 alone, with 127 for the number of tokens and the class in the
/// bits of exit and width.
std::vector<SideInfo> write_header(const Header& header, const HeaderFormat& format);

/// Bits of the next piece, given those before; 0 after the last. Pieces may be garbage that passed a CRC: then 0 as
/// well.
Index next_header_bits(std::span<const Bits> pieces, const HeaderFormat& format);
bool next_is_positions(std::span<const Bits> pieces, const HeaderFormat& format);

/// Empty when the pieces make no sense or are not all there. `rng` is the trial's, for sets that both ends draw.
std::optional<Header> read_header(std::span<const Bits> pieces, const HeaderFormat& format, const TrialRng& rng);

/// Bits of the map that `count` of the grid's tokens will take at most: what an encoder plans with. 0 when nothing
/// needs to be sent.
Index map_bits(const nn::Grid& grid, Index count, const Selector& selector);

}  // namespace semlink::adaptive
