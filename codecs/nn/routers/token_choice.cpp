#include <algorithm>
#include <cstdint>

#include <semlink/codecs/nn/routers/router.h>

namespace semlink::nn {

namespace {

/// The expert of highest score that is not taken, the lower one of equals.
Index best_free_expert(const RowMatrix<double>& scores, Index row, const std::vector<std::uint8_t>& taken) {
  Index best = -1;
  for (Index e = 0; e < scores.cols(); ++e)
    if (taken[static_cast<std::size_t>(e)] == 0 && (best < 0 || scores(row, e) > scores(row, best))) best = e;
  return best;
}

}  // namespace

/// Shazeer et al. 2017; capacity as in Fedus et al. 2022, except that room goes to the tokens of highest score and not
/// to the first ones (batch-prioritised routing, Riquelme et al. 2021). Equal scores: the lower expert, the lower row.
Routing route_token_choice(const RouteQuery& query) {
  const Index num_experts = query.num_experts();
  const Index top_k = std::min(query.top_k, num_experts);
  Routing routing;
  routing.rows.resize(static_cast<std::size_t>(num_experts));
  std::vector<std::uint8_t> taken(static_cast<std::size_t>(num_experts));
  for (Index s = 0; s < query.samples.size(); ++s) {
    std::vector<std::vector<Index>> asked(static_cast<std::size_t>(num_experts));
    for (Index row = query.samples.first(s); row < query.samples.first(s + 1); ++row) {
      std::ranges::fill(taken, 0);
      for (Index k = 0; k < top_k; ++k) {
        const Index best = best_free_expert(query.scores, row, taken);
        taken[static_cast<std::size_t>(best)] = 1;
        asked[static_cast<std::size_t>(best)].push_back(row);
      }
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
