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

/// Scaled to sum to one.
std::vector<double> shares_of(std::vector<double> parts) {
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  for (double& one : parts) one /= sum;
  return parts;
}

/// sum_n mean p_n ln(p_n / q_n); exits that nobody came to add nothing.
nn::Var<float> divergence(nn::Context<float>& context, const std::vector<nn::Var<float>>& shares,
                          const std::vector<double>& prior) {
  nn::Var<float> sum;
  for (std::size_t exit = 0; exit < shares.size(); ++exit) {
    const nn::Var<float> term = nn::divergence_term(context, shares[exit], prior[exit]);
    sum = sum.empty() ? term : nn::add(context, sum, term);
  }
  return sum;
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

void check_halting_depth(const TrainSettings& settings, const adaptive::NetworkConfig& network) {
  const double depth = settings.halting_depth;
  if (depth == 0 || (network.depth == "halting" && depth <= static_cast<double>(network.decoder_blocks))) return;
  throw Error(ErrorCode::bad_scenario, "train.halting_depth = " + std::to_string(depth) +
                                           ": expected 0, or network.depth = halting and at most its " +
                                           std::to_string(network.decoder_blocks) + " blocks");
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
  has_depth_prior_ = settings.halting_depth > 0 && progress >= settings.budget_start;
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
  const auto weight = static_cast<float>(unit_ * settings_.halting_weight);
  return nn::scaled(context, divergence(context, shares, geometric_prior(settings_.halting_prior, num_exits)), weight);
}

nn::Var<float> DepthLosses::depth_prior(nn::Context<float>& context, adaptive::DepthRun<float>& way,
                                        Index num_exits) const {
  if (!has_depth_prior_) return {};
  const auto weight = static_cast<float>(unit_ * settings_.halting_weight);
  const std::vector<double> prior = normal_prior(settings_.halting_depth, num_exits);
  return nn::scaled(context, divergence(context, way.state_shares(), prior), weight);
}

std::vector<double> geometric_prior(double probability, Index num_exits) {
  std::vector<double> prior;
  for (Index n = 0; n < num_exits; ++n) prior.push_back(std::pow(1 - probability, static_cast<double>(n)));
  return shares_of(std::move(prior));
}

std::vector<double> normal_prior(double centre, Index num_exits) {
  constexpr double kLeast = 1e-6;
  std::vector<double> prior;
  for (Index n = 0; n < num_exits; ++n)
    prior.push_back(kLeast + std::exp(-std::pow(static_cast<double>(n) - centre, 2) / 2));
  return shares_of(std::move(prior));
}

}  // namespace semlink::train
