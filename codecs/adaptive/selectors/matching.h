#pragma once

#include <span>
#include <vector>

#include <semlink/codecs/adaptive/tokens.h>
#include <semlink/core/mac_ledger.h>

namespace semlink::adaptive {

/// What is matched: rows by the cosine of their keys.
struct MatchInput {
  const RowMatrix<float>& keys;        ///< [rows, dim]
  std::span<const TokenPlace> places;  ///< of the rows
  MacLedger& ledger;                   ///< charged with the cosines
};

/// Bipartite soft matching (Bolya et al. 2023, ToMe, section 3) in rounds until `count` groups are left of `rows`,
/// which are those of one window. In a round the groups are split in two (first as the squares of a chess board, then
/// every other one), each of one half proposes to the most alike of the other half, and the best proposals are
/// accepted. A group's key is the mean of its members'. With `neighbours_only` groups join only where members touch, so
/// all stay connected. 1 <= count <= rows.size(). Equal cosines: the earlier group.
std::vector<std::vector<Index>> match_and_merge(const MatchInput& input, const std::vector<Index>& rows, Index count,
                                                bool neighbours_only);

}  // namespace semlink::adaptive
