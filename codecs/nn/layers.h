#pragma once

#include <memory>
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

/// Pre-norm transformer block with window attention, its norms scaled and shifted by a condition vector per sample:
///   x <- x + proj(attention(norm(x))),  x <- x + mlp(norm(x)).
struct Block {
  struct Shape {
    Index dim = 128;
    Index num_heads = 4;
    Index mlp_ratio = 4;
    Index condition_dim = 64;
  };

  Block() = default;
  Block(ParameterLayout& layout, const std::string& name, const Shape& shape);

  /// x [rows, dim], condition [groups, condition_dim]; `samples` says which rows belong to which condition.
  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Var<T>& condition, const RowGroups& samples,
                    const std::shared_ptr<const Windows>& windows) const;

  /// MACs for windows of these token counts and so many samples, as the ledger will count them.
  std::int64_t macs(const Windows& windows, Index num_samples) const;

  Shape shape;
  Linear film;
  Linear qkv;
  Linear proj;
  Mlp mlp;
  Index bias_table = -1;
};

}  // namespace semlink::nn
