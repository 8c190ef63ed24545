#include <semlink/codecs/adaptive/position_code.h>

#include <array>
#include <bit>

namespace semlink::adaptive {

namespace {

constexpr std::size_t kMaxTokens = 64;
using Triangle = std::array<std::array<std::uint64_t, kMaxTokens + 1>, kMaxTokens + 1>;

/// Pascal's triangle; the largest entry, C(64, 32), is about 1.8e18 and fits.
constexpr Triangle make_triangle() {
  Triangle triangle{};
  for (std::size_t n = 0; n <= kMaxTokens; ++n) {
    triangle[n][0] = 1;
    for (std::size_t k = 1; k <= n; ++k) triangle[n][k] = triangle[n - 1][k - 1] + triangle[n - 1][k];
  }
  return triangle;
}

constexpr Triangle kChoose = make_triangle();

std::uint64_t choose(Index n, Index k) {
  return k > n ? 0 : kChoose[static_cast<std::size_t>(n)][static_cast<std::size_t>(k)];
}

}  // namespace

Index subset_bits(Index n, Index k) { return std::bit_width(choose(n, k) - 1); }

Bits write_subset(Index n, const std::vector<Index>& members) {
  // Combinatorial number system: rank = sum of C(member_i, i + 1).
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < members.size(); ++i) rank += choose(members[i], static_cast<Index>(i) + 1);
  Bits bits;
  append_number(bits, rank, subset_bits(n, static_cast<Index>(members.size())));
  return bits;
}

std::optional<std::vector<Index>> read_subset(Index n, Index k, const Bits& bits) {
  Index at = 0;
  std::uint64_t rank = read_number(bits, at, subset_bits(n, k));
  if (rank >= choose(n, k)) return std::nullopt;
  std::vector<Index> members(static_cast<std::size_t>(k));
  Index member = n;
  for (Index i = k; i >= 1; --i) {
    do --member;
    while (choose(member, i) > rank);
    members[static_cast<std::size_t>(i - 1)] = member;
    rank -= choose(member, i);
  }
  return members;
}

void append_number(Bits& bits, std::uint64_t value, Index width) {
  for (Index i = width - 1; i >= 0; --i) bits.push_back(static_cast<std::uint8_t>((value >> i) & 1));
}

std::uint64_t read_number(const Bits& bits, Index& at, Index width) {
  std::uint64_t value = 0;
  for (Index i = 0; i < width; ++i) value = value << 1 | (bits[static_cast<std::size_t>(at++)] & 1);
  return value;
}

}  // namespace semlink::adaptive
