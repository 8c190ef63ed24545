#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/expert_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

/// Jang et al. 2017, eq. 2: softmax((x + Gumbel noise) / temperature).
template <typename T>
Decision<T> draw_gumbel_softmax(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> noisy = add_noise(context, logits, query.stream, gumbel);
  const Var<T> value = softmax_rows(context, scaled(context, noisy, static_cast<T>(1 / query.temperature)));
  return {value, value, {}};
}

/// The straight-through variant (same paper, section 2.2): forward one-hot at the largest share.
template <typename T>
Decision<T> draw_gumbel_one_hot(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> soft = draw_gumbel_softmax(context, logits, query).value;
  RowMatrix<T> hard = RowMatrix<T>::Zero(soft.rows(), soft.cols());
  for (Index r = 0; r < soft.rows(); ++r) {
    Index best = 0;
    for (Index c = 1; c < soft.cols(); ++c)
      if (soft.value()(r, c) > soft.value()(r, best)) best = c;
    hard(r, best) = T(1);
  }
  const Var<T> value = straight_through(context, hard, soft);
  return {value, value, {}};
}

#define SEMLINK_INSTANTIATE(T)                                                              \
  template Decision<T> draw_gumbel_softmax(Context<T>&, const Var<T>&, const SampleQuery&); \
  template Decision<T> draw_gumbel_one_hot(Context<T>&, const Var<T>&, const SampleQuery&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
