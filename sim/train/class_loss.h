#pragma once

#include <vector>

#include <semlink/train/pass.h>

namespace semlink::train {

/// What the class heads add to the loss of one chunk, head by head.
class ClassLoss {
 public:
  ClassLoss(nn::Context<float>& context, const TrainSettings& settings, const ChunkPlan& plan)
      : context_(context), settings_(settings), plan_(plan) {}

  /// Adds the cross-entropy of a head's logits [num_images, num_classes], image i weighted by `relative[i]`; images
  /// without a label add nothing. With `teacher` not null, `train.distill` of the target is the teacher's softmax.
  void add(const nn::Var<float>& logits, const std::vector<double>& relative, const nn::Var<float>* teacher = nullptr);
  /// The same with one weight for all images.
  void add(const nn::Var<float>& logits, double relative);

  /// The sum so far; empty before the first head.
  const nn::Var<float>& sum() const { return sum_; }

 private:
  nn::Context<float>& context_;
  const TrainSettings& settings_;
  const ChunkPlan& plan_;
  nn::Var<float> sum_;
};

/// Fills the class figures of `scores` from the logits [num_images, num_classes]; images without a label are left out.
void score_classes(const ChunkPlan& plan, const nn::Var<float>& logits, ImageScores& scores);

/// Throws Error(bad_scenario) where the images cannot teach this network's classes: a source with another number of
/// classes, or, for a pure classifier, images of a second source mixed in.
void check_labels(const adaptive::NetworkConfig& config, const TrainSettings& settings, const TrainSources& sources,
                  const Source& validation);

}  // namespace semlink::train
