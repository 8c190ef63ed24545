#include <semlink/codecs/nn/expert_operations.h>

#include <algorithm>

#include <semlink/codecs/nn/accumulate.h>
#include <semlink/codecs/nn/softmax.h>

namespace semlink::nn {

template <typename T>
Var<T> softmax_rows(Context<T>& context, const Var<T>& x) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  for (Index r = 0; r < rows; ++r) softmax(x.data() + r * cols, cols, out.data() + r * cols);
  context.count_scalar(4 * rows * cols);
  context.tape.on_backward(out, [x, out, rows, cols] {
    for (Index r = 0; r < rows; ++r) {
      const T* p = out.data() + r * cols;
      const T* g = out.grad().data() + r * cols;
      T mean = 0;
      for (Index c = 0; c < cols; ++c) mean += p[c] * g[c];
      for (Index c = 0; c < cols; ++c) x.grad().data()[r * cols + c] += p[c] * (g[c] - mean);
    }
  });
  return out;
}

template <typename T>
Var<T> pick(Context<T>& context, const Var<T>& x, std::vector<Index> entries) {
  const Var<T> out = context.tape.result(static_cast<Index>(entries.size()), 1, {&x});
  for (std::size_t i = 0; i < entries.size(); ++i) out.data()[i] = x.data()[entries[i]];
  context.tape.on_backward(out, [x, out, entries = std::move(entries)] {
    for (std::size_t i = 0; i < entries.size(); ++i) x.grad().data()[entries[i]] += out.grad().data()[i];
  });
  return out;
}

template <typename T>
Var<T> scale_rows(Context<T>& context, const Var<T>& x, const Var<T>& weights) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x, &weights});
  for (Index r = 0; r < rows; ++r) {
    const T weight = weights.data()[r], *from = x.data() + r * cols;
    T* to = out.data() + r * cols;
    for (Index c = 0; c < cols; ++c) to[c] = weight * from[c];
  }
  context.count_scalar(rows * cols);
  context.tape.on_backward(out, [x, weights, out, rows, cols] {
    for (Index r = 0; r < rows; ++r) {
      const T *g = out.grad().data() + r * cols, *from = x.data() + r * cols;
      T product = 0;
      for (Index c = 0; c < cols; ++c) product += g[c] * from[c];
      if (weights.needs_grad()) weights.grad().data()[r] += product;
      if (!x.needs_grad()) continue;
      const T weight = weights.data()[r];
      T* g_x = x.grad().data() + r * cols;
      for (Index c = 0; c < cols; ++c) g_x[c] += weight * g[c];
    }
  });
  return out;
}

template <typename T>
Var<T> add_at_rows(Context<T>& context, const Var<T>& base, const Var<T>& x, std::vector<Index> rows) {
  const Index cols = base.cols();
  const Var<T> out = context.tape.result(base.rows(), cols, {&base, &x});
  std::copy_n(base.data(), base.rows() * cols, out.data());
  for (std::size_t i = 0; i < rows.size(); ++i)
    add_to(x.data() + static_cast<Index>(i) * cols, cols, out.data() + rows[i] * cols);
  context.tape.on_backward(out, [base, x, out, rows = std::move(rows), cols] {
    const T* g = out.grad().data();
    if (base.needs_grad()) add_to(g, base.rows() * cols, base.grad().data());
    if (!x.needs_grad()) return;
    for (std::size_t i = 0; i < rows.size(); ++i)
      add_to(g + rows[i] * cols, cols, x.grad().data() + static_cast<Index>(i) * cols);
  });
  return out;
}

template <typename T>
Var<T> balance_loss(Context<T>& context, const Var<T>& probabilities, const std::vector<double>& load) {
  const Index rows = probabilities.rows(), cols = probabilities.cols();
  const Var<T> out = context.tape.result(1, 1, {&probabilities});
  const double share = static_cast<double>(cols) / static_cast<double>(std::max<Index>(1, rows));
  std::vector<T> weights;
  for (const double one : load) weights.push_back(static_cast<T>(share * one));
  T sum = 0;
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) sum += weights[static_cast<std::size_t>(c)] * probabilities.data()[r * cols + c];
  out.data()[0] = sum;
  context.tape.on_backward(out, [probabilities, out, weights = std::move(weights), rows, cols] {
    const T g = out.grad().data()[0];
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c)
        probabilities.grad().data()[r * cols + c] += g * weights[static_cast<std::size_t>(c)];
  });
  return out;
}

template <typename T>
Var<T> router_z_loss(Context<T>& context, const Var<T>& x) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(1, 1, {&x});
  const T share = T(1) / static_cast<T>(std::max<Index>(1, rows));
  RowMatrix<T> slopes(rows, cols);  // d out / d x
  T sum = 0;
  for (Index r = 0; r < rows; ++r) {
    const T log_sum = softmax(x.data() + r * cols, cols, slopes.data() + r * cols);
    slopes.row(r) *= 2 * log_sum * share;
    sum += log_sum * log_sum * share;
  }
  out.data()[0] = sum;
  context.tape.on_backward(out, [x, out, slopes = std::move(slopes)] { x.grad() += out.grad().data()[0] * slopes; });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                \
  template Var<T> softmax_rows(Context<T>&, const Var<T>&);                                   \
  template Var<T> pick(Context<T>&, const Var<T>&, std::vector<Index>);                       \
  template Var<T> scale_rows(Context<T>&, const Var<T>&, const Var<T>&);                      \
  template Var<T> add_at_rows(Context<T>&, const Var<T>&, const Var<T>&, std::vector<Index>); \
  template Var<T> balance_loss(Context<T>&, const Var<T>&, const std::vector<double>&);       \
  template Var<T> router_z_loss(Context<T>&, const Var<T>&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
