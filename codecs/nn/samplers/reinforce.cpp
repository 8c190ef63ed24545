#include <cmath>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

namespace {

/// ln P(value) of Bernoulli decisions: -ln(1 + exp(-x)) when open, -ln(1 + exp(x)) when closed.
template <typename T>
Var<T> bernoulli_log_probability(Context<T>& context, const Var<T>& logits, const RowMatrix<T>& value) {
  const Var<T> out = context.tape.result(logits.rows(), logits.cols(), {&logits});
  for (Index i = 0; i < value.size(); ++i) {
    const T x = value.data()[i] > T(0) ? logits.data()[i] : -logits.data()[i];
    out.data()[i] = x > T(0) ? -std::log1p(std::exp(-x)) : x - std::log1p(std::exp(x));
  }
  context.tape.on_backward(out, [logits, out, value] {
    for (Index i = 0; i < value.size(); ++i)
      logits.grad().data()[i] += out.grad().data()[i] * (value.data()[i] - T(1) / (T(1) + std::exp(-logits.data()[i])));
  });
  return out;
}

}  // namespace

/// Williams 1992: a Bernoulli draw with P(open) = sigmoid(x) that has no gradient of its own. Who draws adds
/// (loss - baseline) ln P(value) to what is minimised.
template <typename T>
Decision<T> draw_reinforce(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const RowMatrix<T> value = positive(add_noise(context, detach(context, logits), query.stream, logistic));
  return {input<T>(context, value), sigmoid(context, logits), bernoulli_log_probability(context, logits, value)};
}

template Decision<float> draw_reinforce(Context<float>&, const Var<float>&, const SampleQuery&);
template Decision<double> draw_reinforce(Context<double>&, const Var<double>&, const SampleQuery&);

}  // namespace semlink::nn
