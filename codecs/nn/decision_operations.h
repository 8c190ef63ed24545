#pragma once

#include <span>
#include <vector>

#include <semlink/codecs/nn/operations.h>

/// Operations around decisions: probabilities, what a decision lets through, and what is held back from a gradient.
namespace semlink::nn {

/// 1 / (1 + exp(-x)), element by element.
template <typename T>
Var<T> sigmoid(Context<T>& context, const Var<T>& x);

/// a b, element by element, equal shapes.
template <typename T>
Var<T> multiply(Context<T>& context, const Var<T>& a, const Var<T>& b);

/// sum_i weights[i] x_i over all entries, row by row, [1, 1].
template <typename T>
Var<T> weighted_sum(Context<T>& context, const Var<T>& x, std::vector<T> weights);

/// Entropy in nats of a Bernoulli decision by its logit, element by element.
template <typename T>
Var<T> bernoulli_entropy(Context<T>& context, const Var<T>& logits);

/// mean_r p ln(p / q), [1, 1], for one outcome of probability p(r, 0) where a prior gives it q; sums over the outcomes
/// to the divergence of Kullback and Leibler. Rows of p = 0 add nothing.
template <typename T>
Var<T> divergence_term(Context<T>& context, const Var<T>& p, double q);

/// The same data as [rows, cols].
template <typename T>
Var<T> reshaped(Context<T>& context, const Var<T>& x, Index rows, Index cols);

/// x, whose gradient is multiplied by a constant on its way back; 0 stops it.
template <typename T>
Var<T> scale_gradient(Context<T>& context, const Var<T>& x, T factor);

/// Forward `hard`, backward `soft`: the straight-through estimator of Bengio et al. 2013.
template <typename T>
Var<T> straight_through(Context<T>& context, const RowMatrix<T>& hard, const Var<T>& soft);

/// x with row rows[i] replaced by (1 - weights(i, 0)) x(rows[i]) + weights(i, 0) y(i). Rows are distinct.
template <typename T>
Var<T> blend_rows(Context<T>& context, const Var<T>& x, const Var<T>& y, const Var<T>& weights,
                  std::vector<Index> rows);

/// One step of differentiable branching (Scardapane et al. 2020): gate y + (1 - gate) next, gate [rows, 1].
template <typename T>
Var<T> branch(Context<T>& context, const Var<T>& gate, const Var<T>& y, const Var<T>& next);

/// Ordered groups from a choice: column j of a row is the sum of x's columns j and up, so that one-hot at i opens the
/// first i + 1 groups.
template <typename T>
Var<T> thermometer(Context<T>& context, const Var<T>& x);

/// sum_r weights(r, 0) sum_c (x - target)^2, [1, 1]: like `squared_error` with weights that have a gradient.
template <typename T>
Var<T> expected_error(Context<T>& context, const Var<T>& x, std::span<const T> target, const Var<T>& weights);

}  // namespace semlink::nn
