#include <algorithm>

#include <semlink/codecs/adaptive/depth/mechanisms.h>
#include <semlink/codecs/adaptive/depth/rows.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/expert_operations.h>

namespace semlink::adaptive {

namespace {

/// Tokens begin with about one chance in twenty to stop before each block.
constexpr double kStart = -3;
/// At most: a token whose first probability reached the threshold would leave with a share of one whatever its gate
/// says, and the gate would have no gradient to come back by.
constexpr double kMostAtOnce = 0.9;
constexpr double kHaltingSum = 0.99;
constexpr double kPonderingSum = 0.95;

/// Of each row the probability h, or 1 - sum where the row halts, so that a token's shares sum to one. h, sum [rows,
/// 1].
template <typename T>
Var<T> shares_of_rows(Context<T>& context, const Var<T>& h, const Var<T>& sum, const std::vector<bool>& halts) {
  const Index rows = h.rows();
  const Var<T> out = context.tape.result(rows, 1, {&h, &sum});
  for (Index r = 0; r < rows; ++r)
    out.data()[r] = halts[static_cast<std::size_t>(r)] ? T(1) - sum.data()[r] : h.data()[r];
  context.tape.on_backward(out, [h, sum, out, halts, rows] {
    for (Index r = 0; r < rows; ++r) {
      const T g = out.grad().data()[r];
      if (!halts[static_cast<std::size_t>(r)]) {
        if (h.needs_grad()) h.grad().data()[r] += g;
      } else if (sum.needs_grad()) {
        sum.grad().data()[r] -= g;
      }
    }
  });
  return out;
}

/// What both kinds of halting share. Before each block every token that is still there gives a share of its value to
/// the exit it stands at; when its shares reach the threshold it gives the rest and leaves the matrix.
template <typename T>
class Halting : public DepthRun<T> {
 public:
  Halting(const DepthStart<T>& start, Tokens<T> tokens, double trained_sum)
      : DepthRun<T>(start, std::move(tokens)),
        threshold_(start.options.halt_at > 0 ? start.options.halt_at : trained_sum),
        halted_at_(static_cast<std::size_t>(this->num_tokens()), -1) {
    for (Index row = 0; row < this->num_tokens(); ++row) active_.push_back(row);
    sum_ = zeros(1);
  }

  bool finished() const override { return DepthRun<T>::finished() || active_.empty(); }

  std::int64_t macs_next() const override {
    const NetworkConfig& config = start_.network.config();
    Tokens<T> there;
    for (const Index row : active_) there.layout.places.push_back(tokens_.layout.places[static_cast<std::size_t>(row)]);
    there.layout.samples = tokens_.layout.samples;
    const auto block = this->blocks();
    return start_.network.decoder_block_macs(block, there, window_shift(start_.grids.front(), block)) +
           static_cast<std::int64_t>(active_.size()) * config.dim +
           static_cast<std::int64_t>(start_.grids.size()) * config.condition_dim * 2 * config.dim;
  }

 protected:
  using DepthRun<T>::start_;
  using DepthRun<T>::tokens_;

  /// Probability of stopping here given that the token came here -> its share of the value.
  virtual Var<T> share_of(const Var<T>& probability, const Var<T>& sum) = 0;
  /// Tokens `rows` gave these shares to the exit after `blocks` blocks.
  virtual void give(const std::vector<Index>& rows, const Var<T>& x, const Var<T>& shares) = 0;

  Var<T> zeros(Index cols) {
    const Var<T> out = start_.context.tape.constant(this->num_tokens(), cols);
    out.value().setZero();
    return out;
  }

  /// 1 - what was given, of the tokens that are still there.
  Var<T> rest() {
    Context<T>& context = start_.context;
    const Var<T> given = nn::gather_rows(context, sum_, active_);
    return nn::shifted(context, nn::scaled(context, given, T(-1)), T(1));
  }

  const std::vector<Index>& active() const { return active_; }
  /// Blocks that a token ran before it left; -1: it is still there.
  const std::vector<Index>& halted_at() const { return halted_at_; }

