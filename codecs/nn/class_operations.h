#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

/// Operations of class heads.
namespace semlink::nn {

/// -sum_r weights[r] sum_c targets(r, c) ln softmax(logits row r)[c], [1, 1]; every row of `targets` [rows, classes]
/// sums to one (one-hot, or another head's softmax). Rows of weight zero give no gradient.
template <typename T>
Var<T> cross_entropy(Context<T>& context, const Var<T>& logits, const RowMatrix<T>& targets,
                     const std::vector<T>& weights);

/// Mean of each group's rows of x, weighted by the softmax of its scores: out_g = sum_r softmax(scores in g)_r x_r,
/// [groups, cols]; scores [rows, 1]. Equal scores give `group_mean`. No group may be empty.
template <typename T>
Var<T> softmax_pool(Context<T>& context, const Var<T>& x, const Var<T>& scores, const RowGroups& groups);

}  // namespace semlink::nn
