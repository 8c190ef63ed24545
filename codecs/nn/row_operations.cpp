#include <semlink/codecs/nn/operations.h>

#include <algorithm>

#include <semlink/codecs/nn/accumulate.h>

namespace semlink::nn {

template <typename T>
Var<T> gather_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(static_cast<Index>(indices.size()), cols, {&x});
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::copy_n(x.data() + indices[i] * cols, cols, out.data() + static_cast<Index>(i) * cols);
  context.tape.on_backward(out, [x, out, indices = std::move(indices), cols] {
    const T* g = out.grad().data();
    T* g_x = x.grad().data();
    for (std::size_t i = 0; i < indices.size(); ++i)
      add_to(g + static_cast<Index>(i) * cols, cols, g_x + indices[i] * cols);
  });
  return out;
}

template <typename T>
Var<T> scatter_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices, Index rows, Index filler_slot) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x}, context.trains());
  std::vector<std::uint8_t> filled(static_cast<std::size_t>(rows), 0);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    filled[static_cast<std::size_t>(indices[i])] = 1;
    std::copy_n(x.data() + static_cast<Index>(i) * cols, cols, out.data() + indices[i] * cols);
  }
  for (Index r = 0; r < rows; ++r)
    if (!filled[static_cast<std::size_t>(r)]) std::copy_n(context.values(filler_slot), cols, out.data() + r * cols);
  context.tape.on_backward(
      out, [context, x, out, indices = std::move(indices), filled = std::move(filled), rows, cols, filler_slot] {
        const T* g = out.grad().data();
        if (x.needs_grad())
          for (std::size_t i = 0; i < indices.size(); ++i)
            add_to(g + indices[i] * cols, cols, x.grad().data() + static_cast<Index>(i) * cols);
        if (!context.trains()) return;
        for (Index r = 0; r < rows; ++r)
          if (!filled[static_cast<std::size_t>(r)]) add_to(g + r * cols, cols, context.grads(filler_slot));
      });
  return out;
}

template <typename T>
Var<T> concat_rows(Context<T>& context, const std::vector<Var<T>>& parts) {
  Index rows = 0;
  for (const Var<T>& part : parts) rows += part.rows();
  const Index cols = parts.front().cols();
  const Var<T> out = context.tape.result(rows, cols, parts);
  Index at = 0;
  for (const Var<T>& part : parts) {
    std::copy_n(part.data(), part.rows() * cols, out.data() + at * cols);
    at += part.rows();
  }
  context.tape.on_backward(out, [parts, out, cols] {
    Index from = 0;
    for (const Var<T>& part : parts) {
      if (part.needs_grad()) add_to(out.grad().data() + from * cols, part.rows() * cols, part.grad().data());
      from += part.rows();
    }
  });
  return out;
}

template <typename T>
Var<T> keep_prefix(Context<T>& context, const Var<T>& x, std::vector<Index> widths) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  for (Index r = 0; r < rows; ++r) {
    const Index width = widths[static_cast<std::size_t>(r)];
    std::copy_n(x.data() + r * cols, width, out.data() + r * cols);
    std::fill_n(out.data() + r * cols + width, cols - width, T(0));
  }
  context.tape.on_backward(out, [x, out, widths = std::move(widths), rows, cols] {
    for (Index r = 0; r < rows; ++r)
      add_to(out.grad().data() + r * cols, widths[static_cast<std::size_t>(r)], x.grad().data() + r * cols);
  });
  return out;
}

template <typename T>
Var<T> group_mean(Context<T>& context, const Var<T>& x, const RowGroups& groups) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(groups.size(), cols, {&x});
  std::fill_n(out.data(), groups.size() * cols, T(0));
  for (Index g = 0; g < groups.size(); ++g) {
    add_columns_to(x.data() + groups.first(g) * cols, groups.count(g), cols, out.data() + g * cols);
    for (Index c = 0; c < cols; ++c) out.data()[g * cols + c] /= static_cast<T>(std::max<Index>(1, groups.count(g)));
  }
  context.count_scalar(x.rows() * cols);
  context.tape.on_backward(out, [x, out, groups, cols] {
    for (Index g = 0; g < groups.size(); ++g) {
      const T share = T(1) / static_cast<T>(std::max<Index>(1, groups.count(g)));
      for (Index r = groups.first(g); r < groups.first(g + 1); ++r)
        for (Index c = 0; c < cols; ++c) x.grad().data()[r * cols + c] += share * out.grad().data()[g * cols + c];
    }
  });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                \
  template Var<T> gather_rows(Context<T>&, const Var<T>&, std::vector<Index>);                \
  template Var<T> scatter_rows(Context<T>&, const Var<T>&, std::vector<Index>, Index, Index); \
  template Var<T> concat_rows(Context<T>&, const std::vector<Var<T>>&);                       \
  template Var<T> keep_prefix(Context<T>&, const Var<T>&, std::vector<Index>);                \
  template Var<T> group_mean(Context<T>&, const Var<T>&, const RowGroups&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
