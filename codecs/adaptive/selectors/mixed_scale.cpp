#include <algorithm>
#include <cmath>
#include <map>

#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

namespace {

struct Region {
  std::vector<Index> rows;
  double error = 0;  ///< predicted squared error of its tokens when they are dropped
};

/// The mean of the region, at its first place, or its rows one by one.
void append(const Region& region, bool coarse, std::vector<TokenGroup>& groups) {
  const std::size_t size = region.rows.size();
  if (!coarse || size == 1) {
    for (const Index row : region.rows) groups.push_back({row, {}, {}, 1, false});
    return;
  }
  groups.push_back({region.rows.front(), region.rows, std::vector<float>(size, 1.0F / static_cast<float>(size)),
                    static_cast<float>(size), false});
}

}  // namespace

/// Two scales of tokens (after Havtorn et al. 2023, MSViT, whose gate is trained): regions of 2x2 tokens whose
/// predicted error is high keep them all, the others send their mean.
std::vector<TokenGroup> choose_mixed_scale(const SelectQuery& query) {
  std::map<std::pair<std::int32_t, std::int32_t>, Region> by_place;
  for (Index row = 0; row < query.num_rows(); ++row) {
    const TokenPlace& place = query.places[static_cast<std::size_t>(row)];
    Region& region = by_place[{place.y / 2, place.x / 2}];
    region.rows.push_back(row);
    region.error += std::exp(static_cast<double>(query.scores[static_cast<std::size_t>(row)]));
  }
  std::vector<Region> regions;
  for (auto& [place, region] : by_place) regions.push_back(std::move(region));
  std::stable_sort(regions.begin(), regions.end(), [](const Region& a, const Region& b) { return a.error > b.error; });

  Index room = query.count - static_cast<Index>(regions.size());
  std::vector<TokenGroup> groups;
  for (const Region& region : regions) {
    const Index more = static_cast<Index>(region.rows.size()) - 1;
    append(region, more > room, groups);
    if (more <= room) room -= more;
  }
  std::sort(groups.begin(), groups.end(), [](const TokenGroup& a, const TokenGroup& b) { return a.row < b.row; });
  return groups;
}

}  // namespace semlink::adaptive
