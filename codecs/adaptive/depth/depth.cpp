#include <semlink/codecs/adaptive/depth/depth.h>

#include <array>
#include <string>

#include <semlink/codecs/adaptive/depth/mechanisms.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/core/error.h>

namespace semlink::adaptive {

namespace {

using nn::Choice;

constexpr std::array kMechanisms = {
    DepthMechanism{"exits",
                   "every token runs every block until the policy stops",
                   {},
                   "",
                   false,
                   add_no_gates,
                   start_exits<float>,
                   start_exits<double>},
    DepthMechanism{"skip", "a gate before each block lets an image pass by it", Choice::each, "gumbel_binary", true,
                   add_skip_gates, start_skip<float>, start_skip<double>},
    DepthMechanism{"planned", "a gate ahead of all blocks says how many run", Choice::one, "gumbel_one_hot", true,
                   add_planner, start_planned<float>, start_planned<double>},
    DepthMechanism{"mod", "a router before each block lets a fixed share of an image's tokens in", Choice::some,
                   "top_k", false, add_depth_routers, start_mixture_of_depths<float>, start_mixture_of_depths<double>},
    DepthMechanism{"halting",
                   "a token leaves when its halting probabilities sum to one; its value is their mean",
                   {},
                   "",
                   true,
                   add_halting_gates,
                   start_halting<float>,
                   start_halting<double>},
    DepthMechanism{"pondering",
                   "a token leaves when it has probably halted; its value is that of its last exit",
                   {},
                   "",
                   true,
                   add_halting_gates,
                   start_pondering<float>,
                   start_pondering<double>},
};

}  // namespace

std::span<const DepthMechanism> depth_mechanisms() { return kMechanisms; }

const DepthMechanism& find_depth_mechanism(std::string_view name) {
  for (const DepthMechanism& mechanism : kMechanisms)
    if (mechanism.name == name) return mechanism;
  throw Error(ErrorCode::bad_argument, "mechanism of depth " + std::string(name) + ": there is none of this name");
}

void DepthOptions::declare(Keys& keys) {
  keys.flag("codec.full_depth", full)
      .help("Run every block on every token, whatever mechanism of depth the network was trained with.");
  keys.number("codec.skip_threshold", skip_threshold)
      .range(0, 1)
      .unit("1")
      .help("Of networks with network.depth = skip: least probability with which a gate lets a block run.");
  keys.number("codec.mod_share", mod_share)
      .range(0, 1)
      .unit("1")
      .help("Of networks with network.depth = mod: share of the tokens that a block takes; 0 for the trained one.");
  keys.number("codec.halt_at", halt_at)
      .range(0, 1)
      .unit("1")
      .help(
          "Of networks with network.depth = halting or pondering: sum of a token's halting probabilities at which it "
          "leaves; 0 for the trained one.");
  keys.flag("codec.aggregate", aggregate)
      .help("Of networks with network.aggregate: show the mean of all exits' images, weighed by the network.");
}

void DepthOptions::check(const NetworkConfig& config) const {
  const auto refuse = [&](const std::string& key, const std::string& expected) {
    throw Error(ErrorCode::bad_scenario, "codec." + key + " is set: expected weights of a network with network." +
                                             expected + ", these have network.depth = " + config.depth);
  };
  const DepthOptions trained;
  if (full && config.depth == "exits") refuse("full_depth", "depth other than exits");
  if (skip_threshold != trained.skip_threshold && config.depth != "skip") refuse("skip_threshold", "depth = skip");
  if (mod_share != trained.mod_share && config.depth != "mod") refuse("mod_share", "depth = mod");
  if (halt_at != trained.halt_at && config.depth != "halting" && config.depth != "pondering")
    refuse("halt_at", "depth = halting or pondering");
  if (aggregate && !config.aggregate) refuse("aggregate", "aggregate = true");
}

template <typename T>
DepthRun<T>::DepthRun(const DepthStart<T>& start, Tokens<T> tokens)
    : start_(start), tokens_(std::move(tokens)), visits_(start.grids.size(), 0) {}

template <typename T>
void DepthRun<T>::advance() {
  if (!finished()) run_block(blocks_);
  ++blocks_;
}

template <typename T>
std::int64_t DepthRun<T>::macs_next() const {
  return start_.network.decoder_block_macs(blocks_, tokens_, window_shift(start_.grids.front(), blocks_));
}

template <typename T>
Tokens<T> DepthRun<T>::seen(Tokens<T> tokens, T gradient) {
  if (gradient != T(1)) tokens.x = nn::scale_gradient(start_.context, tokens.x, gradient);
  return tokens;
}

template <typename T>
Var<T> DepthRun<T>::seen_condition(T gradient) {
  return gradient == T(1) ? start_.condition : nn::scale_gradient(start_.context, start_.condition, gradient);
}

template <typename T>
Var<T> DepthRun<T>::pixels(const Var<T>& linear_part, T gradient) {
  return start_.network.pixels(start_.context, exit(), seen(output(), gradient), seen_condition(gradient), linear_part,
                               start_.grids);
}

template <typename T>
double DepthRun<T>::depth(Index sample) const {
  const auto s = static_cast<std::size_t>(sample);
  return static_cast<double>(visits_[s]) / static_cast<double>(tokens_.layout.samples.count(sample));
}

template <typename T>
Index DepthRun<T>::visits() const {
  Index sum = 0;
  for (const Index one : visits_) sum += one;
  return sum;
}

template <typename T>
double DepthRun<T>::share() const {
  return static_cast<double>(visits()) / static_cast<double>(num_tokens() * num_blocks());
}

template <>
std::unique_ptr<DepthRun<float>> start_depth(const DepthStart<float>& start, Tokens<float> tokens) {
  if (start.options.full) return start_exits(start, std::move(tokens));
  return find_depth_mechanism(start.network.config().depth).start_float(start, std::move(tokens));
}
template <>
std::unique_ptr<DepthRun<double>> start_depth(const DepthStart<double>& start, Tokens<double> tokens) {
  if (start.options.full) return start_exits(start, std::move(tokens));
  return find_depth_mechanism(start.network.config().depth).start_double(start, std::move(tokens));
}

template class DepthRun<float>;
template class DepthRun<double>;

}  // namespace semlink::adaptive
