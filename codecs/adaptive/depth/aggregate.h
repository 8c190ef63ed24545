#pragma once

#include <vector>

#include <semlink/codecs/adaptive/depth/depth.h>

namespace semlink::adaptive {

/// Mean of the images of all exits that a decoder passes, by stick-breaking: exit i takes the share g_i of what those
/// before it left, the last one the rest; g_i is a gate's per sample. The image is that of differentiable branching,
/// y~_i = g_i y_i + (1 - g_i) y~_{i+1} (Scardapane et al. 2020). Every exit passed costs its head.
template <typename T>
class Aggregate {
 public:
  Aggregate(Context<T>& context, const Network& network, const Var<T>& condition, const std::vector<Grid>& grids)
      : context_(context), network_(network), condition_(condition), grids_(grids) {}

  /// The way goes on behind the exit it stands at, whose image is `pixels`.
  void pass(DepthRun<T>& way, const Var<T>& pixels);
  /// The mean when the way ends with this image.
  Var<T> finish(const Var<T>& pixels);
  /// Shares of the exits passed, and of the last one, in a sample; they sum to one.
  std::vector<double> shares(Index sample) const;

 private:
  Context<T>& context_;
  const Network& network_;
  const Var<T>& condition_;
  const std::vector<Grid>& grids_;
  std::vector<Var<T>> images_;
  std::vector<Var<T>> gates_;  // [samples, 1]
};

}  // namespace semlink::adaptive
