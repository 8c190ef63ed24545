#pragma once

#include <optional>
#include <string>
#include <vector>

#include <semlink/codecs/nn/expert_operations.h>
#include <semlink/codecs/nn/layers.h>
#include <semlink/codecs/nn/routers/router.h>

namespace semlink::nn {

/// Mixture of experts in place of the feed-forward part of a block (Shazeer et al. 2017):
///   y = residual + shared(x) + sum over the chosen experts e of p_e(x) expert_e(x),  p = softmax(x W).
/// Rows really go to their experts: what an expert is not chosen for, it does not compute. x comes from a norm that the
/// block's condition scales and shifts, so the router sees the SNR.
///
/// Two routers share experts instead. `soft` (Puigcerver et al. 2023, "From sparse to soft mixtures of experts"): with
/// scores S = x W, [tokens, experts * slots], experts work on the slots softmax_columns(S)^T x of a sample, and y =
/// residual + shared(x) + softmax_rows(S) outputs. `merge` (weights averaged as in Yang et al. 2019, CondConv): y =
/// residual + shared(x) + f(x; sum_e p_e w_e), p = softmax(mean token of the sample W).
struct Experts {
  struct Shape {
    Index num_experts = 0;   ///< 0: no mixture, one dense feed-forward part
    Index hidden_ratio = 4;  ///< hidden width of an expert over dim
    Index shared_ratio = 0;  ///< hidden width of an expert that every token visits; 0: none (Dai et al. 2024)
    Index top_k = 1;
    double capacity = 0;  ///< see `RouteQuery`
    std::string router = "token_choice";
    Index slots = 8;  ///< per expert, of router `soft`
  };

  Experts() = default;
  Experts(ParameterLayout& layout, const std::string& name, Index dim, const Shape& shape);

  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Var<T>& residual, const RowGroups& samples,
                    const Windows& windows) const;

  /// Every expert on rows of its own: those of group e of x go to expert e.
  template <typename T>
  Var<T> run_experts(Context<T>& context, const Var<T>& x, const RowGroups& by_expert) const;

  /// The routers by what experts work on.
  template <typename T>
  Var<T> mix_rows(Context<T>& context, const Var<T>& x, const Var<T>& base, const RowGroups& samples,
                  const Windows& windows) const;
  template <typename T>
  Var<T> mix_slots(Context<T>& context, const Var<T>& x, const Var<T>& base, const RowGroups& samples) const;
  template <typename T>
  Var<T> merge_weights(Context<T>& context, const Var<T>& x, const Var<T>& base, const RowGroups& samples) const;

  /// The layers of one expert.
  Mlp expert(Index number) const;

  /// MACs for so many rows, as the ledger will count them when no expert runs out of room.
  std::int64_t macs(const RowGroups& samples) const;

  std::int64_t soft_macs(const RowGroups& samples) const;

  Shape shape;
  Index dim = 0;
  Linear score;     ///< dim -> experts, or experts * slots
  Index bias = -1;  ///< [1, experts], added for the choice only; see `RouterTraining::balances_by_bias`
  std::vector<Index> up, up_bias, down, down_bias;  ///< slots of the layers of every expert's `Mlp`, by expert
  std::optional<Mlp> shared;
};

}  // namespace semlink::nn
