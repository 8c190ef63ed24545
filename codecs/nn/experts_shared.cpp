#include <semlink/codecs/nn/experts.h>
#include <semlink/codecs/nn/shared_experts.h>

/// Experts that tokens share: soft experts and merged ones.
namespace semlink::nn {

namespace {

/// Notes how much of every row's output each expert made; `weights` [rows, experts * columns_per_expert], rows summing
/// to one.
template <typename T>
void note_shares(Context<T>& context, const Var<T>& weights, Index num_experts) {
  if (context.routings == nullptr) return;
  const Index per_expert = weights.cols() / num_experts;
  Routing routing;
  routing.shares.assign(static_cast<std::size_t>(num_experts), 0);
  for (Index r = 0; r < weights.rows(); ++r)
    for (Index c = 0; c < weights.cols(); ++c)
      routing.shares[static_cast<std::size_t>(c / per_expert)] +=
          static_cast<double>(weights.data()[r * weights.cols() + c]);
  context.routings->push_back(std::move(routing));
}

}  // namespace

template <typename T>
Var<T> Experts::mix_slots(Context<T>& context, const Var<T>& x, const Var<T>& base, const RowGroups& samples) const {
  const Index per_sample = shape.num_experts * shape.slots;
  const Var<T> scores = score(context, x);
  const Var<T> slots = group_gram(context, softmax_columns(context, scores, samples), x, samples);
  RowGroups by_expert;
  std::vector<Index> by_sample(static_cast<std::size_t>(slots.rows()));  // the expert's row that a slot is
  std::vector<Index> rows;
  for (Index e = 0; e < shape.num_experts; ++e) {
    by_expert.append(samples.size() * shape.slots);
    for (Index s = 0; s < samples.size(); ++s)
      for (Index j = 0; j < shape.slots; ++j) {
        const Index slot = s * per_sample + e * shape.slots + j;
        by_sample[static_cast<std::size_t>(slot)] = static_cast<Index>(rows.size());
        rows.push_back(slot);
      }
  }
  const Var<T> outputs = gather_rows(
      context, run_experts(context, gather_rows(context, slots, std::move(rows)), by_expert), std::move(by_sample));
  const Var<T> weights = softmax_rows(context, scores);
  note_shares(context, weights, shape.num_experts);
  return add(context, base, group_product(context, weights, outputs, samples));
}

template <typename T>
Var<T> Experts::merge_weights(Context<T>& context, const Var<T>& x, const Var<T>& base,
                              const RowGroups& samples) const {
  const Var<T> gates = softmax_rows(context, score(context, group_mean(context, x, samples)));
  note_shares(context, gates, shape.num_experts);
  const Var<T> hidden = gelu(context, merged_linear(context, x, gates, up, up_bias, samples));
  return add(context, base, merged_linear(context, hidden, gates, down, down_bias, samples));
}

std::int64_t Experts::soft_macs(const RowGroups& samples) const {
  const Index rows = samples.begin.back(), slots = shape.num_experts * shape.slots;
  return 3 * rows * dim * slots + samples.size() * slots * 2 * dim * shape.hidden_ratio * dim;
}

#define SEMLINK_INSTANTIATE(T)                                                                           \
  template Var<T> Experts::mix_slots(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&) const; \
  template Var<T> Experts::merge_weights(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&) const;

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
