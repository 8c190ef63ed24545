#include <semlink/train/depth_training.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/core/error.h>

namespace semlink::train {

namespace {

constexpr std::uint64_t kDrawsSalt = 0x64726177;

std::string_view sampler_name(const TrainSettings& settings, const adaptive::DepthMechanism& mechanism) {
  return settings.sampler == "auto" ? mechanism.sampler : std::string_view(settings.sampler);
}

}  // namespace

void check_sampler(const TrainSettings& settings, const adaptive::NetworkConfig& network) {
  const adaptive::DepthMechanism& mechanism = adaptive::find_depth_mechanism(network.depth);
  if (settings.sampler == "auto") return;
  std::string fitting = "auto";
  for (const nn::Sampler& sampler : nn::samplers()) {
    if (!mechanism.draws || sampler.choice != *mechanism.draws) continue;
    if (sampler.name == settings.sampler) return;
    fitting += " or " + std::string(sampler.name);
  }
  throw Error(ErrorCode::bad_scenario, "train.sampler = " + settings.sampler +
                                           ": expected, with network.depth = " + network.depth + ", " + fitting);
}

DepthLosses::DepthLosses(const TrainSettings& settings, const adaptive::NetworkConfig& network, const ChunkPlan& plan,
                         double progress)
    : settings_(settings),
      progress_(progress),
      num_images_(plan.images.size()),
      stream_(plan.images.front().address.seed, Purpose::train, plan.images.front().address.trial, kDrawsSalt) {
  constexpr double kTypicalLoss = 0.004;
  unit_ = kTypicalLoss * static_cast<double>(num_images_) / static_cast<double>(settings.batch);
  const adaptive::DepthMechanism& mechanism = adaptive::find_depth_mechanism(network.depth);
  if (mechanism.draws) training_.sampler = &nn::find_sampler(sampler_name(settings, mechanism));
  training_.query.temperature =
      nn::temperature_at(settings.sampler_temperature, settings.sampler_temperature_end, progress);
  training_.query.stream = &stream_;
  has_budget_ = mechanism.has_budget && settings.budget_rule != "none" && progress >= settings.budget_start;
}

nn::Var<float> DepthLosses::budget(nn::Context<float>& context, adaptive::DepthRun<float>& way,
                                   const BudgetControl& control) const {
  if (!has_budget_) return {};
  const double weight = settings_.budget_rule == "dual" ? 1 : settings_.budget_weight;
  return nn::scaled(context, control.loss(context, way.usage(), settings_), static_cast<float>(unit_ * weight));
}

nn::Var<float> DepthLosses::score_function(nn::Context<float>& context, adaptive::DepthRun<float>& way,
                                           const std::vector<double>& losses,
                                           const std::vector<double>& baselines) const {
  const nn::Var<float> log_probability = way.log_probability();
  if (log_probability.empty()) return {};
  std::vector<float> advantages;
  for (std::size_t i = 0; i < losses.size(); ++i) advantages.push_back(static_cast<float>(losses[i] - baselines[i]));
  const auto bonus = static_cast<float>(-unit_ * settings_.entropy_weight / static_cast<double>(num_images_));
  return nn::add(context, nn::weighted_sum(context, log_probability, std::move(advantages)),
                 nn::weighted_sum(context, way.entropy(), std::vector<float>(num_images_, bonus)));
}

nn::Var<float> DepthLosses::halting_prior(nn::Context<float>& context, const std::vector<nn::Var<float>>& shares,
                                          Index num_exits) const {
  const std::vector<double> prior = geometric_prior(settings_.halting_prior, num_exits);
  nn::Var<float> sum;
  for (std::size_t exit = 0; exit < shares.size(); ++exit) {
    const nn::Var<float> term = nn::divergence_term(context, shares[exit], prior[exit]);
    sum = sum.empty() ? term : nn::add(context, sum, term);
  }
  return nn::scaled(context, sum, static_cast<float>(unit_ * settings_.halting_weight));
}

std::vector<double> geometric_prior(double probability, Index num_exits) {
  std::vector<double> prior;
  for (Index n = 0; n < num_exits; ++n) prior.push_back(std::pow(1 - probability, static_cast<double>(n)));
  const double sum = std::accumulate(prior.begin(), prior.end(), 0.0);
  for (double& one : prior) one /= sum;
  return prior;
}

}  // namespace semlink::train