 private:
  void run_block(Index block) override {
    Context<T>& context = start_.context;
    const Tokens<T> there = take_rows(context, tokens_, active_);
    const TokenGate& gate = start_.network.depth_gates().token[static_cast<std::size_t>(block)];
    const Var<T> logits = gate(context, there.x, start_.condition, there.layout.samples, kStart);
    const Var<T> probability = nn::scaled(context, nn::sigmoid(context, logits), static_cast<T>(kMostAtOnce));
    const Var<T> sum = nn::gather_rows(context, sum_, active_);
    const Var<T> wanted = share_of(probability, sum);
    std::vector<bool> halts;
    std::vector<Index> stay;
    for (Index i = 0; i < wanted.rows(); ++i) {
      halts.push_back(static_cast<double>(sum.data()[i] + wanted.data()[i]) >= threshold_);
      const auto row = active_[static_cast<std::size_t>(i)];
      if (halts.back())
        halted_at_[static_cast<std::size_t>(row)] = block;
      else
        stay.push_back(row);
    }
    const Var<T> shares = shares_of_rows(context, wanted, sum, halts);
    give(active_, there.x, shares);
    sum_ = nn::add_at_rows(context, sum_, shares, active_);
    active_ = std::move(stay);
    if (active_.empty()) return;
    for (const Index row : active_) this->note(tokens_.layout.places[static_cast<std::size_t>(row)].sample, 1);
    RowsAfterBlock<T> after =
        decoder_block_on_rows(context, start_.network, block, tokens_, active_, start_.condition, start_.grids);
    const Var<T> all = ones(context, after.y.rows());
    tokens_.x = nn::blend_rows(context, tokens_.x, after.y, all, std::move(after.rows));
  }

  double threshold_;
  std::vector<Index> active_;     // ascending
  std::vector<Index> halted_at_;  // by token
  Var<T> sum_;                    // of the shares given, [tokens, 1]
};

/// Adaptive computation time per token (Graves 2016; Yin et al. 2022, A-ViT): a token's value is the mean of its
/// states, weighed by its halting probabilities and, at the last, what is left of one.
template <typename T>
class AdaptiveTime final : public Halting<T> {
 public:
  AdaptiveTime(const DepthStart<T>& start, Tokens<T> tokens) : Halting<T>(start, std::move(tokens), kHaltingSum) {
    mean_ = this->zeros(this->tokens_.x.cols());
  }

  Tokens<T> output() override {
    Context<T>& context = this->start_.context;
    Tokens<T> out = this->tokens_;
    out.x = mean_;
    if (!this->active().empty()) {
      const Tokens<T> there = take_rows(context, this->tokens_, this->active());
      out.x = nn::add_at_rows(context, out.x, nn::scale_rows(context, there.x, this->rest()), this->active());
    }
    return out;
  }

  /// The ponder cost of Graves 2016, eq. 10: blocks run, which have no gradient, plus what is left of one, which has.
  Var<T> usage() override {
    Context<T>& context = this->start_.context;
    const auto scale = T(1) / static_cast<T>(this->num_tokens() * this->num_blocks());
    Var<T> left = remainders_;
    if (!this->active().empty()) {
      const Var<T> rest = this->rest();
      const Var<T> sum = nn::weighted_sum(context, rest, std::vector<T>(static_cast<std::size_t>(rest.rows()), scale));
      left = left.empty() ? sum : nn::add(context, left, sum);
    }
    return nn::shifted(context, left, static_cast<T>(this->share()));
  }

  std::vector<Var<T>> state_shares() override {
    std::vector<Var<T>> means;
    for (const Var<T>& shares : shares_) means.push_back(mean_over_tokens(shares));
    if (!this->active().empty()) means.push_back(mean_over_tokens(this->rest()));
    return means;
  }

 private:
  Var<T> share_of(const Var<T>& probability, const Var<T>&) override { return probability; }

  /// Tokens that are not among the rows have nothing.
  Var<T> mean_over_tokens(const Var<T>& shares) {
    const auto scale = T(1) / static_cast<T>(this->num_tokens());
    return nn::weighted_sum(this->start_.context, shares,
                            std::vector<T>(static_cast<std::size_t>(shares.rows()), scale));
  }

