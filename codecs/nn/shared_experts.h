#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

/// Operations of experts that tokens share instead of going to one: weighted means of tokens, weighted means of
/// weights.
namespace semlink::nn {

/// Softmax down the rows of each group, column by column.
template <typename T>
Var<T> softmax_columns(Context<T>& context, const Var<T>& x, const RowGroups& groups);

/// Per group g: a_g^T b_g, stacked, [groups * a.cols, b.cols]; a and b have the same rows.
template <typename T>
Var<T> group_gram(Context<T>& context, const Var<T>& a, const Var<T>& b, const RowGroups& groups);

/// Per group g: a_g b_g, [rows of a, b.cols], b_g being rows [g * a.cols, (g + 1) * a.cols) of b.
template <typename T>
Var<T> group_product(Context<T>& context, const Var<T>& a, const Var<T>& b, const RowGroups& groups);

/// A linear layer whose weights are a mean of others, made once per group: x_g (sum_e gates(g, e) W_e) + sum_e gates(g,
/// e) b_e. x [rows, in], gates [groups, num_weights], slots W_e [in, out] and b_e [1, out].
template <typename T>
Var<T> merged_linear(Context<T>& context, const Var<T>& x, const Var<T>& gates, const std::vector<Index>& weights,
                     const std::vector<Index>& biases, const RowGroups& groups);

/// MACs of `merged_linear`: the mean of the weights, then the product.
std::int64_t merged_linear_macs(const RowGroups& groups, Index num_weights, Index in, Index out);

}  // namespace semlink::nn
