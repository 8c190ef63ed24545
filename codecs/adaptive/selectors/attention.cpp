#include <algorithm>
#include <map>

#include <semlink/codecs/adaptive/selection.h>
#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

namespace {

/// The weighted mean of these rows, at the place of the weightiest.
TokenGroup rest_of(const SelectQuery& query, std::vector<Index> rows) {
  TokenGroup rest{rows.front(), {}, {}, 1, true};
  double sum = 0;
  for (const Index row : rows) {
    const float weight = query.attention[static_cast<std::size_t>(row)];
    if (weight > query.attention[static_cast<std::size_t>(rest.row)]) rest.row = row;
    sum += static_cast<double>(weight);
  }
  for (const Index row : rows)
    rest.weights.push_back(
        sum > 0 ? static_cast<float>(static_cast<double>(query.attention[static_cast<std::size_t>(row)]) / sum)
                : 1.0F / static_cast<float>(rows.size()));
  rest.members = std::move(rows);
  return rest;
}

}  // namespace

/// Liang et al. 2022 (EViT): the tokens that attract most attention stay, and those that do not are fused into one, by
/// their attention; here the choice is spread over the image, and every window has a rest of its own, whose tokens know
/// only each other. There is no class token, so attention
/// is what all tokens of the window pay on average.
std::vector<TokenGroup> choose_attention(const SelectQuery& query) {
  constexpr std::int32_t kSide = nn::Windows::kSide;
  std::vector<TokenGroup> groups = single_rows(highest_spread(query.attention, query.places, query.count));
  std::vector<std::uint8_t> kept(query.places.size(), 0);
  for (const TokenGroup& group : groups) kept[static_cast<std::size_t>(group.row)] = 1;
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<Index>> dropped;
  for (std::size_t row = 0; row < kept.size(); ++row)
    if (kept[row] == 0)
      dropped[{query.places[row].y / kSide, query.places[row].x / kSide}].push_back(static_cast<Index>(row));
  for (auto& [window, rows] : dropped) groups.push_back(rest_of(query, std::move(rows)));
  std::sort(groups.begin(), groups.end(), [](const TokenGroup& a, const TokenGroup& b) { return a.row < b.row; });
  return groups;
}

}  // namespace semlink::adaptive
