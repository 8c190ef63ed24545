#include <semlink/codecs/nn/samplers/top_k.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/noise.h>
#include <semlink/codecs/nn/samplers/sampler.h>

namespace semlink::nn {

template <typename T>
std::vector<Index> largest(const T* x, Index size, Index count) {
  std::vector<Index> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [x](Index a, Index b) { return x[a] > x[b]; });
  order.resize(static_cast<std::size_t>(std::min(size, count)));
  std::sort(order.begin(), order.end());
  return order;
}

namespace {

template <typename T>
RowMatrix<T> indicator(const RowMatrix<T>& x, Index count) {
  RowMatrix<T> out = RowMatrix<T>::Zero(x.rows(), x.cols());
  for (Index r = 0; r < x.rows(); ++r)
    for (const Index c : largest(x.data() + r * x.cols(), x.cols(), count)) out(r, c) = T(1);
  return out;
}

/// The smallest share of a row that successive softmaxes leave to an entry.
constexpr double kLeastLeft = 1e-6;

/// Sum of `count` softmaxes of x / temperature, each on what those before left: x <- x + ln(1 - p). [rows, cols], rows
/// sum to `count`. Plötz and Roth 2018, eqs. 8-10.
template <typename T>
Var<T> successive_softmax(Context<T>& context, const Var<T>& x, T temperature, Index count) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  std::vector<RowMatrix<T>> shares;  // by step
  RowMatrix<T> level = x.value();
  out.value().setZero();
  for (Index k = 0; k < count; ++k) {
    RowMatrix<T> p(rows, cols);
    for (Index r = 0; r < rows; ++r) {
      const T top = *std::max_element(level.data() + r * cols, level.data() + (r + 1) * cols);
      T sum = 0;
      for (Index c = 0; c < cols; ++c) sum += p(r, c) = std::exp((level(r, c) - top) / temperature);
      for (Index c = 0; c < cols; ++c) p(r, c) /= sum;
    }
    for (Index i = 0; i < p.size(); ++i) {
      out.data()[i] += p.data()[i];
      level.data()[i] += std::log(std::max(static_cast<T>(kLeastLeft), T(1) - p.data()[i]));
    }
    shares.push_back(std::move(p));
  }
  context.tape.on_backward(out, [x, out, shares = std::move(shares), temperature, rows, cols] {
    RowMatrix<T> g_level = RowMatrix<T>::Zero(rows, cols);
    const T* g_out = out.grad().data();
    for (auto p = shares.rbegin(); p != shares.rend(); ++p)
      for (Index r = 0; r < rows; ++r) {
        std::vector<T> g_p(static_cast<std::size_t>(cols));
        T mean = 0;
        for (Index c = 0; c < cols; ++c) {
          const T left = T(1) - (*p)(r, c);
          T& g = g_p[static_cast<std::size_t>(c)] = g_out[r * cols + c];
          if (left > static_cast<T>(kLeastLeft)) g -= g_level(r, c) / left;
          mean += (*p)(r, c) * g;
        }
        for (Index c = 0; c < cols; ++c)
          g_level(r, c) += (*p)(r, c) * (g_p[static_cast<std::size_t>(c)] - mean) / temperature;
      }
    x.grad() += g_level;
  });
  return out;
}

}  // namespace

/// The largest, no noise and no gradient: who draws weighs what was taken by its score.
template <typename T>
Decision<T> draw_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> value = input<T>(context, indicator<T>(logits.value(), query.count));
  return {value, sigmoid(context, logits), {}};
}

template <typename T>
Decision<T> draw_relaxed_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> noisy = add_noise(context, logits, query.stream, gumbel);
  const Index count = std::min(query.count, logits.cols());
  const Var<T> value = successive_softmax(context, noisy, static_cast<T>(query.temperature), count);
  return {value, value, {}};
}

/// Kool et al. 2019: the largest after Gumbel noise are a draw without replacement; the gradient is that of the
/// relaxation at the same noise (Xie and Ermon 2019).
template <typename T>
Decision<T> draw_gumbel_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  const Var<T> noisy = add_noise(context, logits, query.stream, gumbel);
  const Index count = std::min(query.count, logits.cols());
  const Var<T> soft = successive_softmax(context, noisy, static_cast<T>(query.temperature), count);
  const Var<T> value = straight_through(context, indicator<T>(noisy.value(), count), soft);
  return {value, value, {}};
}

/// Berthet et al. 2020: the mean of the largest over normal noises z of deviation s = temperature, whose gradient is
/// the mean of (g . indicator) z / s. Rows sum to `count` exactly.
template <typename T>
Decision<T> draw_perturbed_top_k(Context<T>& context, const Var<T>& logits, const SampleQuery& query) {
  constexpr Index kDraws = 64;
  if (query.stream == nullptr) return draw_top_k(context, logits, query);
  const Index count = std::min(query.count, logits.cols());
  const Var<T> value = context.tape.result(logits.rows(), logits.cols(), {&logits});
  std::vector<RowMatrix<T>> noises, chosen;
  RowMatrix<T> sum = RowMatrix<T>::Zero(logits.rows(), logits.cols());
  for (Index draw = 0; draw < kDraws; ++draw) {
    RowMatrix<T> noise(logits.rows(), logits.cols());
    for (Index i = 0; i < noise.size(); ++i) noise.data()[i] = static_cast<T>(query.stream->normal());
    chosen.push_back(indicator<T>(logits.value() + static_cast<T>(query.temperature) * noise, count));
    sum += chosen.back();
    noises.push_back(std::move(noise));
  }
  value.value() = sum / static_cast<T>(kDraws);
  const T scale = static_cast<T>(1 / (query.temperature * static_cast<double>(kDraws)));
  context.tape.on_backward(value, [logits, value, noises = std::move(noises), chosen = std::move(chosen), scale] {
    const Index cols = logits.cols();
    const T* g = value.grad().data();
    T* to = logits.grad().data();
    for (std::size_t draw = 0; draw < noises.size(); ++draw)
      for (Index r = 0; r < logits.rows(); ++r) {
        T product = 0;
        for (Index c = 0; c < cols; ++c) product += g[r * cols + c] * chosen[draw](r, c);
        for (Index c = 0; c < cols; ++c) to[r * cols + c] += scale * product * noises[draw](r, c);
      }
  });
  return {value, value, {}};
}

#define SEMLINK_INSTANTIATE(T)                                                             \
  template std::vector<Index> largest(const T*, Index, Index);                             \
  template Decision<T> draw_top_k(Context<T>&, const Var<T>&, const SampleQuery&);         \
  template Decision<T> draw_relaxed_top_k(Context<T>&, const Var<T>&, const SampleQuery&); \
  template Decision<T> draw_gumbel_top_k(Context<T>&, const Var<T>&, const SampleQuery&);  \
  template Decision<T> draw_perturbed_top_k(Context<T>&, const Var<T>&, const SampleQuery&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
