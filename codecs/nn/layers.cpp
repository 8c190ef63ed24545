#include <semlink/codecs/nn/layers.h>

namespace semlink::nn {

Linear::Linear(ParameterLayout& layout, const std::string& name, Index in, Index out, Init init, bool hidden)
    : weight(layout.add(name + ".weight", in, out, init, hidden)),
      bias(layout.add(name + ".bias", 1, out, Init::zeros)) {}

Mlp::Mlp(ParameterLayout& layout, const std::string& name, Index in, Index hidden_dim, Index out, Init last,
         bool hidden)
    : up(layout, name + ".up", in, hidden_dim, Init::scaled_normal, hidden),
      down(layout, name + ".down", hidden_dim, out, last, hidden) {}

Block::Block(ParameterLayout& layout, const std::string& name, const Shape& block_shape)
    : shape(block_shape),
      film(layout, name + ".film", shape.condition_dim, 4 * shape.dim, Init::zeros),
      qkv(layout, name + ".qkv", shape.dim, 3 * shape.dim, Init::scaled_normal, true),
      proj(layout, name + ".proj", shape.dim, shape.dim, Init::zeros, true),
      mlp(layout, name + ".mlp", shape.dim, shape.mlp_ratio * shape.dim, shape.dim, Init::zeros, true),
      bias_table(layout.add(name + ".position_bias", shape.num_heads, Windows::kOffsets, Init::zeros)) {}

template <typename T>
Var<T> Block::operator()(Context<T>& context, const Var<T>& x, const Var<T>& condition, const RowGroups& samples,
                         const std::shared_ptr<const Windows>& windows) const {
  const Index dim = shape.dim;
  const Var<T> modulation = film(context, condition);
  const Var<T> attended =
      window_attention(context, qkv(context, modulated_norm(context, x, modulation, 0, dim, samples)), shape.num_heads,
                       bias_table, windows);
  const Var<T> mixed = proj(context, attended, &x);
  return mlp(context, modulated_norm(context, mixed, modulation, 2 * dim, 3 * dim, samples), &mixed);
}

std::int64_t Block::macs(const Windows& windows, Index num_samples) const {
  const std::int64_t rows = windows.rows.begin.back();
  std::int64_t pairs = 0;
  for (Index w = 0; w < windows.rows.size(); ++w) pairs += windows.rows.count(w) * windows.rows.count(w);
  return num_samples * shape.condition_dim * 4 * shape.dim + rows * shape.dim * shape.dim * (4 + 2 * shape.mlp_ratio) +
         2 * pairs * shape.dim;
}

template Var<float> Block::operator()(Context<float>&, const Var<float>&, const Var<float>&, const RowGroups&,
                                      const std::shared_ptr<const Windows>&) const;
template Var<double> Block::operator()(Context<double>&, const Var<double>&, const Var<double>&, const RowGroups&,
                                       const std::shared_ptr<const Windows>&) const;

}  // namespace semlink::nn