  void give(const std::vector<Index>& rows, const Var<T>& x, const Var<T>& shares) override {
    Context<T>& context = this->start_.context;
    mean_ = nn::add_at_rows(context, mean_, nn::scale_rows(context, x, shares), rows);
    if (!this->trains()) return;
    shares_.push_back(shares);
    const auto scale = T(1) / static_cast<T>(this->num_tokens() * this->num_blocks());
    std::vector<T> halted;
    for (const Index row : rows) halted.push_back(this->halted_at()[static_cast<std::size_t>(row)] >= 0 ? scale : T(0));
    const Var<T> sum = nn::weighted_sum(context, shares, std::move(halted));
    remainders_ = remainders_.empty() ? sum : nn::add(context, remainders_, sum);
  }

  std::vector<Var<T>> shares_;  // by exit, of the tokens that were there
  Var<T> mean_;                 // of the states, as far as shares were given, [tokens, dim]
  Var<T> remainders_;           // of the tokens that left, scaled as `usage`
};

/// PonderNet per token (Banino et al. 2021): p_n = lambda_n prod_{j < n} (1 - lambda_j) is the probability that a
/// token's value is that of exit n; trained by the loss expected over exits. A receiver's token leaves when it has
/// halted with the probability of the threshold, and the head of the exit it stood at reads it.
template <typename T>
class Ponder final : public Halting<T> {
 public:
  Ponder(const DepthStart<T>& start, Tokens<T> tokens) : Halting<T>(start, std::move(tokens), kPonderingSum) {}

  Var<T> pixels(const Var<T>& linear_part, T gradient) override {
    std::vector<Index> exits;
    for (const Index at : this->halted_at()) exits.push_back(at >= 0 ? at : this->exit());
    const DepthStart<T>& start = this->start_;
    return start.network.pixels_by_token(start.context, exits, this->seen(this->tokens_, gradient),
                                         this->seen_condition(gradient), linear_part, start.grids);
  }

  /// Expected number of blocks over their number.
  Var<T> usage() override {
    Context<T>& context = this->start_.context;
    const std::vector<Var<T>> shares = exit_shares();
    Var<T> sum;
    for (std::size_t exit = 0; exit < shares.size(); ++exit) {
      const auto weight = static_cast<T>(exit) / static_cast<T>(this->num_tokens() * this->num_blocks());
      const Var<T> one =
          nn::weighted_sum(context, shares[exit], std::vector<T>(static_cast<std::size_t>(this->num_tokens()), weight));
      sum = sum.empty() ? one : nn::add(context, sum, one);
    }
    return sum;
  }

  std::vector<Var<T>> exit_shares() override {
    std::vector<Var<T>> shares = shares_;
    Var<T> last = this->zeros(1);
    if (!this->active().empty()) last = nn::add_at_rows(this->start_.context, last, this->rest(), this->active());
    shares.push_back(last);
    return shares;
  }

 private:
  Var<T> share_of(const Var<T>& probability, const Var<T>& sum) override {
    Context<T>& context = this->start_.context;
    const Var<T> here = nn::shifted(context, nn::scaled(context, sum, T(-1)), T(1));
    return nn::multiply(context, probability, here);
  }

  void give(const std::vector<Index>& rows, const Var<T>&, const Var<T>& shares) override {
    if (this->trains()) shares_.push_back(nn::add_at_rows(this->start_.context, this->zeros(1), shares, rows));
  }

  std::vector<Var<T>> shares_;  // by exit, [tokens, 1]
};

}  // namespace

void add_halting_gates(nn::ParameterLayout& layout, const NetworkConfig& config, DepthGates& gates) {
  for (Index b = 0; b < config.decoder_blocks; ++b)
    gates.token.emplace_back(layout, "decoder." + std::to_string(b) + ".halt", config.dim, config.condition_dim);
}

template <typename T>
StartedDepth<T> start_halting(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<AdaptiveTime<T>>(start, std::move(tokens));
}

template <typename T>
StartedDepth<T> start_pondering(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<Ponder<T>>(start, std::move(tokens));
}

template StartedDepth<float> start_halting(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_halting(const DepthStart<double>&, Tokens<double>);
template StartedDepth<float> start_pondering(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_pondering(const DepthStart<double>&, Tokens<double>);

}  // namespace semlink::adaptive
