#pragma once

#include <string>

#include <semlink/codecs/nn/operations.h>

/// Layers: which slots they own and how they are used. They hold no numbers; parameters come with the context.
namespace semlink::nn {

/// x W + b.
struct Linear {
  Index weight = -1;
  Index bias = -1;

  Linear() = default;
  Linear(ParameterLayout& layout, const std::string& name, Index in, Index out, Init init = Init::scaled_normal,
         bool hidden = false);

  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Var<T>* residual = nullptr) const {
    return linear(context, x, weight, bias, residual);
  }
};

/// Two linear layers with a GELU between them.
struct Mlp {
  Linear up;
  Linear down;

  Mlp() = default;
  /// `last` is the init of the second layer: zeros make the residual branch start as nothing.
  Mlp(ParameterLayout& layout, const std::string& name, Index in, Index hidden_dim, Index out, Init last,
      bool hidden = false);

  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Var<T>* residual = nullptr) const {
    return down(context, gelu(context, up(context, x)), residual);
  }
};

}  // namespace semlink::nn
