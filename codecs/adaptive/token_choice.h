#pragma once

#include <functional>
#include <vector>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

/// The groups' means take the place of the tokens; what is in no group leaves. Groups by ascending row, of any number
/// of stacked samples.
template <typename T>
void merge_tokens(Context<T>& context, const Network& network, Tokens<T>& tokens,
                  const std::vector<TokenGroup>& groups);

/// How many tokens of their own a payload takes, and how many symbols for each.
struct RatePlan {
  Index tokens = 0;
  Index width = 0;
};

/// What a selector's choice comes to.
struct ChosenTokens {
  RatePlan plan;
  std::vector<TokenGroup> groups;
  TokenMap map;
  std::vector<Index> places;  ///< raster index of every row of the payload, in the order sent
};

/// Asks the selector for `plan.tokens` tokens. Where it leaves fewer, `replan(number)` says what at most so many can
/// have, and is believed. `query.count` is set here.
ChosenTokens choose_tokens(const Selector& selector, SelectQuery query, RatePlan plan,
                           const std::function<RatePlan(Index most)>& replan);

/// The pooled rows of a grid, as `layout` has them.
ChosenTokens pooled_rows(const nn::Grid& grid, RatePlan plan, const TokenLayout& layout);

/// All tokens of a grid.
ChosenTokens all_tokens(const nn::Grid& grid, RatePlan plan);

}  // namespace semlink::adaptive
