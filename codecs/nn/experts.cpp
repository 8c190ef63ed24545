#include <semlink/codecs/nn/experts.h>

#include <algorithm>

#include <semlink/codecs/nn/shared_experts.h>

namespace semlink::nn {

namespace {

/// Logits, what training adds to them, and the bias that evens the load.
template <typename T>
RowMatrix<double> choice_scores(Context<T>& context, const Var<T>& logits, Index bias) {
  RowMatrix<double> scores = logits.value().template cast<double>();
  for (Index e = 0; e < scores.cols(); ++e) scores.col(e).array() += static_cast<double>(context.values(bias)[e]);
  const RouterTraining<T>* training = context.router_training;
  if (training != nullptr && training->noise > 0)
    for (Index i = 0; i < scores.size(); ++i)
      scores.data()[i] += training->noise * static_cast<double>(training->stream->normal());
  return scores;
}

/// Losses that keep the loads apart from one, and the bias that does it without a loss (Wang et al. 2024): its gradient
/// is how far the load is from even, so any optimiser moves it against the load.
template <typename T>
void teach_router(Context<T>& context, const Var<T>& logits, const Var<T>& probabilities, const Routing& routing,
                  Index bias) {
  RouterTraining<T>* training = context.router_training;
  if (training == nullptr) return;
  const std::vector<double> load = routing.load();
  if (training->balance_weight > 0)
    training->losses.push_back(
        scaled(context, balance_loss(context, probabilities, load), static_cast<T>(training->balance_weight)));
  if (training->z_weight > 0)
    training->losses.push_back(scaled(context, router_z_loss(context, logits), static_cast<T>(training->z_weight)));
  if (training->balances_by_bias && context.trains())
    for (std::size_t e = 0; e < load.size(); ++e)
      context.grads(bias)[e] +=
          static_cast<T>(training->bias_scale * (load[e] - 1.0 / static_cast<double>(load.size())));
}

}  // namespace

Experts::Experts(ParameterLayout& layout, const std::string& name, Index layer_dim, const Shape& layer_shape)
    : shape(layer_shape), dim(layer_dim) {
  const Router& router = find_router(shape.router);
  if (router.reads_scores) {
    const Index outputs = router.mixing == Mixing::slots ? shape.num_experts * shape.slots : shape.num_experts;
    score = Linear(layout, name + ".router", dim, outputs);
    if (router.mixing == Mixing::rows) bias = layout.add(name + ".router.balance", 1, shape.num_experts, Init::zeros);
  }
  for (Index e = 0; e < shape.num_experts; ++e) {
    const Mlp expert(layout, name + ".expert" + std::to_string(e), dim, shape.hidden_ratio * dim, dim, Init::zeros,
                     true);
    up.push_back(expert.up.weight);
    up_bias.push_back(expert.up.bias);
    down.push_back(expert.down.weight);
    down_bias.push_back(expert.down.bias);
  }
  if (shape.shared_ratio > 0)
    shared.emplace(layout, name + ".shared", dim, shape.shared_ratio * dim, dim, Init::zeros, true);
}

template <typename T>
Var<T> Experts::operator()(Context<T>& context, const Var<T>& x, const Var<T>& residual, const RowGroups& samples,
                           const Windows& windows) const {
  const Mixing mixing = find_router(shape.router).mixing;
  if (mixing == Mixing::rows) return mix_rows(context, x, residual, samples, windows);
  const Var<T> base = shared ? (*shared)(context, x, &residual) : residual;
  return mixing == Mixing::slots ? mix_slots(context, x, base, samples) : merge_weights(context, x, base, samples);
}

template <typename T>
Var<T> Experts::mix_rows(Context<T>& context, const Var<T>& x, const Var<T>& residual, const RowGroups& samples,
                         const Windows& windows) const {
  const Router& router = find_router(shape.router);
  Var<T> logits, probabilities;
  RowMatrix<double> scores = RowMatrix<double>::Zero(x.rows(), shape.num_experts);
  if (router.reads_scores) {
    logits = score(context, x);
    probabilities = softmax_rows(context, logits);
    scores = choice_scores(context, logits, bias);
  }
  Routing routing = router.route({scores, samples, windows.place, shape.top_k, shape.capacity});
  if (router.reads_scores) teach_router(context, logits, probabilities, routing, bias);

  RowGroups by_expert;
  std::vector<Index> rows, entries;  // by expert: rows of x, and their probabilities for it
  for (Index e = 0; e < shape.num_experts; ++e) {
    const std::vector<Index>& own = routing.rows[static_cast<std::size_t>(e)];
    by_expert.append(static_cast<Index>(own.size()));
    rows.insert(rows.end(), own.begin(), own.end());
    for (const Index row : own) entries.push_back(row * shape.num_experts + e);
  }
  if (context.routings != nullptr) context.routings->push_back(std::move(routing));
  Var<T> outputs = run_experts(context, gather_rows(context, x, rows), by_expert);
  if (router.reads_scores) outputs = scale_rows(context, outputs, pick(context, probabilities, std::move(entries)));
  const Var<T> base = shared ? (*shared)(context, x, &residual) : residual;
  return add_at_rows(context, base, outputs, std::move(rows));
}

template <typename T>
Var<T> Experts::run_experts(Context<T>& context, const Var<T>& x, const RowGroups& by_expert) const {
  const Var<T> hidden = gelu(context, grouped_linear(context, x, by_expert, up, up_bias));
  return grouped_linear(context, hidden, by_expert, down, down_bias);
}

Mlp Experts::expert(Index number) const {
  const auto at = static_cast<std::size_t>(number);
  Mlp layers;
  layers.up.weight = up[at], layers.up.bias = up_bias[at];
  layers.down.weight = down[at], layers.down.bias = down_bias[at];
  return layers;
}

std::int64_t Experts::macs(const RowGroups& samples) const {
  const Index rows = samples.begin.back();
  const Index hidden = shape.hidden_ratio * dim;
  const std::int64_t common = 2 * rows * dim * shape.shared_ratio * dim;
  const Mixing mixing = find_router(shape.router).mixing;
  if (mixing == Mixing::slots) return common + soft_macs(samples);
  if (mixing == Mixing::weights)
    return common + samples.size() * dim * shape.num_experts +
           merged_linear_macs(samples, shape.num_experts, dim, hidden) +
           merged_linear_macs(samples, shape.num_experts, hidden, dim);
  std::int64_t visits = std::min(shape.top_k, shape.num_experts) * rows;
  if (shape.router == "expert_choice") {
    visits = 0;
    RowMatrix<double> none(0, shape.num_experts);
    const RouteQuery query{none, samples, {}, shape.top_k, shape.capacity > 0 ? shape.capacity : 1};
    for (Index s = 0; s < samples.size(); ++s) visits += shape.num_experts * room_of_expert(query, samples.count(s));
  }
  const std::int64_t router = bias >= 0 ? rows * dim * shape.num_experts : 0;
  return common + router + visits * 2 * dim * hidden;
}

template Var<float> Experts::operator()(Context<float>&, const Var<float>&, const Var<float>&, const RowGroups&,
                                        const Windows&) const;
template Var<double> Experts::operator()(Context<double>&, const Var<double>&, const Var<double>&, const RowGroups&,
                                         const Windows&) const;
template Var<float> Experts::run_experts(Context<float>&, const Var<float>&, const RowGroups&) const;
template Var<double> Experts::run_experts(Context<double>&, const Var<double>&, const RowGroups&) const;

}  // namespace semlink::nn
