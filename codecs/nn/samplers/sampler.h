#pragma once

#include <span>
#include <string_view>

#include <semlink/codecs/nn/operations.h>

namespace semlink::nn {

/// What the entries of a row of logits decide about.
enum class Choice {
  each,  ///< every entry on its own: open (1) or closed (0); its logit is ln P(open) / P(closed)
  one,   ///< one entry of the row
  some,  ///< `SampleQuery::count` entries of the row
};

struct SampleQuery {
  double temperature = 1;    ///< of relaxations; for `perturbed_top_k` the deviation of the noise
  Stream* stream = nullptr;  ///< where the noise comes from; null: without noise, ties to the lower entry
  Index count = 1;           ///< entries that `Choice::some` takes, at most those of a row
};

/// A drawn decision, all of the shape of the logits.
template <typename T>
struct Decision {
  Var<T> value;            ///< 0 or 1, or between them where the sampler relaxes
  Var<T> usage;            ///< what a budget charges: near `value` on average, always with a gradient
  Var<T> log_probability;  ///< ln P(value), for the score function; empty where `value` has a gradient
};

/// How logits become decisions that can be trained. For inference nothing is drawn: entries of positive logit, or the
/// largest ones, are taken.
struct Sampler {
  std::string_view name;
  std::string_view help;
  Choice choice;
  Decision<float> (*draw_float)(Context<float>&, const Var<float>& logits, const SampleQuery&);
  Decision<double> (*draw_double)(Context<double>&, const Var<double>& logits, const SampleQuery&);

  Decision<float> draw(Context<float>& context, const Var<float>& logits, const SampleQuery& query) const {
    return draw_float(context, logits, query);
  }
  Decision<double> draw(Context<double>& context, const Var<double>& logits, const SampleQuery& query) const {
    return draw_double(context, logits, query);
  }
};

/// The table of samplers.
std::span<const Sampler> samplers();
/// Throws Error(bad_argument) for an unknown name.
const Sampler& find_sampler(std::string_view name);

/// `start` at progress 0, `end` at 1, exponentially between (Jang et al. 2017); never under 0.1.
double temperature_at(double start, double end, double progress);

// each
template <typename T>
Decision<T> draw_straight_through(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_binary_concrete(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_gumbel_binary(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_hard_concrete(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_reinforce(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
// one
template <typename T>
Decision<T> draw_gumbel_softmax(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_gumbel_one_hot(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
// some
template <typename T>
Decision<T> draw_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_relaxed_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_gumbel_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query);
template <typename T>
Decision<T> draw_perturbed_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query);

}  // namespace semlink::nn
