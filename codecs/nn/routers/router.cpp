#include <semlink/codecs/nn/routers/router.h>

#include <array>
#include <cmath>
#include <numeric>

#include <semlink/core/error.h>

namespace semlink::nn {

namespace {

constexpr std::array kRouters = {
    Router{"token_choice", "every token picks its best experts", route_token_choice},
    Router{"expert_choice", "every expert picks its best tokens of a sample", route_expert_choice},
    Router{"hash", "the place in the window picks the expert, whatever the token says", route_hash, false},
    Router{"soft", "every expert works on network.expert_slots weighted means of a sample's tokens", nullptr, true,
           Mixing::slots},
    Router{"merge", "the experts' weights are averaged, once per sample by its mean token", nullptr, true,
           Mixing::weights},
};

}  // namespace

std::span<const Router> routers() { return kRouters; }

const Router& find_router(std::string_view name) {
  for (const Router& router : kRouters)
    if (router.name == name) return router;
  throw Error(ErrorCode::bad_argument, "router " + std::string(name) + ": there is none of this name");
}

std::vector<double> Routing::visits() const {
  std::vector<double> counts = shares;
  for (const auto& one : rows) counts.push_back(static_cast<double>(one.size()));
  return counts;
}

std::vector<double> Routing::load() const {
  std::vector<double> part = visits();
  const double total = std::accumulate(part.begin(), part.end(), 0.0);
  for (double& one : part) one = total > 0 ? one / total : 0;
  return part;
}

Index room_of_expert(const RouteQuery& query, Index num_tokens) {
  if (query.capacity <= 0) return num_tokens;
  const double share = static_cast<double>(query.top_k * num_tokens) / static_cast<double>(query.num_experts());
  return std::min(num_tokens, static_cast<Index>(std::ceil(query.capacity * share - 1e-9)));
}

}  // namespace semlink::nn
