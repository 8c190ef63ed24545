#include <algorithm>
#include <cmath>

#include <semlink/codecs/adaptive/depth/mechanisms.h>
#include <semlink/codecs/adaptive/depth/rows.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/top_k.h>

namespace semlink::adaptive {

namespace {

/// Mixture of depths (Raposo et al. 2024): of each sample the tokens of highest score run the block, among themselves;
/// x <- x + sigmoid(score) (block(x) - x), so that the router learns from what it let in. The others keep their value.
template <typename T>
class MixtureOfDepths final : public DepthRun<T> {
 public:
  using DepthRun<T>::DepthRun;

  /// Of a block whose tokens spread evenly over the windows: which ones are let in is not decided yet.
  std::int64_t macs_next() const override {
    const NetworkConfig& config = start_.network.config();
    const double share = this->share_let_in();
    const std::int64_t rows = this->num_tokens();
    const std::int64_t all = DepthRun<T>::macs_next();
    const nn::Windows windows = *sort_into_windows(tokens_.layout.places, tokens_.layout.samples.size(),
                                                   window_shift(start_.grids.front(), this->blocks()))
                                     .layout.windows;
    double pairs = 0;
    for (Index w = 0; w < windows.rows.size(); ++w) pairs += std::pow(static_cast<double>(windows.rows.count(w)), 2);
    const double attention = 2 * pairs * static_cast<double>(config.dim);
    const double rest = static_cast<double>(all) - attention;
    return static_cast<std::int64_t>(share * rest + share * share * attention) + rows * config.dim +
           static_cast<std::int64_t>(start_.grids.size()) * config.condition_dim * 2 * config.dim;
  }

 private:
  using DepthRun<T>::start_;
  using DepthRun<T>::tokens_;

  double share_let_in() const {
    return start_.options.mod_share > 0 ? start_.options.mod_share : start_.network.config().mod_share;
  }

  Index let_in(Index tokens) const {
    return std::clamp<Index>(std::llround(share_let_in() * static_cast<double>(tokens)), 1, tokens);
  }

  void run_block(Index block) override {
    Context<T>& context = start_.context;
    const TokenGate& router = start_.network.depth_gates().token[static_cast<std::size_t>(block)];
    const Var<T> scores = router(context, tokens_.x, start_.condition, tokens_.layout.samples, 0);
    Var<T> weights = nn::sigmoid(context, scores);
    std::vector<Index> rows;
    if (this->trains()) {
      const Var<T> drawn = draw(scores);
      weights = nn::multiply(context, weights, drawn);
      for (Index row = 0; row < drawn.rows(); ++row)
        if (drawn.data()[row] > T(0)) rows.push_back(row);
    }
    const nn::RowGroups& samples = tokens_.layout.samples;
    for (Index s = 0; s < samples.size(); ++s) {
      const Index count = let_in(samples.count(s));
      this->note(s, count);
      if (this->trains()) continue;
      for (const Index i : nn::largest(scores.data() + samples.first(s), samples.count(s), count))
        rows.push_back(samples.first(s) + i);
    }
    RowsAfterBlock<T> after =
        decoder_block_on_rows(context, start_.network, block, tokens_, rows, start_.condition, start_.grids);
    const Var<T> taken = nn::gather_rows(context, weights, after.rows);
    tokens_.x = nn::blend_rows(context, tokens_.x, after.y, taken, std::move(after.rows));
  }

  /// What the training's sampler lets in of each sample, [tokens, 1].
  Var<T> draw(const Var<T>& scores) {
    Context<T>& context = start_.context;
    std::vector<Var<T>> parts;
    const nn::RowGroups& samples = tokens_.layout.samples;
    for (Index s = 0; s < samples.size(); ++s) {
      const Index count = samples.count(s);
      std::vector<Index> own(static_cast<std::size_t>(count));
      for (Index i = 0; i < count; ++i) own[static_cast<std::size_t>(i)] = samples.first(s) + i;
      nn::SampleQuery query = start_.training->query;
      query.count = let_in(count);
      const Var<T> row = nn::reshaped(context, nn::gather_rows(context, scores, std::move(own)), 1, count);
      parts.push_back(nn::reshaped(context, start_.training->sampler->draw(context, row, query).value, count, 1));
    }
    return nn::concat_rows(context, parts);
  }
};

}  // namespace

void add_depth_routers(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates) {
  for (Index b = 1; b <= config.decoder_blocks; ++b)
    gates.token.emplace_back(layout, "decoder." + std::to_string(b) + ".depth_router", config.dim,
                             config.condition_dim);
}

template <typename T>
StartedDepth<T> start_mixture_of_depths(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<MixtureOfDepths<T>>(start, std::move(tokens));
}

template StartedDepth<float> start_mixture_of_depths(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_mixture_of_depths(const DepthStart<double>&, Tokens<double>);

}  // namespace semlink::adaptive
