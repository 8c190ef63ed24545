#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/codecs/nn/operations.h>

namespace semlink::nn {

/// What a router may look at. Groups are samples: a router decides within each, so that a sample's way does not depend
/// on what is computed beside it.
struct RouteQuery {
  const RowMatrix<double>& scores;  ///< [rows, experts], higher is better: logits, noise and balance bias included
  const RowGroups& samples;
  std::span<const std::uint8_t> place;  ///< of each row in its attention window, y * 8 + x
  Index top_k = 1;                      ///< experts per token
  /// An expert takes at most ceil(capacity * top_k * tokens / experts) tokens of a sample; 0 means no limit.
  double capacity = 0;

  Index num_experts() const { return scores.cols(); }
};

/// Which rows each expert works on.
struct Routing {
  std::vector<std::vector<Index>> rows;  ///< by expert, ascending; empty where experts are shared
  std::vector<double> shares;  ///< of shared experts: how much each weighs in every row's output, summed over rows
  Index overflowed = 0;        ///< choices that an expert had no room for

  /// Rows, or shares of rows, that each expert served.
  std::vector<double> visits() const;
  /// Share of all visits that fell on each expert; sums to one, or all zero when there were none.
  std::vector<double> load() const;
};

/// What experts work on.
enum class Mixing {
  rows,     ///< tokens: each goes to some experts, as `Router::route` says
  slots,    ///< weighted means of all tokens of a sample, a fixed number per expert (soft experts)
  weights,  ///< all tokens, with one mean of the experts' weights per sample (merged experts)
};

/// How rows find their experts.
struct Router {
  std::string_view name;
  std::string_view help;
  Routing (*route)(const RouteQuery& query);  ///< null unless rows go to experts
  bool reads_scores = true;                   ///< else its outputs count fully and nothing about it is trained
  Mixing mixing = Mixing::rows;
};

/// The table of routers.
std::span<const Router> routers();
/// Throws Error(bad_argument) for an unknown name.
const Router& find_router(std::string_view name);

/// ceil(capacity * top_k * tokens / experts), or `tokens` where there is no limit.
Index room_of_expert(const RouteQuery& query, Index num_tokens);

Routing route_token_choice(const RouteQuery& query);
Routing route_expert_choice(const RouteQuery& query);
Routing route_hash(const RouteQuery& query);

}  // namespace semlink::nn
