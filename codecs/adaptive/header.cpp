#include <semlink/codecs/adaptive/header.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <semlink/codecs/adaptive/position_code.h>
#include <semlink/codecs/adaptive/selection.h>

namespace semlink::adaptive {

namespace {

constexpr Index kSide = nn::Windows::kSide;
constexpr Index kExitBits = 2, kWidthBits = 4, kSmallCountBits = 7;
constexpr Index kFirstBits = 1 + kExitBits + kWidthBits + kSmallCountBits;
constexpr Index kGridBits = 10, kLargeCountBits = 16;
constexpr Index kSecondBits = 2 * kGridBits + kLargeCountBits + 1;
constexpr Index kWindowCountBits = 7;
constexpr Index kSecondPiece =
    64;  ///< what another piece may cost in CRC and rounding: windows must win by more than that
constexpr Index kMaxTokens = (Index{1} << kLargeCountBits) - 1;

bool is_small(const nn::Grid& grid) { return grid.height == kSide && grid.width == kSide; }

/// The fixed fields of the first two pieces.
struct Fields {
  bool large = false;
  Index exit = 1;
  Index width = 1;
  Index count = 0;
  nn::Grid grid{kSide, kSide};
  bool by_window = false;
  bool complete = false;  ///< both pieces, where there are two, have been read

