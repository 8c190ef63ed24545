#pragma once

#include <cstdint>
#include <vector>

#include <semlink/codecs/nn/parameters.h>
#include <semlink/train/settings.h>

namespace semlink::train {

/// AdamW (Loshchilov and Hutter 2019), or Muon (Jordan et al. 2024: orthogonalised momentum) for the hidden matrices of
/// the blocks with AdamW for everything else. Step sizes rise linearly, then follow a half cosine down to zero.
class Optimizer {
 public:
  /// `trained[slot]` says which slots move; the others keep their values and their moments stay zero.
  Optimizer(const nn::ParameterLayout& layout, const TrainSettings& settings, std::vector<bool> trained);

  /// One step with the whole batch's gradient, which is clipped in place. Returns the gradient's norm before clipping.
  double step(std::int64_t step, nn::FlatVector<float>& gradient, nn::FlatVector<float>& parameters, int num_threads);

  nn::FlatVector<float>& moment1() { return moment1_; }
  nn::FlatVector<float>& moment2() { return moment2_; }

  /// Share of the peak step size at a step, in [0, 1].
  double schedule(std::int64_t step) const;

 private:
  void step_adam(std::int64_t step, const nn::Slot& slot, const nn::FlatVector<float>& gradient,
                 nn::FlatVector<float>& parameters);
  void step_muon(std::int64_t step, const nn::Slot& slot, const nn::FlatVector<float>& gradient,
                 nn::FlatVector<float>& parameters);

  const nn::ParameterLayout& layout_;
  const TrainSettings& settings_;
  std::vector<bool> trained_;
  nn::FlatVector<float> moment1_;  ///< Muon's momentum for hidden slots
  nn::FlatVector<float> moment2_;
};

}  // namespace semlink::train
