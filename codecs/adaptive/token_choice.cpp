#include <semlink/codecs/adaptive/token_choice.h>

#include <algorithm>
#include <numeric>

#include <semlink/codecs/nn/average_rows.h>

namespace semlink::adaptive {

namespace {

Index own_rows(const std::vector<TokenGroup>& groups) {
  return std::count_if(groups.begin(), groups.end(), [](const TokenGroup& group) { return !group.is_rest; });
}

/// Numbers the rows as they are sent: tokens of their own by raster index, then the rests as they stand.
void number_rows(const SelectQuery& query, const std::vector<TokenGroup>& groups, ChosenTokens& chosen) {
  std::vector<std::pair<Index, const TokenGroup*>> own;
  std::vector<const TokenGroup*> order;
  for (const TokenGroup& group : groups)
    if (!group.is_rest) own.emplace_back(query.raster(group.row), &group);
  std::sort(own.begin(), own.end());
  for (const auto& [place, group] : own) {
    chosen.map.tokens.push_back(place);
    order.push_back(group);
  }
  for (const TokenGroup& group : groups)
    if (group.is_rest) order.push_back(&group);
  chosen.map.rest_rows = static_cast<Index>(order.size() - own.size());
  const bool single = std::all_of(groups.begin(), groups.end(), [](const TokenGroup& g) { return g.members.empty(); });
  if (!single) chosen.map.source.assign(static_cast<std::size_t>(query.grid.num_tokens()), -1);
  for (std::size_t row = 0; row < order.size(); ++row) {
    chosen.places.push_back(query.raster(order[row]->row));
    if (single) continue;
    const auto restored_from = [&](Index member) {
      chosen.map.source[static_cast<std::size_t>(query.raster(member))] = static_cast<Index>(row);
    };
    restored_from(order[row]->row);
    for (const Index member : order[row]->members) restored_from(member);
  }
}

}  // namespace

template <typename T>
void merge_tokens(Context<T>& context, const Network& network, Tokens<T>& tokens,
                  const std::vector<TokenGroup>& groups) {
  std::vector<Index> rows;
  std::vector<nn::RowMixture> mixtures;
  std::vector<float> sizes;
  bool single = true;
  for (const TokenGroup& group : groups) {
    rows.push_back(group.row);
    sizes.push_back(group.size);
    single = single && group.members.empty();
    mixtures.push_back(group.members.empty() ? nn::RowMixture{{group.row}, {1}}
                                             : nn::RowMixture{group.members, group.weights});
  }
  if (single) return network.keep(context, tokens, rows);
  Tokens<T> merged{
      nn::average_rows(context, tokens.x, mixtures), nn::average_rows(context, tokens.bypass, mixtures), {}};
  std::vector<Index> per_sample(static_cast<std::size_t>(tokens.layout.samples.size()), 0);
  for (const Index row : rows) {
    merged.layout.places.push_back(tokens.layout.places[static_cast<std::size_t>(row)]);
    ++per_sample[static_cast<std::size_t>(merged.layout.places.back().sample)];
  }
  for (const Index count : per_sample) merged.layout.samples.append(count);
  merged.layout.sizes = std::move(sizes);
  tokens = std::move(merged);
}

ChosenTokens choose_tokens(const Selector& selector, SelectQuery query, RatePlan plan,
                           const std::function<RatePlan(Index most)>& replan) {
  ChosenTokens chosen;
  const RatePlan first = plan;
  for (;;) {
    query.count = plan.tokens;
    chosen.groups = selector.choose(query);
    const Index own = own_rows(chosen.groups);
    if (own == plan.tokens) break;
    plan = replan(own);
    // So few uses that positions do not fit beside a single token, though all tokens did without positions.
    if (plan.tokens == 0) return all_tokens(query.grid, first);
    if (plan.tokens == own) break;
  }
  chosen.plan = plan;
  number_rows(query, chosen.groups, chosen);
  return chosen;
}

ChosenTokens pooled_rows(const nn::Grid& grid, RatePlan plan, const TokenLayout& layout) {
  ChosenTokens chosen;
  chosen.plan = plan;
  for (const TokenPlace& place : layout.places) {
    chosen.map.tokens.push_back(static_cast<Index>(chosen.places.size()));
    chosen.places.push_back(place.y * grid.width + place.x);
  }
  return chosen;
}

ChosenTokens all_tokens(const nn::Grid& grid, RatePlan plan) {
  ChosenTokens chosen;
  chosen.plan = plan;
  chosen.places.resize(static_cast<std::size_t>(grid.num_tokens()));
  std::iota(chosen.places.begin(), chosen.places.end(), Index(0));
  chosen.map.tokens = chosen.places;
  return chosen;
}

template void merge_tokens(Context<float>&, const Network&, Tokens<float>&, const std::vector<TokenGroup>&);
template void merge_tokens(Context<double>&, const Network&, Tokens<double>&, const std::vector<TokenGroup>&);

}  // namespace semlink::adaptive
