#include <semlink/codecs/nn/samplers/budget.h>

#include <algorithm>
#include <cmath>

namespace semlink::nn {

namespace {

/// A function of one number with its slope.
template <typename T>
Var<T> scalar_function(Context<T>& context, const Var<T>& x, double value, double slope) {
  const Var<T> out = context.tape.result(1, 1, {&x});
  out.data()[0] = static_cast<T>(value);
  context.tape.on_backward(out,
                           [x, out, slope] { x.grad().data()[0] += static_cast<T>(slope) * out.grad().data()[0]; });
  return out;
}

}  // namespace

template <typename T>
Var<T> budget_hinge(Context<T>& context, const Var<T>& usage, double target) {
  constexpr double kBand = 0.01;
  const double miss = static_cast<double>(usage.data()[0]) - target;
  const double beyond = std::abs(miss) - kBand;
  return scalar_function(context, usage, std::max(0.0, beyond), beyond <= 0 ? 0 : miss > 0 ? 1 : -1);
}

template <typename T>
Var<T> budget_square(Context<T>& context, const Var<T>& usage, double target) {
  const double miss = static_cast<double>(usage.data()[0]) - target;
  return scalar_function(context, usage, 2 * miss * miss, 4 * miss);
}

double ascend(double lambda, double rate, double usage, double target) {
  return std::max(0.0, lambda + rate * (usage - target));
}

#define SEMLINK_INSTANTIATE(T)                                      \
  template Var<T> budget_hinge(Context<T>&, const Var<T>&, double); \
  template Var<T> budget_square(Context<T>&, const Var<T>&, double);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
