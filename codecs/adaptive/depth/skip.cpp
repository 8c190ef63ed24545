#include <cmath>

#include <semlink/codecs/adaptive/depth/mechanisms.h>
#include <semlink/codecs/adaptive/depth/rows.h>
#include <semlink/codecs/nn/decision_operations.h>

namespace semlink::adaptive {

namespace {

/// Gates begin open: a network that has learned nothing yet cannot say what it can spare.
constexpr double kStart = 5;

/// Layer-skip gates (Wang et al. 2018, SkipNet; Veit and Belongie 2018): x <- x + g (block(x) - x), one g per sample
/// and block. A closed gate costs its own MACs and no more.
template <typename T>
class Skip final : public DepthRun<T> {
 public:
  using DepthRun<T>::DepthRun;

  std::int64_t macs_next() const override {
    const NetworkConfig& config = start_.network.config();
    const std::int64_t gate = config.condition_dim * (2 * config.dim + config.dim + 1);
    return DepthRun<T>::macs_next() + static_cast<std::int64_t>(start_.grids.size()) * gate;
  }

  Var<T> usage() override { return usage_; }
  Var<T> log_probability() override { return log_probability_; }
  Var<T> entropy() override { return entropy_; }

 private:
  using DepthRun<T>::start_;
  using DepthRun<T>::tokens_;

  void run_block(Index block) override {
    Context<T>& context = start_.context;
    const SampleGate& gate = start_.network.depth_gates().sample[static_cast<std::size_t>(block)];
    const Var<T> logits = gate(context, tokens_.x, start_.condition, tokens_.layout.samples, kStart);
    const Var<T> openings = this->trains() ? draw(logits) : decide(logits);
    run_block_where_open(context, start_.network, block, tokens_, openings, start_.condition, start_.grids);
  }

  /// 1 where the receiver's gate is open.
  Var<T> decide(const Var<T>& logits) {
    const Var<T> openings = start_.context.tape.constant(logits.rows(), 1);
    for (Index s = 0; s < logits.rows(); ++s) {
      const double probability = 1 / (1 + std::exp(-static_cast<double>(logits.data()[s])));
      const bool open = probability >= start_.options.skip_threshold;
      openings.data()[s] = open ? T(1) : T(0);
      if (open) this->note(s, tokens_.layout.samples.count(s));
    }
    return openings;
  }

  /// What the training's sampler makes of it; the share that counts is what a receiver would do.
  Var<T> draw(const Var<T>& logits) {
    Context<T>& context = start_.context;
    decide(logits);
    const nn::Decision<T> decision = start_.training->sampler->draw(context, logits, start_.training->query);
    const auto samples = static_cast<std::size_t>(logits.rows());
    const T weight = T(1) / static_cast<T>(static_cast<Index>(samples) * this->num_blocks());
    add_to(usage_, nn::weighted_sum(context, decision.usage, std::vector<T>(samples, weight)));
    if (!decision.log_probability.empty()) {
      add_to(log_probability_, decision.log_probability);
      add_to(entropy_, nn::bernoulli_entropy(context, logits));
    }
    return decision.value;
  }

  void add_to(Var<T>& sum, const Var<T>& term) { sum = sum.empty() ? term : nn::add(start_.context, sum, term); }

  Var<T> usage_;
  Var<T> log_probability_;
  Var<T> entropy_;
};

}  // namespace

void add_skip_gates(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates) {
  for (Index b = 1; b <= config.decoder_blocks; ++b)
    gates.sample.emplace_back(layout, "decoder." + std::to_string(b) + ".skip", config.dim, config.condition_dim);
}

template <typename T>
StartedDepth<T> start_skip(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<Skip<T>>(start, std::move(tokens));
}

template StartedDepth<float> start_skip(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_skip(const DepthStart<double>&, Tokens<double>);

}  // namespace semlink::adaptive
