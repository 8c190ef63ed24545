#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

/// Bengio et al. 2013, section 4: no noise, forward 1[x > 0], backward the slope of sigmoid(x / temperature).
template <typename T>
Decision<T> draw_straight_through(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> soft = sigmoid(context, scaled(context, logits, static_cast<T>(1 / query.temperature)));
  const Var<T> value = straight_through(context, positive(logits), soft);
  return {value, value, {}};
}

template Decision<float> draw_straight_through(Context<float>&, const Var<float>&, const SampleQuery&);
template Decision<double> draw_straight_through(Context<double>&, const Var<double>&, const SampleQuery&);

}  // namespace semlink::nn
