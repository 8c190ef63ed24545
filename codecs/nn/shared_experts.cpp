#include <semlink/codecs/nn/shared_experts.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <semlink/codecs/nn/accumulate.h>
#include <semlink/codecs/nn/backend.h>

namespace semlink::nn {

template <typename T>
Var<T> softmax_columns(Context<T>& context, const Var<T>& x, const RowGroups& groups) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(x.rows(), cols, {&x});
  std::vector<T> column(static_cast<std::size_t>(cols));
  for (Index g = 0; g < groups.size(); ++g) {
    const Index first = groups.first(g), last = groups.first(g + 1);
    if (first == last) continue;
    std::copy_n(x.data() + first * cols, cols, column.begin());  // largest, then the sum
    for (Index r = first + 1; r < last; ++r)
      for (Index c = 0; c < cols; ++c)
        column[static_cast<std::size_t>(c)] = std::max(column[static_cast<std::size_t>(c)], x.data()[r * cols + c]);
    for (Index r = first; r < last; ++r)
      for (Index c = 0; c < cols; ++c)
        out.data()[r * cols + c] = std::exp(x.data()[r * cols + c] - column[static_cast<std::size_t>(c)]);
    std::fill(column.begin(), column.end(), T(0));
    add_columns_to(out.data() + first * cols, last - first, cols, column.data());
    for (Index r = first; r < last; ++r)
      for (Index c = 0; c < cols; ++c) out.data()[r * cols + c] /= column[static_cast<std::size_t>(c)];
  }
  context.count_scalar(4 * x.rows() * cols);
  context.tape.on_backward(out, [x, out, groups, cols] {
    std::vector<T> mean(static_cast<std::size_t>(cols));
    for (Index g = 0; g < groups.size(); ++g) {
      std::fill(mean.begin(), mean.end(), T(0));
      const Index first = groups.first(g) * cols, last = groups.first(g + 1) * cols;
      for (Index i = first; i < last; ++i)
        mean[static_cast<std::size_t>(i % cols)] += out.data()[i] * out.grad().data()[i];
      for (Index i = first; i < last; ++i)
        x.grad().data()[i] += out.data()[i] * (out.grad().data()[i] - mean[static_cast<std::size_t>(i % cols)]);
    }
  });
  return out;
}

template <typename T>
Var<T> group_gram(Context<T>& context, const Var<T>& a, const Var<T>& b, const RowGroups& groups) {
  const Index m = a.cols(), n = b.cols();
  const Var<T> out = context.tape.result(groups.size() * m, n, {&a, &b});
  for (Index g = 0; g < groups.size(); ++g)
    backend::product(true, false, m, n, groups.count(g), a.data() + groups.first(g) * m, m,
                     b.data() + groups.first(g) * n, n, out.data() + g * m * n, n, nullptr, false, context.precision);
  context.count(a.rows(), m, n);
  context.tape.on_backward(out, [context, a, b, out, groups, m, n] {
    for (Index g = 0; g < groups.size(); ++g) {
      const T* slope = out.grad().data() + g * m * n;
      const Index first = groups.first(g), rows = groups.count(g);
      if (a.needs_grad())
        backend::product(false, true, rows, m, n, b.data() + first * n, n, slope, n, a.grad().data() + first * m, m,
                         nullptr, true, context.precision);
      if (b.needs_grad())
        backend::product(false, false, rows, n, m, a.data() + first * m, m, slope, n, b.grad().data() + first * n, n,
                         nullptr, true, context.precision);
    }
  });
  return out;
}

template <typename T>
Var<T> group_product(Context<T>& context, const Var<T>& a, const Var<T>& b, const RowGroups& groups) {
  const Index k = a.cols(), n = b.cols();
  const Var<T> out = context.tape.result(a.rows(), n, {&a, &b});
  for (Index g = 0; g < groups.size(); ++g)
    backend::product(false, false, groups.count(g), n, k, a.data() + groups.first(g) * k, k, b.data() + g * k * n, n,
                     out.data() + groups.first(g) * n, n, nullptr, false, context.precision);
  context.count(a.rows(), k, n);
  context.tape.on_backward(out, [context, a, b, out, groups, k, n] {
    for (Index g = 0; g < groups.size(); ++g) {
      const Index first = groups.first(g), rows = groups.count(g);
      const T* slope = out.grad().data() + first * n;
      if (a.needs_grad())
        backend::product(false, true, rows, k, n, slope, n, b.data() + g * k * n, n, a.grad().data() + first * k, k,
                         nullptr, true, context.precision);
      if (b.needs_grad())
        backend::product(true, false, k, n, rows, a.data() + first * k, k, slope, n, b.grad().data() + g * k * n, n,
                         nullptr, true, context.precision);
    }
  });
  return out;
}

