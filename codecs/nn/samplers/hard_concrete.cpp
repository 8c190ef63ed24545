#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

namespace {

constexpr double kLow = -0.1, kHigh = 1.1;

/// min(1, max(0, x (high - low) + low)): flat, without a gradient, where it is cut.
template <typename T>
Var<T> stretch_and_cut(Context<T>& context, const Var<T>& x) {
  const Index size = x.rows() * x.cols();
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  for (Index i = 0; i < size; ++i)
    out.data()[i] = std::clamp(x.data()[i] * static_cast<T>(kHigh - kLow) + static_cast<T>(kLow), T(0), T(1));
  context.tape.on_backward(out, [x, out, size] {
    for (Index i = 0; i < size; ++i)
      if (out.data()[i] > T(0) && out.data()[i] < T(1))
        x.grad().data()[i] += static_cast<T>(kHigh - kLow) * out.grad().data()[i];
  });
  return out;
}

}  // namespace

/// Louizos et al. 2018, eqs. 10-12: binary concrete, stretched to (-0.1, 1.1) and cut. The usage is the L0 penalty,
/// P(value > 0) = sigmoid(x - temperature ln(0.1 / 1.1)), which keeps a gradient where the value has none.
template <typename T>
Decision<T> draw_hard_concrete(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Decision<T> concrete = draw_binary_concrete(context, logits, query);
  const double offset = -query.temperature * std::log(-kLow / kHigh);
  return {
      stretch_and_cut(context, concrete.value), sigmoid(context, shifted(context, logits, static_cast<T>(offset))), {}};
}

template Decision<float> draw_hard_concrete(Context<float>&, const Var<float>&, const SampleQuery&);
template Decision<double> draw_hard_concrete(Context<double>&, const Var<double>&, const SampleQuery&);

}  // namespace semlink::nn
