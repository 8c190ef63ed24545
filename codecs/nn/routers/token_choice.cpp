#include <algorithm>
#include <numeric>

#include <semlink/codecs/nn/routers/router.h>

namespace semlink::nn {

/// Shazeer et al. 2017; capacity as in Fedus et al. 2022, except that room goes to the tokens of highest score and not
/// to the first ones (batch-prioritised routing, Riquelme et al. 2021). Equal scores: the lower expert, the lower row.
Routing route_token_choice(const RouteQuery& query) {
  const Index num_experts = query.num_experts();
  const Index top_k = std::min(query.top_k, num_experts);
  Routing routing;
  routing.rows.resize(static_cast<std::size_t>(num_experts));
  std::vector<Index> order(static_cast<std::size_t>(num_experts));
  for (Index s = 0; s < query.samples.size(); ++s) {
    std::vector<std::vector<Index>> asked(static_cast<std::size_t>(num_experts));
    for (Index row = query.samples.first(s); row < query.samples.first(s + 1); ++row) {
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](Index a, Index b) { return query.scores(row, a) > query.scores(row, b); });
      for (Index k = 0; k < top_k; ++k)
        asked[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])].push_back(row);
    }
    const auto room = static_cast<std::size_t>(room_of_expert(query, query.samples.count(s)));
    for (Index e = 0; e < num_experts; ++e) {
      std::vector<Index>& rows = asked[static_cast<std::size_t>(e)];
      if (rows.size() > room) {
        std::stable_sort(rows.begin(), rows.end(),
                         [&](Index a, Index b) { return query.scores(a, e) > query.scores(b, e); });
        routing.overflowed += static_cast<Index>(rows.size() - room);
        rows.resize(room);
        std::sort(rows.begin(), rows.end());
      }
      auto& all = routing.rows[static_cast<std::size_t>(e)];
      all.insert(all.end(), rows.begin(), rows.end());
    }
  }
  return routing;
}

}  // namespace semlink::nn
