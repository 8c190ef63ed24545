#include <algorithm>
#include <numeric>

#include <semlink/codecs/nn/routers/router.h>

namespace semlink::nn {

/// Zhou et al. 2022: every expert takes its ceil(capacity * top_k * tokens / experts) best tokens of each sample
/// (capacity 0 counts as 1). The load is even by construction; a token may get several experts or none. Equal scores:
/// the lower row.
Routing route_expert_choice(const RouteQuery& query) {
  RouteQuery limited = query;
  if (limited.capacity <= 0) limited.capacity = 1;
  Routing routing;
  routing.rows.resize(static_cast<std::size_t>(query.num_experts()));
  for (Index s = 0; s < query.samples.size(); ++s) {
    const Index count = query.samples.count(s);
    const Index room = room_of_expert(limited, count);
    for (Index e = 0; e < query.num_experts(); ++e) {
      std::vector<Index> rows(static_cast<std::size_t>(count));
      std::iota(rows.begin(), rows.end(), query.samples.first(s));
      std::stable_sort(rows.begin(), rows.end(),
                       [&](Index a, Index b) { return query.scores(a, e) > query.scores(b, e); });
      rows.resize(static_cast<std::size_t>(room));
      std::sort(rows.begin(), rows.end());
      auto& all = routing.rows[static_cast<std::size_t>(e)];
      all.insert(all.end(), rows.begin(), rows.end());
    }
  }
  return routing;
}

}  // namespace semlink::nn
