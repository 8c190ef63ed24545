#include <semlink/codecs/adaptive/selection.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace semlink::adaptive {

namespace {

/// Index of the highest value in every cell of side x side tokens that has any; the earlier among equals.
std::vector<std::size_t> highest_of_cells(std::span<const float> values, std::span<const TokenPlace> places,
                                          std::int32_t side) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> best;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [at, first] = best.try_emplace({places[i].y / side, places[i].x / side}, i);
    if (!first && values[i] > values[at->second]) at->second = i;
  }
  std::vector<std::size_t> indices;
  for (const auto& [cell, i] : best) indices.push_back(i);
  return indices;
}

}  // namespace

std::vector<Index> highest(std::span<const float> values, Index count) {
  std::vector<Index> order(values.size());
  std::iota(order.begin(), order.end(), Index(0));
  const auto above = [&](Index a, Index b) {
    const float va = values[static_cast<std::size_t>(a)], vb = values[static_cast<std::size_t>(b)];
    return va > vb || (va == vb && a < b);
  };
  std::nth_element(order.begin(), order.begin() + count, order.end(), above);
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<Index> highest_spread(std::span<const float> values, std::span<const TokenPlace> places, Index count) {
  std::vector<std::size_t> best;
  for (std::int32_t side = 1; best.empty() || best.size() > static_cast<std::size_t>(std::max<Index>(1, count / 2));
       ++side)
    best = highest_of_cells(values, places, side);
  std::vector<float> ranks(values.begin(), values.end());
  for (const std::size_t i : best) ranks[i] = std::numeric_limits<float>::infinity();
  return highest(ranks, count);
}

}  // namespace semlink::adaptive
