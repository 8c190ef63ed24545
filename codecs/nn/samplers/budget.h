#pragma once

#include <semlink/codecs/nn/operations.h>

/// Penalties that keep the mean of decisions at a budget; usage [1, 1] in [0, 1].
namespace semlink::nn {

/// max(0, |usage - target| - 0.01): a band without a penalty (Devoto et al. 2024).
template <typename T>
Var<T> budget_hinge(Context<T>& context, const Var<T>& usage, double target);

/// 2 (usage - target)^2 (Meng et al. 2022, AdaViT, eq. 10).
template <typename T>
Var<T> budget_square(Context<T>& context, const Var<T>& usage, double target);

/// Price of one unit of usage under dual ascent: lambda <- max(0, lambda + rate (usage - target)).
double ascend(double lambda, double rate, double usage, double target);

}  // namespace semlink::nn
