#pragma once

#include <string>
#include <vector>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/nn/layers.h>

namespace semlink::adaptive {

/// Class scores of a sample at an exit: its tokens, normalised under the condition and averaged, times a matrix.
struct ClassHead {
  nn::Linear film;
  nn::Linear out;
  Index dim = 0;

  ClassHead() = default;
  ClassHead(nn::ParameterLayout& layout, const std::string& name, Index dim, Index condition_dim, Index num_classes);

  /// x [rows, dim], condition [samples, condition_dim] -> logits [samples, num_classes].
  template <typename T>
  nn::Var<T> operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                        const nn::RowGroups& samples) const;
};

/// What a class head said of one sample, exit after exit, as policies read it.
class ClassView {
 public:
  /// The scores of exit `exit`, [1, num_classes]; exits come in rising order.
  void add(Index exit, const nn::Var<float>& logits);
  void describe(GateQuery& query) const;

  /// The last exit that was added; -1 before the first.
  Index exit() const { return exit_; }
  const Eigen::VectorXf& logits() const { return logits_; }
  /// Its likeliest class, the first of several.
  int decision() const { return static_cast<int>(decisions_.back()); }

 private:
  Index exit_ = -1;
  Eigen::VectorXf logits_;
  std::vector<double> probabilities_;
  std::vector<Index> decisions_;
};

}  // namespace semlink::adaptive
