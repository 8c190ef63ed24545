#include <semlink/codecs/nn/samplers/sampler.h>
#include <semlink/train/settings.h>

namespace semlink::train {

void TrainSettings::declare_depth(Keys& keys) {
  std::vector<std::string> names{"auto"};
  std::string described = "How a training draws what a receiver decides about depth:";
  for (const nn::Sampler& one : nn::samplers()) {
    names.emplace_back(one.name);
    described += (names.size() > 2 ? ", " : " ") + names.back() + " (" + std::string(one.help) + ")";
  }
  keys.choice("train.sampler", sampler, names)
      .help(described +
            ". auto: gumbel_binary with network.depth = skip, gumbel_one_hot with planned, top_k with mod.");
  keys.number("train.sampler_temperature", sampler_temperature)
      .range(0.1, 100)
      .unit("1")
      .help("Temperature of the sampler's relaxation at the start; of perturbed_top_k the deviation of its noise.");
  keys.number("train.sampler_temperature_end", sampler_temperature_end)
      .range(0.1, 100)
      .unit("1")
      .help("The same at the end of the training, exponentially between.");
  keys.choice("train.budget_rule", budget_rule, {"hinge", "square", "dual", "price", "none"})
      .help(
          "What holds the use of decoder blocks by skip, planned, halting and pondering: a penalty on its distance "
          "from "
          "train.gate_budget beyond 0.01, on the square of it, a price that follows it (dual ascent), a fixed price, "
          "or nothing.");
  keys.number("train.gate_budget", gate_budget)
      .range(0, 1)
      .unit("1")
      .help("Share of the decoder's blocks that receivers are to run, over images and tokens.");
  keys.number("train.budget_weight", budget_weight)
      .range(0, 1000)
      .unit("1")
      .help("Weight of the penalty or fixed price, in losses of a typical image.");
  keys.number("train.budget_rate", budget_rate)
      .range(0, 10)
      .unit("1")
      .help("Step of the price under dual ascent; above 0.001 it may oscillate.");
  keys.number("train.budget_start", budget_start)
      .range(0, 1)
      .unit("1")
      .help("Share of the training before the budget counts, so that blocks learn before they are left out.");
  keys.number("train.entropy_weight", entropy_weight)
      .range(0, 1000)
      .unit("1")
      .help("Bonus on the entropy of decisions with train.sampler = reinforce.");
  keys.number("train.halting_prior", halting_prior)
      .range(0.001, 0.999)
      .unit("1")
      .help("Of network.depth = pondering: the geometric prior's probability of stopping at an exit.");
  keys.number("train.halting_depth", halting_depth)
      .range(0, 64)
      .unit("1")
      .help(
          "Of network.depth = halting: blocks at the centre of a normal prior, of deviation 1, on where the tokens of "
          "all images halt; it counts from train.budget_start on. 0 for no prior.");
  keys.number("train.halting_weight", halting_weight)
      .range(0, 1000)
      .unit("1")
      .help(
          "Weight of the divergence from the prior, train.halting_prior or train.halting_depth, in losses of a typical "
          "image.");
  keys.choice("train.exit_gradient", exit_gradient, {"full", "by_position", "stop"})
      .help(
          "What the loss of an earlier exit may change in the blocks before it: everything, less the shallower it is, "
          "or nothing (its head only).");
}

}  // namespace semlink::train
