#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

/// Operations of a layer whose rows go different ways: what sends rows to experts, brings them back, and keeps the
/// experts' loads apart from one.
namespace semlink::nn {

/// Softmax of every row.
template <typename T>
Var<T> softmax_rows(Context<T>& context, const Var<T>& x);

/// Entries of x as a column, [entries.size(), 1]; entry (r, c) is number r * cols + c.
template <typename T>
Var<T> pick(Context<T>& context, const Var<T>& x, std::vector<Index> entries);

/// Row r of x times weights(r, 0); weights [rows, 1].
template <typename T>
Var<T> scale_rows(Context<T>& context, const Var<T>& x, const Var<T>& weights);

/// `base` plus row i of x on row rows[i], for every i in order (repeats allowed).
template <typename T>
Var<T> add_at_rows(Context<T>& context, const Var<T>& base, const Var<T>& x, std::vector<Index> rows);

/// num_experts * sum_e load[e] * mean_r probabilities(r, e), [1, 1]: the balance loss of Fedus et al. 2022 (Switch
/// Transformer, eq. 4), whose `load` (share of tokens per expert) is data. It is 1 when all is even.
template <typename T>
Var<T> balance_loss(Context<T>& context, const Var<T>& probabilities, const std::vector<double>& load);

/// Mean over rows of (ln sum_e exp x(r, e))^2, [1, 1]: the router z-loss of Zoph et al. 2022 (ST-MoE, eq. 5).
template <typename T>
Var<T> router_z_loss(Context<T>& context, const Var<T>& x);

}  // namespace semlink::nn
