#pragma once

#include <semlink/codecs/nn/operations.h>
#include <semlink/train/settings.h>

namespace semlink::train {

/// Holds the share of the decoder that a network of learned depth uses at a target. One chunk is too small to meet it
/// (its images and channels differ), so the penalty is taken at the running mean over steps of what a receiver would
/// use, and its slope acts on the chunk.
class BudgetControl {
 public:
  /// Penalty by `train.budget_rule`, without the unit of `train.budget_weight`; `usage` [1, 1] is the chunk's.
  nn::Var<float> loss(nn::Context<float>& context, const nn::Var<float>& usage, const TrainSettings& settings) const;
  /// After a step, of the share that its receivers would use.
  void add(double share, const TrainSettings& settings);

  /// Running mean; below 0: nothing was added yet.
  double usage() const { return usage_; }
  /// Price of the whole decoder under dual ascent, in losses of a typical image.
  double price() const { return price_; }
  /// For checkpoints.
  void restore(double usage, double price);

 private:
  double usage_ = -1;
  double price_ = 0;
};

}  // namespace semlink::train
