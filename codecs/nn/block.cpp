#include <semlink/codecs/nn/block.h>

#include <algorithm>

namespace semlink::nn {

Block::Block(ParameterLayout& layout, const std::string& name, const Shape& block_shape)
    : shape(block_shape),
      film(layout, name + ".film", shape.condition_dim, 4 * shape.dim, Init::zeros),
      qkv(layout, name + ".qkv", shape.dim, 3 * shape.dim, Init::scaled_normal, true),
      proj(layout, name + ".proj", shape.dim, shape.dim, Init::zeros, true),
      mlp(shape.experts.num_experts > 0
              ? Mlp()
              : Mlp(layout, name + ".mlp", shape.dim, shape.mlp_ratio * shape.dim, shape.dim, Init::zeros, true)),
      bias_table(layout.add(name + ".position_bias", shape.num_heads, Windows::kOffsets, Init::zeros)) {
  if (shape.experts.num_experts > 0) experts.emplace(layout, name, shape.dim, shape.experts);
}

namespace {

/// Rows whose values stay in a core's second-level cache through a block.
constexpr Index kPanelRows = 128;

/// The rows [first, end) of all groups; groups beyond have none.
RowGroups part_of(const RowGroups& groups, Index first, Index end) {
  RowGroups part = groups;
  for (Index& begin : part.begin) begin = std::clamp(begin, first, end) - first;
  return part;
}

/// Windows [first, end).
std::shared_ptr<const Windows> part_of(const Windows& windows, Index first, Index end) {
  auto part = std::make_shared<Windows>();
  const Index first_row = windows.rows.first(first), end_row = windows.rows.first(end);
  for (Index w = first; w < end; ++w) part->rows.append(windows.rows.count(w));
  part->place.assign(windows.place.begin() + first_row, windows.place.begin() + end_row);
  if (!windows.log_size.empty())
    part->log_size.assign(windows.log_size.begin() + first_row, windows.log_size.begin() + end_row);
  part->pooled = windows.pooled;
  return part;
}

}  // namespace

template <typename T>
Var<T> Block::operator()(Context<T>& context, const Var<T>& x, const Var<T>& condition, const RowGroups& samples,
                         const std::shared_ptr<const Windows>& windows) const {
  const Var<T> modulation = film(context, condition);
  // Experts look at whole samples, and a record of attention is one of all windows.
  if (context.tape.records() || experts || context.attention != nullptr || x.rows() <= kPanelRows)
    return run(context, x, modulation, samples, windows);
  const Var<T> out = context.tape.constant(x.rows(), x.cols());
  for (Index first = 0, end; first < windows->rows.size(); first = end) {
    end = first + 1;
    while (end < windows->rows.size() && windows->rows.first(end + 1) - windows->rows.first(first) <= kPanelRows) ++end;
    const Index row = windows->rows.first(first), count = windows->rows.first(end) - row;
    const Var<T> panel = context.tape.constant(count, x.cols());
    panel.value() = x.value().middleRows(row, count);
    out.value().middleRows(row, count) =
        run(context, panel, modulation, part_of(samples, row, row + count), part_of(*windows, first, end)).value();
  }
  return out;
}

template <typename T>
Var<T> Block::run(Context<T>& context, const Var<T>& x, const Var<T>& modulation, const RowGroups& samples,
                  const std::shared_ptr<const Windows>& windows) const {
  const Index dim = shape.dim;
  const Var<T> attended =
      window_attention(context, qkv(context, modulated_norm(context, x, modulation, 0, dim, samples)), shape.num_heads,
                       bias_table, windows);
  const Var<T> mixed = proj(context, attended, &x);
  const Var<T> normal = modulated_norm(context, mixed, modulation, 2 * dim, 3 * dim, samples);
  return experts ? (*experts)(context, normal, mixed, samples, *windows) : mlp(context, normal, &mixed);
}

std::int64_t Block::macs(const Windows& windows, const RowGroups& samples) const {
  const std::int64_t rows = windows.rows.begin.back();
  std::int64_t pairs = 0;
  for (Index w = 0; w < windows.rows.size(); ++w) pairs += windows.rows.count(w) * windows.rows.count(w);
  const std::int64_t feed_forward =
      experts ? experts->macs(samples) : rows * 2 * shape.dim * shape.mlp_ratio * shape.dim;
  return samples.size() * shape.condition_dim * 4 * shape.dim + rows * 4 * shape.dim * shape.dim +
         2 * pairs * shape.dim + feed_forward;
}

template Var<float> Block::operator()(Context<float>&, const Var<float>&, const Var<float>&, const RowGroups&,
                                      const std::shared_ptr<const Windows>&) const;
template Var<double> Block::operator()(Context<double>&, const Var<double>&, const Var<double>&, const RowGroups&,
                                       const std::shared_ptr<const Windows>&) const;

}  // namespace semlink::nn
