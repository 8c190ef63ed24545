#include <semlink/codecs/adaptive/header.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include <semlink/codecs/adaptive/position_code.h>

namespace semlink::adaptive {

namespace {

constexpr Index kSide = nn::Windows::kSide;
constexpr Index kExitBits = 2, kWidthBits = 4, kSmallCountBits = 7;
constexpr Index kLabelMark = (Index{1} << kSmallCountBits) - 1;  // no 8x8 grid has so many tokens
static_assert(kMaxHeaderClasses == Index{1} << (kExitBits + kWidthBits));
constexpr Index kGridBits = 10, kLargeCountBits = 16;
constexpr Index kSecondBits = 2 * kGridBits + kLargeCountBits + 1;
constexpr Index kMaxTokens = (Index{1} << kLargeCountBits) - 1;

Index first_bits(const HeaderFormat& format) { return 1 + kExitBits + format.width_bits + kSmallCountBits; }

bool is_small(const nn::Grid& grid) { return grid.height == kSide && grid.width == kSide; }

/// Some but not all tokens have a row of their own: there is a map to tell or to agree on.
bool has_map(const nn::Grid& grid, Index count) { return count > 0 && count < grid.num_tokens(); }

/// The fixed fields of the first two pieces.
struct Fields {
  bool large = false;
  Index exit = 1;
  Index width = 1;
  MapQuery map{{kSide, kSide}};
  bool complete = false;  ///< both pieces, where there are two, have been read

  std::size_t num_pieces() const { return large ? 2 : 1; }
  bool sensible() const {
    return complete && map.grid.num_tokens() <= kMaxTokens && map.count <= map.grid.num_tokens();
  }
};

Fields read_fields(std::span<const Bits> pieces, const HeaderFormat& format) {
  Fields fields;
  if (pieces.empty() || static_cast<Index>(pieces[0].size()) != first_bits(format)) return fields;
  Index at = 0;
  fields.large = read_number(pieces[0], at, 1) != 0;
  fields.exit = static_cast<Index>(read_number(pieces[0], at, kExitBits)) + 1;
  fields.width = static_cast<Index>(read_number(pieces[0], at, format.width_bits)) + 1;
  fields.map.count = static_cast<Index>(read_number(pieces[0], at, kSmallCountBits));
  fields.complete = !fields.large;
  if (!fields.large || pieces.size() < 2 || static_cast<Index>(pieces[1].size()) != kSecondBits) return fields;
  at = 0;
  fields.map.grid.height = static_cast<Index>(read_number(pieces[1], at, kGridBits)) + 1;
  fields.map.grid.width = static_cast<Index>(read_number(pieces[1], at, kGridBits)) + 1;
  fields.map.count = static_cast<Index>(read_number(pieces[1], at, kLargeCountBits));
  fields.map.by_window = read_number(pieces[1], at, 1) != 0;
  fields.complete = true;
  return fields;
}

std::vector<SideInfo> write_label(int label, const HeaderFormat& format) {
  std::vector<SideInfo> pieces(1);
  append_number(pieces.front().bits, 0, 1);
  append_number(pieces.front().bits, static_cast<std::uint64_t>(label), kExitBits + format.width_bits);
  append_number(pieces.front().bits, static_cast<std::uint64_t>(kLabelMark), kSmallCountBits);
  return pieces;
}

/// The class of a header that carries nothing else.
std::optional<int> read_label(std::span<const Bits> pieces, const HeaderFormat& format) {
  if (pieces.size() != 1 || static_cast<Index>(pieces[0].size()) != first_bits(format)) return std::nullopt;
  Index at = 0;
  const bool large = read_number(pieces[0], at, 1) != 0;
  const auto label = static_cast<int>(read_number(pieces[0], at, kExitBits + format.width_bits));
  const auto mark = static_cast<Index>(read_number(pieces[0], at, kSmallCountBits));
  return !large && mark == kLabelMark ? std::optional(label) : std::nullopt;
}

}  // namespace

HeaderFormat::HeaderFormat(const Selector& selector, const NetworkConfig& config)
    : map(config.pools() ? kPooledMap : selector.map),
      width_bits(kWidthBits + std::bit_width(static_cast<std::uint64_t>(config.pool_parts() - 1))) {}

std::vector<SideInfo> write_header(const Header& header, const HeaderFormat& format) {
  if (header.label) return write_label(*header.label, format);
  const bool small = is_small(header.grid);
  const auto count = static_cast<Index>(header.map.tokens.size());
  MapPieces map;
  if (has_map(header.grid, count)) map = format.map.write(header.grid, header.map);
  std::vector<SideInfo> pieces(1);
  Bits& first = pieces.front().bits;
  append_number(first, small ? 0 : 1, 1);
  append_number(first, static_cast<std::uint64_t>(header.encoder_exit - 1), kExitBits);
  append_number(first, static_cast<std::uint64_t>(header.width - 1), format.width_bits);
  append_number(first, static_cast<std::uint64_t>(small ? count : 0), kSmallCountBits);
  if (!small) {
    pieces.emplace_back();
    Bits& second = pieces.back().bits;
    append_number(second, static_cast<std::uint64_t>(header.grid.height - 1), kGridBits);
    append_number(second, static_cast<std::uint64_t>(header.grid.width - 1), kGridBits);
    append_number(second, static_cast<std::uint64_t>(count), kLargeCountBits);
    append_number(second, map.by_window ? 1 : 0, 1);
  }
  for (Bits& piece : map.pieces) pieces.push_back({std::move(piece), true});
  return pieces;
}

Index next_header_bits(std::span<const Bits> pieces, const HeaderFormat& format) {
  if (pieces.empty()) return first_bits(format);
  const Fields fields = read_fields(pieces, format);
  if (fields.large && pieces.size() == 1) return kSecondBits;
  if (!fields.sensible() || !has_map(fields.map.grid, fields.map.count)) return 0;
  return format.map.next_bits(fields.map, pieces.subspan(fields.num_pieces()));
}

bool next_is_positions(std::span<const Bits> pieces, const HeaderFormat& format) {
  return pieces.size() >= read_fields(pieces, format).num_pieces();
}

std::optional<Header> read_header(std::span<const Bits> pieces, const HeaderFormat& format, const TrialRng& rng) {
  if (const std::optional<int> label = read_label(pieces, format)) {
    Header decided;
    decided.label = label;
    return decided;
  }
  const Fields fields = read_fields(pieces, format);
  if (!fields.sensible() || next_header_bits(pieces, format) != 0) return std::nullopt;
  Header header{fields.map.grid, fields.exit, fields.width, {}};
  if (!has_map(header.grid, fields.map.count)) {
    header.map.tokens.resize(static_cast<std::size_t>(fields.map.count));
    std::iota(header.map.tokens.begin(), header.map.tokens.end(), Index(0));
    return header;
  }
  std::optional<TokenMap> map = format.map.read(fields.map, pieces.subspan(fields.num_pieces()), rng);
  if (!map) return std::nullopt;
  header.map = std::move(*map);
  return header;
}

Index map_bits(const nn::Grid& grid, Index count, const Selector& selector) {
  return has_map(grid, count) ? selector.map.planned_bits(grid, count) : 0;
}

}  // namespace semlink::adaptive
