#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

/// Maddison et al. 2017, appendix B: sigmoid((x + logistic noise) / temperature).
template <typename T>
Decision<T> draw_binary_concrete(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> noisy = add_noise(context, logits, query.stream, logistic);
  const Var<T> value = sigmoid(context, scaled(context, noisy, static_cast<T>(1 / query.temperature)));
  return {value, value, {}};
}

/// The same noise with a hard forward pass: open with the probability sigmoid(x), whatever the temperature (Jang et al.
/// 2017; gates of Veit and Belongie 2018).
template <typename T>
Decision<T> draw_gumbel_binary(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> noisy = add_noise(context, logits, query.stream, logistic);
  const Var<T> soft = sigmoid(context, scaled(context, noisy, static_cast<T>(1 / query.temperature)));
  const Var<T> value = straight_through(context, positive(noisy), soft);
  return {value, value, {}};
}

template Decision<float> draw_binary_concrete(Context<float>&, const Var<float>&, const SampleQuery&);
template Decision<double> draw_binary_concrete(Context<double>&, const Var<double>&, const SampleQuery&);
template Decision<float> draw_gumbel_binary(Context<float>&, const Var<float>&, const SampleQuery&);
template Decision<double> draw_gumbel_binary(Context<double>&, const Var<double>&, const SampleQuery&);

}  // namespace semlink::nn
