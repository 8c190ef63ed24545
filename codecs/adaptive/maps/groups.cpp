#include <algorithm>
#include <array>
#include <bit>

#include <semlink/codecs/adaptive/maps/cells.h>
#include <semlink/codecs/adaptive/maps/token_map.h>
#include <semlink/codecs/adaptive/position_code.h>

namespace semlink::adaptive {

namespace {

constexpr Index kStepBits = 2;

/// A window while its groups are written or read. Members are known by their place in `tokens`.
struct Window {
  const std::vector<Index>& tokens;  ///< raster indices, ascending
  Index grid_width = 0;

  Index size() const { return static_cast<Index>(tokens.size()); }
  /// Place of the neighbour of `member` in one of four directions (up, left, right, down), or -1 beyond the window.
  Index neighbour(Index member, Index direction) const {
    const Index token = tokens[static_cast<std::size_t>(member)], x = token % grid_width;
    if ((direction == 1 && x == 0) || (direction == 2 && x == grid_width - 1)) return -1;
    const std::array<Index, 4> offsets = {-grid_width, -1, 1, grid_width};
    return find(token + offsets[static_cast<std::size_t>(direction)]);
  }
  Index find(Index token) const {
    const auto at = std::lower_bound(tokens.begin(), tokens.end(), token);
    return at == tokens.end() || *at != token ? -1 : static_cast<Index>(at - tokens.begin());
  }
};

Index index_bits(Index groups) { return std::bit_width(static_cast<std::uint64_t>(groups - 1)); }

template <bool kConnected>
Index window_bits(Index size, Index groups) {
  return subset_bits(size, groups) + (size - groups) * (kConnected ? kStepBits : index_bits(groups));
}

template <bool kConnected>
Index planned_bits(const nn::Grid& grid, Index count) {
  const std::vector<Index> sizes = window_sizes(grid), counts = window_counts(grid, count);
  Index bits = 0;
  for (std::size_t w = 0; w < sizes.size(); ++w) bits += window_bits<kConnected>(sizes[w], counts[w]);
  return bits;
}

/// Direction of every member's step towards the first of its group, whose own is -1; `group[member]` numbers the
/// groups.
std::vector<Index> steps_to_first(const Window& window, const std::vector<Index>& group) {
  std::vector<Index> steps(group.size(), -1), reached;
  std::vector<std::uint8_t> seen(group.size(), 0);
  Index groups = 0;
  for (std::size_t i = 0; i < group.size(); ++i)
    if (group[i] == groups) {
      ++groups;
      seen[i] = 1;
      reached.push_back(static_cast<Index>(i));
    }
  for (std::size_t next = 0; next < reached.size(); ++next)
    for (Index direction = 0; direction < 4; ++direction) {
      const Index from = reached[next], to = window.neighbour(from, direction);
      if (to < 0) continue;
      const auto at = static_cast<std::size_t>(to);
      if (seen[at] != 0 || group[at] != group[static_cast<std::size_t>(from)]) continue;
      seen[at] = 1;
      steps[at] = 3 - direction;
      reached.push_back(to);
    }
  return steps;
}

/// Groups of a window's members, numbered by their first members, from the numbering of the whole map.
std::vector<Index> local_groups(const Window& window, const TokenMap& map) {
  std::vector<Index> group, known;
  for (const Index token : window.tokens) {
    const Index row = map.source[static_cast<std::size_t>(token)];
    const auto at = std::find(known.begin(), known.end(), row);
    group.push_back(static_cast<Index>(at - known.begin()));
    if (at == known.end()) known.push_back(row);
  }
  return group;
}

template <bool kConnected>
MapPieces write(const nn::Grid& grid, const TokenMap& map) {
  Bits bits;
  for (const auto& members : window_members(grid)) {
    const Window window{members, grid.width};
    const std::vector<Index> group = local_groups(window, map);
    std::vector<Index> first;
    for (std::size_t i = 0; i < group.size(); ++i)
      if (group[i] == static_cast<Index>(first.size())) first.push_back(static_cast<Index>(i));
    const Bits subset = write_subset(window.size(), first);
    bits.insert(bits.end(), subset.begin(), subset.end());
    const std::vector<Index> steps = kConnected ? steps_to_first(window, group) : std::vector<Index>();
    for (std::size_t i = 0, next = 0; i < group.size(); ++i) {
      if (next < first.size() && first[next] == static_cast<Index>(i)) {
        ++next;
        continue;
      }
      if (kConnected)
        append_number(bits, static_cast<std::uint64_t>(steps[i]), kStepBits);
      else
        append_number(bits, static_cast<std::uint64_t>(group[i]), index_bits(static_cast<Index>(first.size())));
    }
  }
  return {{std::move(bits)}, false};
}

template <bool kConnected>
Index next_bits(const MapQuery& query, std::span<const Bits> pieces) {
  if (!pieces.empty() || query.count < num_windows(query.grid)) return 0;
  return planned_bits<kConnected>(query.grid, query.count);
}

/// First member of each member's group by following the steps; empty where they leave the window or lead nowhere.
std::vector<Index> follow(const Window& window, const std::vector<Index>& steps) {
  std::vector<Index> firsts;
  for (Index member = 0; member < window.size(); ++member) {
    Index at = member;
    for (Index hops = 0; at >= 0 && steps[static_cast<std::size_t>(at)] >= 0; ++hops) {
      if (hops == window.size()) return {};
      at = window.neighbour(at, steps[static_cast<std::size_t>(at)]);
    }
    if (at < 0) return {};
    firsts.push_back(at);
  }
  return firsts;
}

/// First member of each member's group; empty when the bits make no sense. Reads `bits` from `at` on.
template <bool kConnected>
std::vector<Index> read_window(const Window& window, Index groups, const Bits& bits, Index& at) {
  const Index size = window.size(), subset_end = at + subset_bits(size, groups);
  const auto first = read_subset(size, groups, Bits(bits.begin() + at, bits.begin() + subset_end));
  at = subset_end;
  if (!first) return {};
  std::vector<Index> firsts(static_cast<std::size_t>(size), -1), steps(static_cast<std::size_t>(size), -1);
  for (const Index member : *first) firsts[static_cast<std::size_t>(member)] = member;
  for (std::size_t member = 0; member < firsts.size(); ++member) {
    if (firsts[member] >= 0) continue;
    if (kConnected) {
      steps[member] = static_cast<Index>(read_number(bits, at, kStepBits));
      continue;
    }
    const auto group = static_cast<Index>(read_number(bits, at, index_bits(groups)));
    if (group >= groups) return {};
    firsts[member] = (*first)[static_cast<std::size_t>(group)];
  }
  return kConnected ? follow(window, steps) : firsts;
}

template <bool kConnected>
std::optional<TokenMap> read(const MapQuery& query, std::span<const Bits> pieces, const TrialRng&) {
  if (pieces.empty()) return std::nullopt;
  const auto windows = window_members(query.grid);
  const std::vector<Index> counts = window_counts(query.grid, query.count);
  std::vector<Index> first_of(static_cast<std::size_t>(query.grid.num_tokens()));
  Index at = 0;
  for (std::size_t w = 0; w < windows.size(); ++w) {
    const std::vector<Index> firsts =
        read_window<kConnected>({windows[w], query.grid.width}, counts[w], pieces.front(), at);
    if (firsts.empty()) return std::nullopt;
    for (std::size_t i = 0; i < firsts.size(); ++i)
      first_of[static_cast<std::size_t>(windows[w][i])] = windows[w][static_cast<std::size_t>(firsts[i])];
  }
  TokenMap map;
  map.source.resize(first_of.size());
  for (std::size_t token = 0; token < first_of.size(); ++token) {
    if (first_of[token] != static_cast<Index>(token)) continue;
    map.source[token] = static_cast<Index>(map.tokens.size());
    map.tokens.push_back(static_cast<Index>(token));
  }
  for (std::size_t token = 0; token < first_of.size(); ++token)
    map.source[token] = map.source[static_cast<std::size_t>(first_of[token])];
  return map;
}

}  // namespace

const MapCode kConnectedGroupsMap{.planned_bits = planned_bits<true>,
                                  .write = write<true>,
                                  .next_bits = next_bits<true>,
                                  .read = read<true>,
                                  .fewest = num_windows,
                                  .covers_grid = true};
const MapCode kGroupsMap{.planned_bits = planned_bits<false>,
                         .write = write<false>,
                         .next_bits = next_bits<false>,
                         .read = read<false>,
                         .fewest = num_windows,
                         .covers_grid = true};

}  // namespace semlink::adaptive
