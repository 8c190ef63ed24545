#include <semlink/codecs/nn/class_operations.h>

#include <cmath>

#include <semlink/codecs/nn/softmax.h>

namespace semlink::nn {

template <typename T>
Var<T> cross_entropy(Context<T>& context, const Var<T>& logits, const RowMatrix<T>& targets,
                     const std::vector<T>& weights) {
  const Index rows = logits.rows(), cols = logits.cols();
  const Var<T> out = context.tape.result(1, 1, {&logits});
  RowMatrix<T> slopes(rows, cols);  // d out / d logits
  T sum = 0;
  for (Index r = 0; r < rows; ++r) {
    const T weight = weights[static_cast<std::size_t>(r)];
    const T* x = logits.data() + r * cols;
    const T log_sum = softmax(x, cols, slopes.data() + r * cols);
    T mean = 0;
    for (Index c = 0; c < cols; ++c) mean += targets(r, c) * x[c];
    sum += weight * (log_sum - mean);
    for (Index c = 0; c < cols; ++c) slopes(r, c) = weight * (slopes(r, c) - targets(r, c));
  }
  out.data()[0] = sum;
  context.count_scalar(6 * rows * cols);
  context.tape.on_backward(
      out, [logits, out, slopes = std::move(slopes)] { logits.grad() += out.grad().data()[0] * slopes; });
  return out;
}

template <typename T>
Var<T> softmax_pool(Context<T>& context, const Var<T>& x, const Var<T>& scores, const RowGroups& groups) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(groups.size(), cols, {&x, &scores});
  std::vector<T> weights(static_cast<std::size_t>(x.rows()));
  std::fill_n(out.data(), groups.size() * cols, T(0));
  for (Index g = 0; g < groups.size(); ++g) {
    const Index first = groups.first(g);
    softmax(scores.data() + first, groups.count(g), weights.data() + first);
    for (Index r = first; r < groups.first(g + 1); ++r)
      for (Index c = 0; c < cols; ++c)
        out.data()[g * cols + c] += weights[static_cast<std::size_t>(r)] * x.data()[r * cols + c];
  }
  context.count(1, x.rows(), cols);
  context.count_scalar(4 * x.rows());
  context.tape.on_backward(out, [x, scores, out, groups, cols, weights = std::move(weights)] {
    for (Index g = 0; g < groups.size(); ++g) {
      const T* slope = out.grad().data() + g * cols;
      T mean = 0;  // of the slope along the pooled row
      for (Index c = 0; c < cols; ++c) mean += slope[c] * out.data()[g * cols + c];
      for (Index r = groups.first(g); r < groups.first(g + 1); ++r) {
        const T weight = weights[static_cast<std::size_t>(r)];
        T along = 0;
        for (Index c = 0; c < cols; ++c) along += slope[c] * x.data()[r * cols + c];
        if (scores.needs_grad()) scores.grad().data()[r] += weight * (along - mean);
        if (x.needs_grad())
          for (Index c = 0; c < cols; ++c) x.grad().data()[r * cols + c] += weight * slope[c];
      }
    }
  });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                           \
  template Var<T> cross_entropy(Context<T>&, const Var<T>&, const RowMatrix<T>&, const std::vector<T>&); \
  template Var<T> softmax_pool(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
