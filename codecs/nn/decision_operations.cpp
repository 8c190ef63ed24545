#include <semlink/codecs/nn/decision_operations.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/accumulate.h>

namespace semlink::nn {

template <typename T>
Var<T> sigmoid(Context<T>& context, const Var<T>& x) {
  const Index size = x.rows() * x.cols();
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  for (Index i = 0; i < size; ++i) out.data()[i] = T(1) / (T(1) + std::exp(-x.data()[i]));
  context.count_scalar(size);
  context.tape.on_backward(out, [x, out, size] {
    for (Index i = 0; i < size; ++i) {
      const T p = out.data()[i];
      x.grad().data()[i] += out.grad().data()[i] * p * (T(1) - p);
    }
  });
  return out;
}

template <typename T>
Var<T> multiply(Context<T>& context, const Var<T>& a, const Var<T>& b) {
  const Var<T> out = context.tape.result(a.rows(), a.cols(), {&a, &b});
  out.value() = a.value().cwiseProduct(b.value());
  context.count_scalar(a.rows() * a.cols());
  context.tape.on_backward(out, [a, b, out] {
    if (a.needs_grad()) a.grad() += out.grad().cwiseProduct(b.value());
    if (b.needs_grad()) b.grad() += out.grad().cwiseProduct(a.value());
  });
  return out;
}

template <typename T>
Var<T> weighted_sum(Context<T>& context, const Var<T>& x, std::vector<T> weights) {
  const Var<T> out = context.tape.result(1, 1, {&x});
  T sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * x.data()[i];
  out.data()[0] = sum;
  context.tape.on_backward(out, [x, out, weights = std::move(weights)] {
    const T g = out.grad().data()[0];
    for (std::size_t i = 0; i < weights.size(); ++i) x.grad().data()[i] += g * weights[i];
  });
  return out;
}

template <typename T>
Var<T> bernoulli_entropy(Context<T>& context, const Var<T>& logits) {
  const Index size = logits.rows() * logits.cols();
  const Var<T> out = context.tape.result(logits.rows(), logits.cols(), {&logits});
  const auto probability = [](T x) { return T(1) / (T(1) + std::exp(-x)); };
  for (Index i = 0; i < size; ++i) {
    // ln(1 + e^x) - x p, even in x
    const T x = std::abs(logits.data()[i]);
    out.data()[i] = x + std::log1p(std::exp(-x)) - x * probability(x);
  }
  context.tape.on_backward(out, [logits, out, size, probability] {
    for (Index i = 0; i < size; ++i) {
      const T x = logits.data()[i], p = probability(x);
      logits.grad().data()[i] -= out.grad().data()[i] * x * p * (T(1) - p);
    }
  });
  return out;
}

template <typename T>
Var<T> divergence_term(Context<T>& context, const Var<T>& p, double q) {
  const Index rows = p.rows();
  const Var<T> out = context.tape.result(1, 1, {&p});
  const T share = T(1) / static_cast<T>(std::max<Index>(1, rows));
  const auto log_ratio = [q](T x) { return std::log(x / static_cast<T>(q)); };
  T sum = 0;
  for (Index r = 0; r < rows; ++r)
    if (p.data()[r] > T(0)) sum += p.data()[r] * log_ratio(p.data()[r]);
  out.data()[0] = share * sum;
  context.tape.on_backward(out, [p, out, rows, share, log_ratio] {
    const T g = share * out.grad().data()[0];
    for (Index r = 0; r < rows; ++r)
      if (p.data()[r] > T(0)) p.grad().data()[r] += g * (log_ratio(p.data()[r]) + T(1));
  });
  return out;
}

template <typename T>
Var<T> reshaped(Context<T>& context, const Var<T>& x, Index rows, Index cols) {
  const Var<T> out = context.tape.result(rows, cols, {&x});
  std::copy_n(x.data(), rows * cols, out.data());
  context.tape.on_backward(out, [x, out, rows, cols] { add_to(out.grad().data(), rows * cols, x.grad().data()); });
  return out;
}

template <typename T>
Var<T> scale_gradient(Context<T>& context, const Var<T>& x, T factor) {
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  out.value() = x.value();
  context.tape.on_backward(out, [x, out, factor] { x.grad() += factor * out.grad(); });
  return out;
}

template <typename T>
Var<T> straight_through(Context<T>& context, const RowMatrix<T>& hard, const Var<T>& soft) {
  const Var<T> out = context.tape.result(soft.rows(), soft.cols(), {&soft});
  out.value() = hard;
  context.tape.on_backward(out, [soft, out] { soft.grad() += out.grad(); });
  return out;
}

template <typename T>
Var<T> blend_rows(Context<T>& context, const Var<T>& x, const Var<T>& y, const Var<T>& weights,
                  std::vector<Index> rows) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(x.rows(), cols, {&x, &y, &weights});
  std::copy_n(x.data(), x.rows() * cols, out.data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const T w = weights.data()[i];
    const T* from = y.data() + static_cast<Index>(i) * cols;
    T* to = out.data() + rows[i] * cols;
    for (Index c = 0; c < cols; ++c) to[c] = w == T(1) ? from[c] : to[c] + w * (from[c] - to[c]);
  }
  context.count_scalar(2 * static_cast<Index>(rows.size()) * cols);
  context.tape.on_backward(out, [x, y, weights, out, rows = std::move(rows), cols] {
    T* g_x = x.needs_grad() ? x.grad().data() : nullptr;
    T* g_y = y.needs_grad() ? y.grad().data() : nullptr;
    if (g_x != nullptr) add_to(out.grad().data(), x.rows() * cols, g_x);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const T w = weights.data()[i];
      const T* g = out.grad().data() + rows[i] * cols;
      const T* before = x.data() + rows[i] * cols;
      const T* from = y.data() + static_cast<Index>(i) * cols;
      T change = 0;
      for (Index c = 0; c < cols; ++c) change += g[c] * (from[c] - before[c]);
      if (weights.needs_grad()) weights.grad().data()[i] += change;
      for (Index c = 0; c < cols; ++c) {
        if (g_x != nullptr) g_x[rows[i] * cols + c] -= w * g[c];
        if (g_y != nullptr) g_y[static_cast<Index>(i) * cols + c] += w * g[c];
      }
    }
  });
  return out;
}

