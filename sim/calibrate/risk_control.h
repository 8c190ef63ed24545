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

/// P-value of the same hypothesis from the capital of someone who bets against it, trial after trial in the order
/// given:
///   K_i = prod_{j <= i} (1 + nu_j (alpha - L_j)),  nu_j = min(1, sqrt(2 ln(1 / delta) / (n v_{j-1}))),  p = min(1, 1 /
///   max_i K_i)
/// with v_j the running variance of the losses, started at 1/4 with weight one. Under the hypothesis the capital is a
/// supermartingale, so that P(p <= u) <= u for every u (Ville); `delta` only tunes the bets. Needs losses in [0, 1], 0
/// < alpha < 1 and 0 < delta < 1. Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
/// betting"; Bates et al. 2021, proposition 5.
double betting_p_value(const Eigen::Ref<const Eigen::VectorXd>& losses, double alpha, double delta);

/// Fewest trials after which a loss of zero throughout could do for any test: (1 - alpha)^n <= delta.
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
