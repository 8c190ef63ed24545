#pragma once

#include <string>
#include <vector>

#include <semlink/codecs/nn/layers.h>

namespace semlink::adaptive {

/// Logits per sample from its pooled tokens and its condition, the SNR among it: start + gain mlp(mean(norm(x))).
struct SampleGate {
  nn::Linear film;
  nn::Mlp mlp;

  SampleGate() = default;
  /// Gives `start` for every sample until it is trained.
  SampleGate(nn::ParameterLayout& layout, const std::string& name, Index dim, Index condition_dim,
             Index num_logits = 1);
  /// x [rows, dim], condition [samples, condition_dim] -> [samples, num_logits].
  template <typename T>
  nn::Var<T> operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                        const nn::RowGroups& samples, double start) const;
};

/// A logit per token from its features and its sample's condition: start + gain linear(norm(x)).
struct TokenGate {
  nn::Linear film;
  nn::Linear out;

  TokenGate() = default;
  TokenGate(nn::ParameterLayout& layout, const std::string& name, Index dim, Index condition_dim);
  /// x [rows, dim], condition [samples, condition_dim] -> [rows, 1].
  template <typename T>
  nn::Var<T> operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                        const nn::RowGroups& samples, double start) const;
};

/// What a mechanism of depth owns: one gate per place where it decides, of either kind.
struct DepthGates {
  std::vector<SampleGate> sample;
  std::vector<TokenGate> token;
  std::vector<SampleGate> aggregate;  ///< one per exit but the last; see `Aggregate`
};

}  // namespace semlink::adaptive
