#include <algorithm>

#include <semlink/codecs/adaptive/maps/cells.h>
#include <semlink/codecs/adaptive/maps/token_map.h>

namespace semlink::adaptive {

namespace {

constexpr Index kSide = 2;

Index num_regions(const nn::Grid& grid) { return num_cells(grid, kSide); }

Index planned_bits(const nn::Grid& grid, Index) { return num_regions(grid); }

/// 1 for a region that is one row.
MapPieces write(const nn::Grid& grid, const TokenMap& map) {
  Bits bits;
  for (const auto& members : cell_members(grid, kSide)) {
    const Index first = map.source[static_cast<std::size_t>(members.front())];
    const Index last = map.source[static_cast<std::size_t>(members.back())];
    bits.push_back(first == last ? 1 : 0);
  }
  return {{std::move(bits)}, false};
}

Index next_bits(const MapQuery& query, std::span<const Bits> pieces) {
  return pieces.empty() && query.count >= num_regions(query.grid) ? num_regions(query.grid) : 0;
}

std::optional<TokenMap> read(const MapQuery& query, std::span<const Bits> pieces, const TrialRng&) {
  if (pieces.empty()) return std::nullopt;
  const auto num_tokens = static_cast<std::size_t>(query.grid.num_tokens());
  std::vector<Index> first_of(num_tokens);
  const auto regions = cell_members(query.grid, kSide);
  for (std::size_t r = 0; r < regions.size(); ++r)
    for (const Index token : regions[r])
      first_of[static_cast<std::size_t>(token)] = pieces.front()[r] != 0 ? regions[r].front() : token;
  TokenMap map;
  map.source.resize(num_tokens);
  for (std::size_t token = 0; token < num_tokens; ++token) {
    if (first_of[token] != static_cast<Index>(token)) continue;
    map.source[token] = static_cast<Index>(map.tokens.size());
    map.tokens.push_back(static_cast<Index>(token));
  }
  if (static_cast<Index>(map.tokens.size()) != query.count) return std::nullopt;
  for (std::size_t token = 0; token < num_tokens; ++token)
    map.source[token] = map.source[static_cast<std::size_t>(first_of[token])];
  return map;
}

}  // namespace

const MapCode kRegionsMap{.planned_bits = planned_bits,
                          .write = write,
                          .next_bits = next_bits,
                          .read = read,
                          .fewest = num_regions,
                          .covers_grid = true};

}  // namespace semlink::adaptive
