#include <algorithm>

#include <semlink/codecs/nn/routers/router.h>

namespace semlink::nn {

/// Roller et al. 2021, with the place of a token for its identity: a control that learns nothing about where to go. The
/// top_k experts are neighbours in the numbering.
Routing route_hash(const RouteQuery& query) {
  constexpr std::uint32_t kMix = 2654435769U;  // 2^32 over the golden ratio
  const Index num_experts = query.num_experts();
  Routing routing;
  routing.rows.resize(static_cast<std::size_t>(num_experts));
  for (Index row = 0; row < query.scores.rows(); ++row) {
    const std::uint32_t mixed = (query.place[static_cast<std::size_t>(row)] + 1U) * kMix;
    const auto first =
        static_cast<Index>((static_cast<std::uint64_t>(mixed) * static_cast<std::uint64_t>(num_experts)) >> 32);
    for (Index k = 0; k < std::min(query.top_k, num_experts); ++k)
      routing.rows[static_cast<std::size_t>((first + k) % num_experts)].push_back(row);
  }
  return routing;
}

}  // namespace semlink::nn
