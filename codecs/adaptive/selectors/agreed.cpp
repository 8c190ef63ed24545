#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

namespace {

std::vector<TokenGroup> at_places(const SelectQuery& query, const std::vector<Index>& tokens) {
  std::vector<std::uint8_t> wanted(static_cast<std::size_t>(query.grid.num_tokens()), 0);
  for (const Index token : tokens) wanted[static_cast<std::size_t>(token)] = 1;
  std::vector<Index> rows;
  for (Index row = 0; row < query.num_rows(); ++row)
    if (wanted[static_cast<std::size_t>(query.raster(row))] != 0) rows.push_back(row);
  return single_rows(rows);
}

}  // namespace

std::vector<TokenGroup> choose_uniform(const SelectQuery& query) {
  return at_places(query, uniform_tokens(query.grid, query.count));
}

std::vector<TokenGroup> choose_random(const SelectQuery& query) {
  return at_places(query, random_tokens(query.grid, query.count, query.rng));
}

}  // namespace semlink::adaptive
