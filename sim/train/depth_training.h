#pragma once

#include <vector>

#include <semlink/codecs/adaptive/depth/depth.h>
#include <semlink/train/budget_control.h>
#include <semlink/train/loss_balance.h>
#include <semlink/train/plan.h>

namespace semlink::train {

/// Throws Error(bad_scenario) when `train.sampler` does not suit `network.depth`.
void check_sampler(const TrainSettings& settings, const adaptive::NetworkConfig& network);
/// The same of `train.halting_depth`.
void check_halting_depth(const TrainSettings& settings, const adaptive::NetworkConfig& network);

/// What one chunk adds to the loss for the network's mechanism of depth, and where its draws come from. Weights are
/// relative to a typical loss of an image, and a chunk carries its share of the batch.
class DepthLosses {
 public:
  /// `progress`: share of the training that is done.
  DepthLosses(const TrainSettings& settings, const adaptive::NetworkConfig& network, const ChunkPlan& plan,
              double progress);
  DepthLosses(const DepthLosses&) = delete;
  DepthLosses& operator=(const DepthLosses&) = delete;

  const adaptive::DepthTraining& training() const { return training_; }

  /// The budget's penalty; empty where there is none, or not yet.
  nn::Var<float> budget(nn::Context<float>& context, adaptive::DepthRun<float>& way,
                        const BudgetControl& control) const;
  /// The score function of draws without a gradient: per image its loss minus a baseline, times ln P, minus an entropy
  /// bonus. Empty where draws have gradients.
  nn::Var<float> score_function(nn::Context<float>& context, adaptive::DepthRun<float>& way,
                                const std::vector<double>& losses, const std::vector<double>& baselines) const;
  /// Divergence of the exits' shares from a geometric prior over `num_exits` exits; `shares` as `DepthRun::exit_shares`
  /// gives them.
  nn::Var<float> halting_prior(nn::Context<float>& context, const std::vector<nn::Var<float>>& shares,
                               Index num_exits) const;
  /// Divergence of the chunk's mean `DepthRun::state_shares` from a normal prior (Yin et al. 2022, A-ViT);
  /// empty where there is none, or not yet.
  nn::Var<float> depth_prior(nn::Context<float>& context, adaptive::DepthRun<float>& way, Index num_exits) const;

 private:
  const TrainSettings& settings_;
  double unit_ = 0;  ///< a typical loss of this chunk
  double progress_ = 0;
  std::size_t num_images_ = 0;
  Stream stream_;
  adaptive::DepthTraining training_;
  bool has_budget_ = false;
  bool has_depth_prior_ = false;
};

/// p_n of a geometric distribution over so many exits, cut off and rescaled to sum to one.
std::vector<double> geometric_prior(double probability, Index num_exits);
/// The same of a normal distribution of deviation 1. Exits far from its centre keep about one part in a million, so
/// that no divergence is infinite.
std::vector<double> normal_prior(double centre, Index num_exits);

}  // namespace semlink::train
