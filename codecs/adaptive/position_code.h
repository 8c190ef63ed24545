#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Enumerative code of a subset (Cover 1973): the rank of one of the C(n, k) subsets of {0, ..., n - 1} with k members,
/// in ceil(log2 C(n, k)) bits, the fewest that a code of fixed length can do. 0 <= k <= n <= 64.
Index subset_bits(Index n, Index k);
/// `members` ascending.
Bits write_subset(Index n, const std::vector<Index>& members);
/// Empty when the bits are no rank (they may be garbage). `bits` holds subset_bits(n, k) entries.
std::optional<std::vector<Index>> read_subset(Index n, Index k, const Bits& bits);

/// Unsigned number of a fixed width, most significant bit first.
void append_number(Bits& bits, std::uint64_t value, Index width);
/// Reads `width` bits from `at` on and moves `at` behind them; the caller has checked that they are there.
std::uint64_t read_number(const Bits& bits, Index& at, Index width);

}  // namespace semlink::adaptive
