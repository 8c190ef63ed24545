#include <algorithm>

#include <semlink/codecs/adaptive/maps/cells.h>
#include <semlink/codecs/adaptive/maps/token_map.h>
#include <semlink/codecs/adaptive/position_code.h>

namespace semlink::adaptive {

namespace {

constexpr Index kWindowCountBits = 7;
/// What another piece may cost in CRC and rounding: windows must win by more than that.
constexpr Index kSecondPiece = 64;

bool is_one_window(const nn::Grid& grid) {
  return grid.height == nn::Windows::kSide && grid.width == nn::Windows::kSide;
}

Bits bitmap(Index num_tokens, const std::vector<Index>& tokens) {
  Bits bits(static_cast<std::size_t>(num_tokens), 0);
  for (const Index token : tokens) bits[static_cast<std::size_t>(token)] = 1;
  return bits;
}

/// Counts of all windows, then their subsets.
std::pair<Bits, Bits> write_windows(const nn::Grid& grid, const std::vector<Index>& tokens) {
  const Bits kept = bitmap(grid.num_tokens(), tokens);
  std::pair<Bits, Bits> pieces;
  for (const std::vector<Index>& members : window_members(grid)) {
    std::vector<Index> inside;
    for (std::size_t i = 0; i < members.size(); ++i)
      if (kept[static_cast<std::size_t>(members[i])] != 0) inside.push_back(static_cast<Index>(i));
    append_number(pieces.first, inside.size(), kWindowCountBits);
    const Bits subset = write_subset(static_cast<Index>(members.size()), inside);
    pieces.second.insert(pieces.second.end(), subset.begin(), subset.end());
  }
  return pieces;
}

/// Counts of the windows, empty when they make no sense.
std::vector<Index> read_window_counts(const MapQuery& query, const Bits& bits) {
  const auto members = window_members(query.grid);
  std::vector<Index> counts;
  Index at = 0, sum = 0;
  for (const auto& window : members) {
    counts.push_back(static_cast<Index>(read_number(bits, at, kWindowCountBits)));
    if (counts.back() > static_cast<Index>(window.size())) return {};
    sum += counts.back();
  }
  return sum == query.count ? counts : std::vector<Index>{};
}

std::optional<std::vector<Index>> read_windows(const MapQuery& query, std::span<const Bits> pieces) {
  const auto members = window_members(query.grid);
  const std::vector<Index> counts = read_window_counts(query, pieces.front());
  const Bits none;
  std::vector<Index> tokens;
  auto at = (pieces.size() > 1 ? pieces[1] : none).begin();
  for (std::size_t w = 0; w < counts.size(); ++w) {
    const auto size = static_cast<Index>(members[w].size());
    const auto end = at + subset_bits(size, counts[w]);
    const auto subset = read_subset(size, counts[w], Bits(at, end));
    if (!subset) return std::nullopt;
    for (const Index i : *subset) tokens.push_back(members[w][static_cast<std::size_t>(i)]);
    at = end;
  }
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

Index planned_bits(const nn::Grid& grid, Index count) {
  return is_one_window(grid) ? subset_bits(grid.num_tokens(), count) : grid.num_tokens();
}

MapPieces write(const nn::Grid& grid, const TokenMap& map) {
  const Index num_tokens = grid.num_tokens();
  if (is_one_window(grid)) return {{write_subset(num_tokens, map.tokens)}, false};
  std::pair<Bits, Bits> windows = write_windows(grid, map.tokens);
  if (static_cast<Index>(windows.first.size() + windows.second.size()) + kSecondPiece >= num_tokens)
    return {{bitmap(num_tokens, map.tokens)}, false};
  MapPieces result{{std::move(windows.first)}, true};
  if (!windows.second.empty()) result.pieces.push_back(std::move(windows.second));
  return result;
}

Index next_bits(const MapQuery& query, std::span<const Bits> pieces) {
  if (pieces.empty()) {
    if (is_one_window(query.grid)) return subset_bits(query.grid.num_tokens(), query.count);
    return query.by_window ? kWindowCountBits * num_windows(query.grid) : query.grid.num_tokens();
  }
  if (pieces.size() > 1 || !query.by_window || is_one_window(query.grid)) return 0;
  const auto members = window_members(query.grid);
  const std::vector<Index> counts = read_window_counts(query, pieces.front());
  Index bits = 0;
  for (std::size_t w = 0; w < counts.size(); ++w) bits += subset_bits(static_cast<Index>(members[w].size()), counts[w]);
  return bits;
}

std::optional<TokenMap> read(const MapQuery& query, std::span<const Bits> pieces, const TrialRng&) {
  std::optional<std::vector<Index>> tokens;
  if (is_one_window(query.grid)) {
    tokens = read_subset(query.grid.num_tokens(), query.count, pieces.front());
  } else if (query.by_window) {
    tokens = read_windows(query, pieces);
  } else {
    tokens.emplace();
    for (std::size_t i = 0; i < pieces.front().size(); ++i)
      if (pieces.front()[i] != 0) tokens->push_back(static_cast<Index>(i));
  }
  if (!tokens || static_cast<Index>(tokens->size()) != query.count) return std::nullopt;
  return TokenMap{std::move(*tokens), {}, 0};
}

std::optional<TokenMap> read_with_rest(const MapQuery& query, std::span<const Bits> pieces, const TrialRng& rng) {
  std::optional<TokenMap> map = read(query, pieces, rng);
  if (!map) return std::nullopt;
  map->source.assign(static_cast<std::size_t>(query.grid.num_tokens()), -1);
  for (std::size_t row = 0; row < map->tokens.size(); ++row)
    map->source[static_cast<std::size_t>(map->tokens[row])] = static_cast<Index>(row);
  for (const auto& members : window_members(query.grid)) {
    bool misses = false;
    for (const Index token : members) {
      Index& source = map->source[static_cast<std::size_t>(token)];
      if (source < 0) {
        source = map->num_rows();
        misses = true;
      }
    }
    map->rest_rows += misses ? 1 : 0;
  }
  return map;
}

}  // namespace

const MapCode kSubsetMap{planned_bits, write, next_bits, read};
const MapCode kSubsetAndRestMap{.planned_bits = planned_bits,
                                .write = write,
                                .next_bits = next_bits,
                                .read = read_with_rest,
                                .rest_rows = num_windows};

}  // namespace semlink::adaptive
