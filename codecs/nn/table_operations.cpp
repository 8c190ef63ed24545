#include <semlink/codecs/nn/table_operations.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/accumulate.h>

namespace semlink::nn {

template <typename T>
Var<T> table_rows(Context<T>& context, Index slot, std::vector<Index> indices) {
  const Index cols = context.layout.slot(slot).cols;
  const Var<T> out = context.tape.result(static_cast<Index>(indices.size()), cols, {}, context.trains());
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::copy_n(context.values(slot) + indices[i] * cols, cols, out.data() + static_cast<Index>(i) * cols);
  context.tape.on_backward(out, [context, out, slot, indices = std::move(indices), cols] {
    for (std::size_t i = 0; i < indices.size(); ++i)
      add_to(out.grad().data() + static_cast<Index>(i) * cols, cols, context.grads(slot) + indices[i] * cols);
  });
  return out;
}

template <typename T>
Var<T> reshaped(Context<T>& context, const Var<T>& x, Index cols) {
  const Index size = x.rows() * x.cols();
  eigen_assert(size % cols == 0);
  const Var<T> out = context.tape.result(size / cols, cols, {&x});
  std::copy_n(x.data(), size, out.data());
  context.tape.on_backward(out, [x, out, size] { add_to(out.grad().data(), size, x.grad().data()); });
  return out;
}

template <typename T>
Var<T> permuted_columns(Context<T>& context, const Var<T>& x, std::vector<Index> from) {
  const Index rows = x.rows(), cols = x.cols();
  eigen_assert(static_cast<Index>(from.size()) == cols);
  const Var<T> out = context.tape.result(rows, cols, {&x});
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) out.data()[r * cols + c] = x.data()[r * cols + from[static_cast<std::size_t>(c)]];
  context.tape.on_backward(out, [x, out, from = std::move(from), rows, cols] {
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c)
        x.grad().data()[r * cols + from[static_cast<std::size_t>(c)]] += out.grad().data()[r * cols + c];
  });
  return out;
}

template <typename T>
Var<T> placed_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices, Index rows) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  std::fill_n(out.data(), rows * cols, T(0));
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::copy_n(x.data() + static_cast<Index>(i) * cols, cols, out.data() + indices[i] * cols);
  context.tape.on_backward(out, [x, out, indices = std::move(indices), cols] {
    for (std::size_t i = 0; i < indices.size(); ++i)
      add_to(out.grad().data() + indices[i] * cols, cols, x.grad().data() + static_cast<Index>(i) * cols);
  });
  return out;
}

template <typename T>
Var<T> softmax_open(Context<T>& context, const Var<T>& x, std::vector<std::uint8_t> open) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  for (Index r = 0; r < rows; ++r) {
    const T* from = x.data() + r * cols;
    const std::uint8_t* is_open = open.data() + r * cols;
    T* to = out.data() + r * cols;
    T largest = 0, sum = 0;
    bool any = false;
    for (Index c = 0; c < cols; ++c)
      if (is_open[c] != 0) {
        largest = any ? std::max(largest, from[c]) : from[c];
        any = true;
      }
    for (Index c = 0; c < cols; ++c) sum += to[c] = is_open[c] != 0 ? std::exp(from[c] - largest) : T(0);
    for (Index c = 0; c < cols; ++c) to[c] /= sum;
  }
  context.count_scalar(4 * rows * cols);
  context.tape.on_backward(out, [x, out, rows, cols] {
    for (Index r = 0; r < rows; ++r) {
      const T *p = out.data() + r * cols, *g = out.grad().data() + r * cols;
      T mean = 0;
      for (Index c = 0; c < cols; ++c) mean += p[c] * g[c];
      for (Index c = 0; c < cols; ++c) x.grad().data()[r * cols + c] += p[c] * (g[c] - mean);
    }
  });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                        \
  template Var<T> table_rows(Context<T>&, Index, std::vector<Index>);                 \
  template Var<T> reshaped(Context<T>&, const Var<T>&, Index);                        \
  template Var<T> permuted_columns(Context<T>&, const Var<T>&, std::vector<Index>);   \
  template Var<T> placed_rows(Context<T>&, const Var<T>&, std::vector<Index>, Index); \
  template Var<T> softmax_open(Context<T>&, const Var<T>&, std::vector<std::uint8_t>);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
