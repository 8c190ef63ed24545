#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/codecs/nn/samplers/sampler.h>

/// Mechanisms that let a decoder run less than all its blocks on all its tokens. The mechanism is part of the network
/// (`network.depth`); how far a receiver follows it is a matter of the scenario.
namespace semlink::adaptive {

/// What a receiver may set of the mechanism that its network was trained with.
struct DepthOptions {
  bool full = false;            ///< every block on every token, as if there were no mechanism
  double skip_threshold = 0.5;  ///< least probability with which a gate lets a block run
  double mod_share = 0;         ///< share of the tokens that a router lets through; 0: as trained
  double halt_at = 0;           ///< sum of a token's halting probabilities at which it leaves; 0: as trained
  bool aggregate = false;       ///< show the exits' images together

  /// Declares the keys `codec.*` of these.
  void declare(Keys& keys);
  /// Throws Error(bad_scenario) where an option is set that a network of this shape has no use for.
  void check(const NetworkConfig& config) const;
};

/// How a training draws what a receiver would decide.
struct DepthTraining {
  const nn::Sampler* sampler = nullptr;  ///< null where the mechanism draws nothing
  nn::SampleQuery query;
};

/// Everything that a decoder's way through its blocks begins with. References must outlive the way.
template <typename T>
struct DepthStart {
  Context<T>& context;
  const Network& network;
  const Var<T>& condition;  ///< of the decoder, [samples, condition_dim]
  const std::vector<Grid>& grids;
  DepthOptions options;
  const DepthTraining* training = nullptr;  ///< null outside trainings
};

/// One way of stacked samples through a decoder's blocks. What a sample gets does not depend on its neighbours.
template <typename T>
class DepthRun {
 public:
  DepthRun(const DepthStart<T>& start, Tokens<T> tokens);
  virtual ~DepthRun() = default;
  DepthRun(const DepthRun&) = delete;
  DepthRun& operator=(const DepthRun&) = delete;

  /// Takes the next block, on whatever the mechanism lets through.
  void advance();
  /// Blocks taken.
  Index blocks() const { return blocks_; }
  /// True when no further block would compute anything.
  virtual bool finished() const { return blocks_ == num_blocks(); }
  /// MACs of the next block, gates included; where a decision is open, of running.
  virtual std::int64_t macs_next() const;

  /// The exit whose heads read the output: the blocks taken, or the last one where all have left before.
  Index exit() const { return finished() ? num_blocks() : blocks_; }
  /// What the heads of `exit` read.
  virtual Tokens<T> output() { return tokens_; }
  /// Image if the decoder stopped here, [pixels of all grids, 3]; its gradient on tokens and condition is
  /// multiplied by `gradient`.
  virtual Var<T> pixels(const Var<T>& linear_part, T gradient = T(1));

  /// Blocks that a receiver runs on this sample, averaged over its tokens.
  double depth(Index sample) const;
  /// The same over all samples, as a share of all the decoder's blocks.
  double share() const;

  // For trainings
  // ---------------------------------------------------------------------------------------------------------------

  /// `share`, [1, 1], with a gradient; empty where there is nothing to decide.
  virtual Var<T> usage() { return {}; }
  /// ln of the probability of all that was drawn, and its entropy, [samples, 1]; empty where draws have gradients.
  virtual Var<T> log_probability() { return {}; }
  virtual Var<T> entropy() { return {}; }
  /// Of each exit up to here, the probability that a token's value is that exit's, [tokens, 1]; empty where a token
  /// has one value only.
  virtual std::vector<Var<T>> exit_shares() { return {}; }
  /// Of each exit up to here, the share that the state there has in a token's value, averaged over all tokens, [1, 1];
  /// empty where a value is not a mean of states.
  virtual std::vector<Var<T>> state_shares() { return {}; }

 protected:
  virtual void run_block(Index block) = 0;

  /// What heads read, its gradient multiplied by `gradient`.
  Tokens<T> seen(Tokens<T> tokens, T gradient);
  Var<T> seen_condition(T gradient);

  Index num_blocks() const { return start_.network.config().decoder_blocks; }
  Index num_tokens() const { return tokens_.layout.samples.begin.back(); }
  bool trains() const { return start_.training != nullptr; }
  /// Notes that a receiver runs a block on so many tokens of a sample.
  void note(Index sample, Index tokens) { visits_[static_cast<std::size_t>(sample)] += tokens; }
  /// Sum of what was noted over tokens and blocks.
  Index visits() const;

  DepthStart<T> start_;
  Tokens<T> tokens_;

 private:
  Index blocks_ = 0;
  std::vector<Index> visits_;  // by sample
};

/// A mechanism of depth.
struct DepthMechanism {
  std::string_view name;
  std::string_view help;
  std::optional<nn::Choice> draws;  ///< what its sampler decides about; empty where it draws nothing
  std::string_view sampler;         ///< the one that `train.sampler = auto` means; empty with `draws`
  bool has_budget = false;          ///< its use of blocks is learned
  void (*add_gates)(nn::ParameterLayout&, const NetworkConfig&, DepthGates&);
  std::unique_ptr<DepthRun<float>> (*start_float)(const DepthStart<float>&, Tokens<float>);
  std::unique_ptr<DepthRun<double>> (*start_double)(const DepthStart<double>&, Tokens<double>);
};

/// The table of mechanisms.
std::span<const DepthMechanism> depth_mechanisms();
/// Throws Error(bad_argument) for an unknown name.
const DepthMechanism& find_depth_mechanism(std::string_view name);

/// A way through the decoder of `start.network` by its mechanism, from what `Network::receive` gave.
template <typename T>
std::unique_ptr<DepthRun<T>> start_depth(const DepthStart<T>& start, Tokens<T> tokens);

}  // namespace semlink::adaptive
