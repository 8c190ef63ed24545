#include <semlink/codecs/nn/average_rows.h>

#include <algorithm>

namespace semlink::nn {

template <typename T>
Var<T> average_rows(Context<T>& context, const Var<T>& x, std::vector<RowMixture> mixtures) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(static_cast<Index>(mixtures.size()), cols, {&x});
  for (std::size_t i = 0; i < mixtures.size(); ++i) {
    const RowMixture& mixture = mixtures[i];
    T* to = out.data() + static_cast<Index>(i) * cols;
    if (mixture.rows.size() == 1 && mixture.weights.front() == 1) {
      std::copy_n(x.data() + mixture.rows.front() * cols, cols, to);
      continue;
    }
    std::fill_n(to, cols, T(0));
    for (std::size_t m = 0; m < mixture.rows.size(); ++m) {
      const T weight = static_cast<T>(mixture.weights[m]);
      const T* from = x.data() + mixture.rows[m] * cols;
      for (Index c = 0; c < cols; ++c) to[c] += weight * from[c];
    }
    context.count(1, static_cast<Index>(mixture.rows.size()), cols);
  }
  context.tape.on_backward(out, [x, out, mixtures = std::move(mixtures), cols] {
    for (std::size_t i = 0; i < mixtures.size(); ++i) {
      const T* g = out.grad().data() + static_cast<Index>(i) * cols;
      for (std::size_t m = 0; m < mixtures[i].rows.size(); ++m) {
        const T weight = static_cast<T>(mixtures[i].weights[m]);
        T* g_x = x.grad().data() + mixtures[i].rows[m] * cols;
        for (Index c = 0; c < cols; ++c) g_x[c] += weight * g[c];
      }
    }
  });
  return out;
}

template Var<float> average_rows(Context<float>&, const Var<float>&, std::vector<RowMixture>);
template Var<double> average_rows(Context<double>&, const Var<double>&, std::vector<RowMixture>);

}  // namespace semlink::nn