  bool sends_positions(Selection selection) const {
    return selection == Selection::learned && count > 0 && count < grid.num_tokens();
  }
};

Fields read_fields(std::span<const Bits> pieces) {
  Fields fields;
  if (pieces.empty() || static_cast<Index>(pieces[0].size()) != kFirstBits) return fields;
  Index at = 0;
  fields.large = read_number(pieces[0], at, 1) != 0;
  fields.exit = static_cast<Index>(read_number(pieces[0], at, kExitBits)) + 1;
  fields.width = static_cast<Index>(read_number(pieces[0], at, kWidthBits)) + 1;
  fields.count = static_cast<Index>(read_number(pieces[0], at, kSmallCountBits));
  fields.complete = !fields.large;
  if (!fields.large || pieces.size() < 2 || static_cast<Index>(pieces[1].size()) != kSecondBits) return fields;
  at = 0;
  fields.grid.height = static_cast<Index>(read_number(pieces[1], at, kGridBits)) + 1;
  fields.grid.width = static_cast<Index>(read_number(pieces[1], at, kGridBits)) + 1;
  fields.count = static_cast<Index>(read_number(pieces[1], at, kLargeCountBits));
  fields.by_window = read_number(pieces[1], at, 1) != 0;
  fields.complete = true;
  return fields;
}

bool sensible(const Fields& fields) {
  return fields.complete && fields.grid.num_tokens() <= kMaxTokens && fields.count <= fields.grid.num_tokens();
}

/// The windows of a grid in raster order, each as the raster indices of its tokens.
std::vector<std::vector<Index>> window_members(const nn::Grid& grid) {
  std::vector<std::vector<Index>> members;
  for (Index top = 0; top < grid.height; top += kSide)
    for (Index left = 0; left < grid.width; left += kSide) {
      members.emplace_back();
      for (Index y = top; y < std::min(top + kSide, grid.height); ++y)
        for (Index x = left; x < std::min(left + kSide, grid.width); ++x) members.back().push_back(y * grid.width + x);
    }
  return members;
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
std::vector<Index> read_window_counts(const Fields& fields, const Bits& bits) {
  const auto members = window_members(fields.grid);
  std::vector<Index> counts;
  Index at = 0, sum = 0;
  for (const auto& window : members) {
    counts.push_back(static_cast<Index>(read_number(bits, at, kWindowCountBits)));
    if (counts.back() > static_cast<Index>(window.size())) return {};
    sum += counts.back();
  }
  return sum == fields.count ? counts : std::vector<Index>{};
}

Index window_subset_bits(const Fields& fields, const std::vector<Index>& counts) {
  const auto members = window_members(fields.grid);
  Index bits = 0;
  for (std::size_t w = 0; w < counts.size(); ++w) bits += subset_bits(static_cast<Index>(members[w].size()), counts[w]);
  return bits;
}

Index num_windows(const nn::Grid& grid) {
  return ((grid.height + kSide - 1) / kSide) * ((grid.width + kSide - 1) / kSide);
}

std::optional<std::vector<Index>> read_windows(const Fields& fields, const Bits& counts_piece,
                                               const Bits& subsets_piece) {
  const auto members = window_members(fields.grid);
  const std::vector<Index> counts = read_window_counts(fields, counts_piece);
  std::vector<Index> tokens;
  auto at = subsets_piece.begin();
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

}  // namespace

std::vector<SideInfo> write_header(const Header& header, Selection selection) {
  const bool small = is_small(header.grid);
  const auto count = static_cast<Index>(header.tokens.size());
  std::vector<SideInfo> pieces(1);
  Bits& first = pieces.front().bits;
  append_number(first, small ? 0 : 1, 1);
  append_number(first, static_cast<std::uint64_t>(header.encoder_exit - 1), kExitBits);
  append_number(first, static_cast<std::uint64_t>(header.width - 1), kWidthBits);
  append_number(first, static_cast<std::uint64_t>(small ? count : 0), kSmallCountBits);

  const Index num_tokens = header.grid.num_tokens();
  const bool positions = selection == Selection::learned && count > 0 && count < num_tokens;
  if (small) {
    if (positions) pieces.push_back({write_subset(num_tokens, header.tokens), true});
    return pieces;
  }
  std::pair<Bits, Bits> windows;
  if (positions) windows = write_windows(header.grid, header.tokens);
  const bool by_window =
      positions && static_cast<Index>(windows.first.size() + windows.second.size()) + kSecondPiece < num_tokens;
  pieces.emplace_back();
  Bits& second = pieces.back().bits;
  append_number(second, static_cast<std::uint64_t>(header.grid.height - 1), kGridBits);
  append_number(second, static_cast<std::uint64_t>(header.grid.width - 1), kGridBits);
  append_number(second, static_cast<std::uint64_t>(count), kLargeCountBits);
  append_number(second, by_window ? 1 : 0, 1);
  if (by_window) {
    pieces.push_back({std::move(windows.first), true});
    if (!windows.second.empty()) pieces.push_back({std::move(windows.second), true});
  } else if (positions) {
    pieces.push_back({bitmap(num_tokens, header.tokens), true});
  }
  return pieces;
}

Index next_header_bits(std::span<const Bits> pieces, Selection selection) {
  if (pieces.empty()) return kFirstBits;
  const Fields fields = read_fields(pieces);
  if (fields.large && pieces.size() == 1) return kSecondBits;
  const std::size_t before_positions = fields.large ? 2 : 1;
  if (!sensible(fields) || !fields.sends_positions(selection)) return 0;
  if (pieces.size() == before_positions) {
    if (!fields.large) return subset_bits(fields.grid.num_tokens(), fields.count);
    return fields.by_window ? kWindowCountBits * num_windows(fields.grid) : fields.grid.num_tokens();
  }
  if (pieces.size() == before_positions + 1 && fields.by_window)
    return window_subset_bits(fields, read_window_counts(fields, pieces.back()));
  return 0;
}

bool next_is_positions(std::span<const Bits> pieces) {
  return pieces.size() >= (read_fields(pieces).large ? std::size_t{2} : std::size_t{1});
}

std::optional<Header> read_header(std::span<const Bits> pieces, Selection selection, const TrialRng& rng) {
  const Fields fields = read_fields(pieces);
  if (!sensible(fields) || next_header_bits(pieces, selection) != 0) return std::nullopt;
  Header header{fields.grid, fields.exit, fields.width, {}};
  const Index num_tokens = fields.grid.num_tokens();
  if (fields.count == num_tokens) {
    header.tokens.resize(static_cast<std::size_t>(num_tokens));
    std::iota(header.tokens.begin(), header.tokens.end(), Index(0));
    return header;
  }
  if (!fields.sends_positions(selection)) {
    header.tokens = agreed_tokens(fields.grid, fields.count, selection, rng);
    return header;
  }
  const std::size_t before_positions = fields.large ? 2 : 1;
  const Bits& positions = pieces[before_positions];
  std::optional<std::vector<Index>> tokens;
  if (!fields.large) {
    tokens = read_subset(num_tokens, fields.count, positions);
  } else if (fields.by_window) {
    const Bits none;
    tokens = read_windows(fields, positions, pieces.size() > 3 ? pieces[3] : none);
  } else {
    tokens.emplace();
    for (std::size_t i = 0; i < positions.size(); ++i)
      if (positions[i] != 0) tokens->push_back(static_cast<Index>(i));
  }
  if (!tokens || static_cast<Index>(tokens->size()) != fields.count) return std::nullopt;
  header.tokens = std::move(*tokens);
  return header;
}

std::vector<Index> agreed_tokens(const nn::Grid& grid, Index count, Selection selection, const TrialRng& rng) {
  const Index num_tokens = grid.num_tokens();
  std::vector<float> ranks(static_cast<std::size_t>(num_tokens));
  if (selection == Selection::random) {
    Stream stream = rng.stream(Purpose::codec);
    for (float& rank : ranks) rank = static_cast<float>(stream.uniform());
  } else {
    // Thresholding a two-dimensional low-discrepancy lattice spreads any number of tokens evenly (the steps are the
    // inverse powers of the real root of x^3 = x + 1).
    constexpr double kStepY = 0.7548776662466927, kStepX = 0.5698402909980532;
    for (Index i = 0; i < num_tokens; ++i) {
      const double position =
          static_cast<double>(i / grid.width) * kStepY + static_cast<double>(i % grid.width) * kStepX;
      ranks[static_cast<std::size_t>(i)] = static_cast<float>(position - std::floor(position));
    }
  }
  return highest(ranks, count);
}

Index position_bits(const nn::Grid& grid, Index count, Selection selection) {
  if (selection != Selection::learned || count == 0 || count == grid.num_tokens()) return 0;
  return is_small(grid) ? subset_bits(grid.num_tokens(), count) : grid.num_tokens();
}

}  // namespace semlink::adaptive