template <typename T>
Var<T> branch(Context<T>& context, const Var<T>& gate, const Var<T>& y, const Var<T>& next) {
  const Index rows = y.rows(), cols = y.cols();
  const Var<T> out = context.tape.result(rows, cols, {&gate, &y, &next});
  for (Index r = 0; r < rows; ++r) {
    const T weight = gate.data()[r], *here = y.data() + r * cols, *later = next.data() + r * cols;
    T* to = out.data() + r * cols;
    for (Index c = 0; c < cols; ++c) to[c] = later[c] + weight * (here[c] - later[c]);
  }
  context.count_scalar(2 * rows * cols);
  context.tape.on_backward(out, [gate, y, next, out, rows, cols] {
    T* g_y = y.needs_grad() ? y.grad().data() : nullptr;
    T* g_next = next.needs_grad() ? next.grad().data() : nullptr;
    const T* g_out = out.grad().data();
    for (Index r = 0; r < rows; ++r) {
      const T w = gate.data()[r];
      T difference = 0;
      for (Index i = r * cols; i < (r + 1) * cols; ++i) {
        difference += g_out[i] * (y.data()[i] - next.data()[i]);
        if (g_y != nullptr) g_y[i] += w * g_out[i];
        if (g_next != nullptr) g_next[i] += (T(1) - w) * g_out[i];
      }
      if (gate.needs_grad()) gate.grad().data()[r] += difference;
    }
  });
  return out;
}

template <typename T>
Var<T> thermometer(Context<T>& context, const Var<T>& x) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x});
  for (Index r = 0; r < rows; ++r) {
    T sum = 0;
    for (Index c = cols; c-- > 0;) out.data()[r * cols + c] = sum += x.data()[r * cols + c];
  }
  context.tape.on_backward(out, [x, out, rows, cols] {
    for (Index r = 0; r < rows; ++r) {
      T sum = 0;
      for (Index c = 0; c < cols; ++c) x.grad().data()[r * cols + c] += sum += out.grad().data()[r * cols + c];
    }
  });
  return out;
}

template <typename T>
Var<T> expected_error(Context<T>& context, const Var<T>& x, std::span<const T> target, const Var<T>& weights) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(1, 1, {&x, &weights});
  RowMatrix<T> difference(rows, cols);
  std::vector<T> errors(static_cast<std::size_t>(rows));
  double sum = 0;
  for (Index r = 0; r < rows; ++r) {
    T error = 0;
    for (Index c = 0; c < cols; ++c) {
      const T d = difference(r, c) = x.data()[r * cols + c] - target[static_cast<std::size_t>(r * cols + c)];
      error += d * d;
    }
    errors[static_cast<std::size_t>(r)] = error;
    sum += static_cast<double>(weights.data()[r]) * static_cast<double>(error);
  }
  out.data()[0] = static_cast<T>(sum);
  context.tape.on_backward(out, [x, weights, out, difference = std::move(difference), errors = std::move(errors)] {
    const T g = out.grad().data()[0];
    for (Index r = 0; r < x.rows(); ++r) {
      if (weights.needs_grad()) weights.grad().data()[r] += g * errors[static_cast<std::size_t>(r)];
      if (x.needs_grad())
        for (Index c = 0; c < x.cols(); ++c)
          x.grad().data()[r * x.cols() + c] += g * 2 * weights.data()[r] * difference(r, c);
    }
  });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                              \
  template Var<T> sigmoid(Context<T>&, const Var<T>&);                                                      \
  template Var<T> multiply(Context<T>&, const Var<T>&, const Var<T>&);                                      \
  template Var<T> weighted_sum(Context<T>&, const Var<T>&, std::vector<T>);                                 \
  template Var<T> bernoulli_entropy(Context<T>&, const Var<T>&);                                            \
  template Var<T> divergence_term(Context<T>&, const Var<T>&, double);                                      \
  template Var<T> reshaped(Context<T>&, const Var<T>&, Index, Index);                                       \
  template Var<T> scale_gradient(Context<T>&, const Var<T>&, T);                                            \
  template Var<T> straight_through(Context<T>&, const RowMatrix<T>&, const Var<T>&);                        \
  template Var<T> blend_rows(Context<T>&, const Var<T>&, const Var<T>&, const Var<T>&, std::vector<Index>); \
  template Var<T> branch(Context<T>&, const Var<T>&, const Var<T>&, const Var<T>&);                         \
  template Var<T> thermometer(Context<T>&, const Var<T>&);                                                  \
  template Var<T> expected_error(Context<T>&, const Var<T>&, std::span<const T>, const Var<T>&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
