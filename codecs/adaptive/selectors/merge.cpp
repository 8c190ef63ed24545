#include <algorithm>
#include <map>

#include <semlink/codecs/adaptive/maps/cells.h>
#include <semlink/codecs/adaptive/selectors/matching.h>
#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

namespace {

/// The mean of the rows, at the place of the first.
TokenGroup mean_of(std::vector<Index> rows) {
  std::sort(rows.begin(), rows.end());
  const auto size = static_cast<float>(rows.size());
  TokenGroup group{rows.front(), {}, {}, size, false};
  if (rows.size() == 1) return group;
  group.weights.assign(rows.size(), 1 / size);
  group.members = std::move(rows);
  return group;
}

std::vector<TokenGroup> merge(const SelectQuery& query, bool neighbours_only) {
  constexpr std::int32_t kSide = nn::Windows::kSide;
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<Index>> windows;
  for (Index row = 0; row < query.num_rows(); ++row) {
    const TokenPlace& place = query.places[static_cast<std::size_t>(row)];
    windows[{place.y / kSide, place.x / kSide}].push_back(row);
  }
  const std::vector<Index> counts = window_counts(query.grid, query.count);
  std::vector<TokenGroup> groups;
  std::size_t w = 0;
  for (const auto& [place, rows] : windows)
    for (auto& members : match_and_merge({query.keys, query.places, query.ledger}, rows, counts[w++], neighbours_only))
      groups.push_back(mean_of(std::move(members)));
  std::sort(groups.begin(), groups.end(), [](const TokenGroup& a, const TokenGroup& b) { return a.row < b.row; });
  return groups;
}

}  // namespace

/// Merging among direct neighbours: every group is connected, which is cheap to tell.
std::vector<TokenGroup> choose_merge(const SelectQuery& query) { return merge(query, true); }

/// Merging over the whole window, which costs up to 6 bits for a token that joins another.
std::vector<TokenGroup> choose_merge_anywhere(const SelectQuery& query) { return merge(query, false); }

}  // namespace semlink::adaptive
