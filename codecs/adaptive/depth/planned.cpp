#include <algorithm>

#include <semlink/codecs/adaptive/depth/mechanisms.h>
#include <semlink/codecs/adaptive/depth/rows.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/expert_operations.h>

namespace semlink::adaptive {

namespace {

/// How much the untrained gate prefers the whole decoder to none of it, in nats.
constexpr double kPreference = 4;

/// One choice per sample ahead of the first block: how many blocks run, from what was received. A thermometer of the
/// choice opens the blocks in their order.
template <typename T>
class Planned final : public DepthRun<T> {
 public:
  Planned(const DepthStart<T>& start, Tokens<T> tokens)
      : DepthRun<T>(start, std::move(tokens)), planned_(start.grids.size(), this->num_blocks()) {}

  bool finished() const override {
    return DepthRun<T>::finished() || this->blocks() >= *std::max_element(planned_.begin(), planned_.end());
  }

  std::int64_t macs_next() const override {
    const NetworkConfig& config = start_.network.config();
    const std::int64_t gate = config.condition_dim * (2 * config.dim + config.dim + config.decoder_blocks + 1);
    return DepthRun<T>::macs_next() + (this->blocks() == 0 ? static_cast<std::int64_t>(start_.grids.size()) * gate : 0);
  }

  Var<T> usage() override { return usage_; }

 private:
  using DepthRun<T>::start_;
  using DepthRun<T>::tokens_;

  void run_block(Index block) override {
    if (block == 0) plan();
    const nn::RowGroups& samples = tokens_.layout.samples;
    for (Index s = 0; s < samples.size(); ++s)
      if (wanted(s) > block) this->note(s, samples.count(s));
    run_block_where_open(start_.context, start_.network, block, tokens_, openings_[static_cast<std::size_t>(block)],
                         start_.condition, start_.grids);
  }

  Index wanted(Index sample) const { return wanted_[static_cast<std::size_t>(sample)]; }

  void plan() {
    Context<T>& context = start_.context;
    const SampleGate& gate = start_.network.depth_gates().sample.front();
    const Var<T> learned = gate(context, tokens_.x, start_.condition, tokens_.layout.samples, 0);
    const Index num_samples = learned.rows(), num_depths = learned.cols();
    RowMatrix<T> preference(num_samples, num_depths);
    for (Index n = 0; n < num_depths; ++n)
      preference.col(n).setConstant(
          static_cast<T>(kPreference * static_cast<double>(n) / static_cast<double>(num_depths - 1)));
    const Var<T> logits = nn::add(context, learned, nn::input<T>(context, preference));
    RowMatrix<T> choices = RowMatrix<T>::Zero(num_samples, num_depths);
    for (Index s = 0; s < num_samples; ++s) {
      const T* row = logits.data() + s * num_depths;
      wanted_.push_back(std::max_element(row, row + num_depths) - row);
      choices(s, wanted_.back()) = T(1);
    }
    Var<T> choice = nn::input<T>(context, choices);
    if (this->trains())
      choice = draw(logits);
    else
      planned_ = wanted_;
    const Var<T> levels = nn::thermometer(context, choice);
    for (Index n = 1; n < num_depths; ++n) {
      std::vector<Index> entries;
      for (Index s = 0; s < num_samples; ++s) entries.push_back(s * num_depths + n);
      openings_.push_back(nn::pick(context, levels, std::move(entries)));
    }
  }

  Var<T> draw(const Var<T>& logits) {
    Context<T>& context = start_.context;
    const nn::Decision<T> decision = start_.training->sampler->draw(context, logits, start_.training->query);
    std::vector<T> blocks;
    for (Index s = 0; s < logits.rows(); ++s)
      for (Index n = 0; n < logits.cols(); ++n)
        blocks.push_back(static_cast<T>(n) / static_cast<T>(logits.rows() * this->num_blocks()));
    usage_ = nn::weighted_sum(context, decision.usage, std::move(blocks));
    return decision.value;
  }

  std::vector<Index> planned_;    // blocks that may run, by sample: in trainings all, for the gradient's sake
  std::vector<Index> wanted_;     // blocks that a receiver runs, by sample
  std::vector<Var<T>> openings_;  // by block, [samples, 1]
  Var<T> usage_;
};

}  // namespace

void add_planner(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates) {
  gates.sample.emplace_back(layout, "decoder.plan", config.dim, config.condition_dim, config.decoder_blocks + 1);
}

template <typename T>
StartedDepth<T> start_planned(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<Planned<T>>(start, std::move(tokens));
}

template StartedDepth<float> start_planned(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_planned(const DepthStart<double>&, Tokens<double>);

}  // namespace semlink::adaptive