namespace {

/// Sum of gates[e] times slot e.
template <typename T>
void mean_of_slots(const Context<T>& context, const std::vector<Index>& slots, const T* gates, Index size, T* out) {
  std::fill_n(out, size, T(0));
  for (std::size_t e = 0; e < slots.size(); ++e) {
    const T* values = context.values(slots[e]);
    for (Index i = 0; i < size; ++i) out[i] += gates[e] * values[i];
  }
}

/// Sum of products in sixteen lanes, which the compiler may compute side by side, added up in their order.
template <typename T>
T dot(const T* a, const T* b, Index size) {
  constexpr Index kLanes = 16;
  std::array<T, kLanes> lanes{};
  Index i = 0;
  for (; i + kLanes <= size; i += kLanes)
    for (Index lane = 0; lane < kLanes; ++lane) lanes[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
  for (; i < size; ++i) lanes[0] += a[i] * b[i];
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  return sum;
}

/// Gradient of such a mean: to the slots where they are trained, and to the gates.
template <typename T>
void spread_to_slots(const Context<T>& context, const std::vector<Index>& slots, const T* gates, const T* slope,
                     Index size, T* gate_slopes) {
  for (std::size_t e = 0; e < slots.size(); ++e) {
    if (gate_slopes != nullptr) gate_slopes[e] += dot(slope, context.values(slots[e]), size);
    if (!context.trains()) continue;
    T* grads = context.grads(slots[e]);
    for (Index i = 0; i < size; ++i) grads[i] += gates[e] * slope[i];
  }
}

}  // namespace

template <typename T>
Var<T> merged_linear(Context<T>& context, const Var<T>& x, const Var<T>& gates, const std::vector<Index>& weights,
                     const std::vector<Index>& biases, const RowGroups& groups) {
  const Slot& slot = context.layout.slot(weights.front());
  const Index in = slot.rows, width = slot.cols, num = gates.cols();
  const Var<T> out = context.tape.result(x.rows(), width, {&x, &gates}, context.trains());
  const Var<T> merged = context.tape.constant(groups.size() * in, width);  // of all groups, for the backward rule
  std::vector<T> bias(static_cast<std::size_t>(width));
  for (Index g = 0; g < groups.size(); ++g) {
    T* weight = merged.data() + g * in * width;
    mean_of_slots(context, weights, gates.data() + g * num, in * width, weight);
    mean_of_slots(context, biases, gates.data() + g * num, width, bias.data());
    backend::product(false, false, groups.count(g), width, in, x.data() + groups.first(g) * in, in, weight, width,
                     out.data() + groups.first(g) * width, width, bias.data(), false, context.precision);
  }
  if (context.ledger != nullptr) context.ledger->macs += merged_linear_macs(groups, num, in, width);
  context.tape.on_backward(out, [context, x, gates, merged, out, weights, biases, groups, in, width, num] {
    RowMatrix<T> slope(in, width);
    std::vector<T> bias_slope(static_cast<std::size_t>(width));
    for (Index g = 0; g < groups.size(); ++g) {
      const Index first = groups.first(g), rows = groups.count(g);
      const T* from = out.grad().data() + first * width;
      if (x.needs_grad())
        backend::product(false, true, rows, in, width, from, width, merged.data() + g * in * width, width,
                         x.grad().data() + first * in, in, nullptr, true, context.precision);
      backend::product(true, false, in, width, rows, x.data() + first * in, in, from, width, slope.data(), width,
                       nullptr, false, context.precision);
      std::fill(bias_slope.begin(), bias_slope.end(), T(0));
      add_columns_to(from, rows, width, bias_slope.data());
      T* gate_slopes = gates.needs_grad() ? gates.grad().data() + g * num : nullptr;
      spread_to_slots(context, weights, gates.data() + g * num, slope.data(), in * width, gate_slopes);
      spread_to_slots(context, biases, gates.data() + g * num, bias_slope.data(), width, gate_slopes);
    }
  });
  return out;
}

std::int64_t merged_linear_macs(const RowGroups& groups, Index num_weights, Index in, Index out) {
  return groups.size() * num_weights * in * out + groups.begin.back() * in * out;
}

#define SEMLINK_INSTANTIATE(T)                                                                        \
  template Var<T> softmax_columns(Context<T>&, const Var<T>&, const RowGroups&);                      \
  template Var<T> group_gram(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&);            \
  template Var<T> group_product(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&);         \
  template Var<T> merged_linear(Context<T>&, const Var<T>&, const Var<T>&, const std::vector<Index>&, \
                                const std::vector<Index>&, const RowGroups&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
