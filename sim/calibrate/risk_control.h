#pragma once

#include <cstddef>
#include <span>

#include <semlink/core/types.h>

namespace semlink::calibrate {

/// Hoeffding-Bentkus p-value of the hypothesis "the mean loss is above alpha" after `num_trials` independent losses in
/// [0, 1] that add up to `loss_sum`:
///   p = min(1, exp(-n h(min(r, alpha), alpha)), e P(Bin(n, alpha) <= ceil(n r))),  r = loss_sum / n,
/// with h(a, b) = a ln(a / b) + (1 - a) ln((1 - a) / (1 - b)). Under the hypothesis P(p <= u) <= u for every u. Needs 0
/// < alpha < 1 and num_trials >= 1. Hoeffding 1963; Bentkus 2004; Bates, Angelopoulos, Lei, Malik and Jordan 2021,
/// section 3.
double hoeffding_bentkus_p_value(double loss_sum, Index num_trials, double alpha);

/// Fewest trials after which a loss of zero throughout would do: (1 - alpha)^n <= delta.
Index fewest_trials(double alpha, double delta);

/// Fixed-sequence test: how many hypotheses, counted from the first, have p <= delta before one has not. All of them
/// may be rejected together with a probability of at most delta that any is true, if the order was fixed before the
/// data were seen (Angelopoulos, Bates, Candes, Jordan and Lei 2021, "Learn then test").
std::size_t fixed_sequence(std::span<const double> p_values, double delta);

/// Conformal risk control: how many candidates, counted from the first, have (sum of losses + 1) / (n + 1) <= alpha,
/// where the loss of a trial is its largest under this candidate or one before it, which makes it monotone. The mean
/// risk of any of them, over calibration data and one fresh trial that are exchangeable, is at most alpha
/// (Angelopoulos, Bates, Fisch, Lei and Schuster 2022, theorem 1). `losses` [num_trials, num_candidates] in [0, 1].
std::size_t conformal(const Eigen::Ref<const RowMatrix<double>>& losses, double alpha);

}  // namespace semlink::calibrate
