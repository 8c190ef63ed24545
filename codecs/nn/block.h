#pragma once

#include <memory>
#include <optional>
#include <string>

#include <semlink/codecs/nn/experts.h>

namespace semlink::nn {

/// Pre-norm transformer block with window attention, its norms scaled and shifted by a condition vector per sample:
///   x <- x + proj(attention(norm(x))),  x <- x + mlp(norm(x)),
/// the second step with a mixture of experts where the shape asks for one.
struct Block {
  struct Shape {
    Index dim = 128;
    Index num_heads = 4;
    Index mlp_ratio = 4;
    Index condition_dim = 64;
    Experts::Shape experts;  ///< in place of the feed-forward part when it has any
  };

  Block() = default;
  Block(ParameterLayout& layout, const std::string& name, const Shape& shape);

  /// x [rows, dim], condition [groups, condition_dim]; `samples` says which rows belong to which condition. Where
  /// nothing is recorded a few windows at a time run through the whole block.
  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Var<T>& condition, const RowGroups& samples,
                    const std::shared_ptr<const Windows>& windows) const;

  /// All of it but the condition's layer, which gives `modulation` [groups, 4 dim].
  template <typename T>
  Var<T> run(Context<T>& context, const Var<T>& x, const Var<T>& modulation, const RowGroups& samples,
             const std::shared_ptr<const Windows>& windows) const;

  /// MACs for windows of these token counts and these samples, as the ledger will count them.
  std::int64_t macs(const Windows& windows, const RowGroups& samples) const;

  Shape shape;
  Linear film;
  Linear qkv;
  Linear proj;
  Mlp mlp;  ///< empty where there are experts
  std::optional<Experts> experts;
  Index bias_table = -1;
};

}  // namespace semlink::nn
