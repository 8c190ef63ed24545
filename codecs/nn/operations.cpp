#include <semlink/codecs/nn/operations.h>

#include <algorithm>
#include <type_traits>

#include <semlink/codecs/nn/accumulate.h>
#include <semlink/codecs/nn/backend.h>

namespace semlink::nn {

namespace {

constexpr double kNormEpsilon = 1e-5;

/// out [rows, slot.cols] (+)= x [rows, slot.rows] W (+ bias), W packed or as it lies.
template <typename T>
void multiply(const Context<T>& context, Index rows, const T* x, Index weight, T* out, const T* bias, bool accumulate) {
  const Slot& slot = context.layout.slot(weight);
  if constexpr (std::is_same_v<T, float>) {
    const kernels::PackedMatrix* packed = context.packed != nullptr ? context.packed->find(weight) : nullptr;
    if (packed != nullptr && context.precision == kernels::Precision::f32)
      return kernels::product(rows, x, slot.rows, *packed, out, slot.cols, bias, accumulate);
  }
  backend::product(false, false, rows, slot.cols, slot.rows, x, slot.rows, context.values(weight), slot.cols, out,
                   slot.cols, bias, accumulate, context.precision);
}

/// Given g [rows, slot.cols] at the product: adds to the gradients of x (unless `g_x` is null), W and bias.
template <typename T>
void multiply_backward(const Context<T>& context, Index rows, const T* x, Index weight, Index bias, const T* g,
                       T* g_x) {
  const Slot& slot = context.layout.slot(weight);
  if (g_x != nullptr)
    backend::product(false, true, rows, slot.rows, slot.cols, g, slot.cols, context.values(weight), slot.cols, g_x,
                     slot.rows, nullptr, true, context.precision);
  if (!context.trains()) return;
  backend::product(true, false, slot.rows, slot.cols, rows, x, slot.rows, g, slot.cols, context.grads(weight),
                   slot.cols, nullptr, true, context.precision);
  if (bias >= 0) add_columns_to(g, rows, slot.cols, context.grads(bias));
}

}  // namespace

template <typename T>
Var<T> linear(Context<T>& context, const Var<T>& x, Index weight, Index bias, const Var<T>* residual) {
  const Slot& slot = context.layout.slot(weight);
  const Index rows = x.rows(), in = slot.rows, out_dim = slot.cols;
  eigen_assert(x.cols() == in);
  const Var<T> skip = residual != nullptr ? *residual : Var<T>();
  const Var<T> out = residual != nullptr ? context.tape.result(rows, out_dim, {&x, &skip}, context.trains())
                                         : context.tape.result(rows, out_dim, {&x}, context.trains());
  if (residual != nullptr) std::copy_n(skip.data(), rows * out_dim, out.data());
  multiply(context, rows, x.data(), weight, out.data(), bias >= 0 ? context.values(bias) : nullptr,
           residual != nullptr);
  context.count(rows, in, out_dim);
  context.tape.on_backward(out, [context, x, skip, out, weight, bias, rows, out_dim] {
    const T* g = out.grad().data();
    if (!skip.empty() && skip.needs_grad()) add_to(g, rows * out_dim, skip.grad().data());
    multiply_backward(context, rows, x.data(), weight, bias, g, x.needs_grad() ? x.grad().data() : nullptr);
  });
  return out;
}

template <typename T>
Var<T> grouped_linear(Context<T>& context, const Var<T>& x, const RowGroups& groups, std::span<const Index> weights,
                      std::span<const Index> biases) {
  const Index in = x.cols(), out_dim = context.layout.slot(weights.front()).cols;
  const Var<T> out = context.tape.result(x.rows(), out_dim, {&x}, context.trains());
  for (Index g = 0; g < groups.size(); ++g) {
    const auto at = static_cast<std::size_t>(g);
    multiply(context, groups.count(g), x.data() + groups.first(g) * in, weights[at],
             out.data() + groups.first(g) * out_dim, context.values(biases[at]), false);
  }
  context.count(x.rows(), in, out_dim);
  context.tape.on_backward(out, [context, x, out, groups, weights, biases, in, out_dim] {
    for (Index g = 0; g < groups.size(); ++g) {
      const auto at = static_cast<std::size_t>(g);
      if (groups.count(g) == 0) continue;
      multiply_backward(context, groups.count(g), x.data() + groups.first(g) * in, weights[at], biases[at],
                        out.grad().data() + groups.first(g) * out_dim,
                        x.needs_grad() ? x.grad().data() + groups.first(g) * in : nullptr);
    }
  });
  return out;
}

template <typename T>
Var<T> gelu(Context<T>& context, const Var<T>& x) {
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  const Index size = x.rows() * x.cols();
  backend::gelu(x.data(), out.data(), size);
  context.count_scalar(size);
  context.tape.on_backward(
      out, [x, out, size] { backend::gelu_backward(x.data(), out.grad().data(), x.grad().data(), size); });
  return out;
}

template <typename T>
Var<T> prelu(Context<T>& context, const Var<T>& x, Index slope) {
  const Index size = x.rows() * x.cols();
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x}, context.trains());
  backend::prelu(x.data(), *context.values(slope), out.data(), size);
  context.count_scalar(size);
  context.tape.on_backward(out, [context, x, out, slope, size] {
    const T g_slope =
        backend::prelu_backward(x.data(), out.grad().data(), *context.values(slope), x.grad().data(), size);
    if (context.trains()) *context.grads(slope) += g_slope;
  });
  return out;
}

template <typename T>
Var<T> add(Context<T>& context, const Var<T>& a, const Var<T>& b) {
  eigen_assert(a.rows() == b.rows() && a.cols() == b.cols());
  const Var<T> out = context.tape.result(a.rows(), a.cols(), {&a, &b});
  out.value() = a.value() + b.value();
  context.count_scalar(a.rows() * a.cols());
  context.tape.on_backward(out, [a, b, out] {
    if (a.needs_grad()) a.grad() += out.grad();
    if (b.needs_grad()) b.grad() += out.grad();
  });
  return out;
}

template <typename T>
Var<T> add_parameter_row(Context<T>& context, const Var<T>& x, Index slot) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x}, context.trains());
  out.value() = x.value().rowwise() + Eigen::Map<const Eigen::Matrix<T, 1, Eigen::Dynamic>>(context.values(slot), cols);
  context.count_scalar(rows * cols);
  context.tape.on_backward(out, [context, x, out, slot, rows, cols] {
    if (x.needs_grad()) x.grad() += out.grad();
    if (context.trains()) add_columns_to(out.grad().data(), rows, cols, context.grads(slot));
  });
  return out;
}

template <typename T>
Var<T> modulated_norm(Context<T>& context, const Var<T>& x, const Var<T>& film, Index scale_col, Index shift_col,
                      const RowGroups& groups) {
  const Index rows = x.rows(), cols = x.cols(), stride = film.cols();
  const Var<T> normal = context.tape.constant(rows, cols);
  const Var<T> rstd = context.tape.constant(rows, 1);
  const Var<T> out = context.tape.result(rows, cols, {&x, &film});
  backend::normalize_rows(x.data(), rows, cols, static_cast<T>(kNormEpsilon), normal.data(), rstd.data());
  for (Index g = 0; g < groups.size(); ++g) {
    const T* scale = film.data() + g * stride + scale_col;
    const T* shift = film.data() + g * stride + shift_col;
    for (Index r = groups.first(g); r < groups.first(g + 1); ++r) {
      const T* in = normal.data() + r * cols;
      T* to = out.data() + r * cols;
      for (Index c = 0; c < cols; ++c) to[c] = in[c] * (T(1) + scale[c]) + shift[c];
    }
  }
  context.count_scalar(4 * rows * cols);
  context.tape.on_backward(
      out, [context, x, film, normal, rstd, out, scale_col, shift_col, groups, rows, cols, stride] {
        const Var<T> g_normal = context.tape.constant(rows, cols);
        for (Index g = 0; g < groups.size(); ++g) {
          const T* scale = film.data() + g * stride + scale_col;
          T* g_scale = film.needs_grad() ? film.grad().data() + g * stride + scale_col : nullptr;
          T* g_shift = film.needs_grad() ? film.grad().data() + g * stride + shift_col : nullptr;
          for (Index r = groups.first(g); r < groups.first(g + 1); ++r) {
            const T* in = normal.data() + r * cols;
            const T* g_out = out.grad().data() + r * cols;
            T* to = g_normal.data() + r * cols;
            for (Index c = 0; c < cols; ++c) to[c] = g_out[c] * (T(1) + scale[c]);
            if (g_scale == nullptr) continue;
            for (Index c = 0; c < cols; ++c) {
              g_scale[c] += g_out[c] * in[c];
              g_shift[c] += g_out[c];
            }
          }
        }
        if (x.needs_grad())
          backend::normalize_rows_backward(normal.data(), rstd.data(), g_normal.data(), rows, cols, x.grad().data());
      });
  return out;
}

template <typename T>
Var<T> scale_groups(Context<T>& context, const Var<T>& x, const Var<T>& film, const RowGroups& groups) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(rows, cols, {&x, &film});
  for (Index g = 0; g < groups.size(); ++g)
    for (Index r = groups.first(g); r < groups.first(g + 1); ++r)
      for (Index c = 0; c < cols; ++c)
        out.data()[r * cols + c] = x.data()[r * cols + c] * (T(1) + film.data()[g * cols + c]);
  context.count_scalar(rows * cols);
  context.tape.on_backward(out, [x, film, out, groups, cols] {
    const T* g_out = out.grad().data();
    T* g_x = x.needs_grad() ? x.grad().data() : nullptr;
    T* g_film = film.needs_grad() ? film.grad().data() : nullptr;
    for (Index g = 0; g < groups.size(); ++g)
      for (Index r = groups.first(g); r < groups.first(g + 1); ++r)
        for (Index c = 0; c < cols; ++c) {
          if (g_x != nullptr) g_x[r * cols + c] += g_out[r * cols + c] * (T(1) + film.data()[g * cols + c]);
          if (g_film != nullptr) g_film[g * cols + c] += g_out[r * cols + c] * x.data()[r * cols + c];
        }
  });
  return out;
}

template <typename T>
Var<T> layer_norm(Context<T>& context, const Var<T>& x, Index gain, Index bias) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> normal = context.tape.constant(rows, cols);
  const Var<T> rstd = context.tape.constant(rows, 1);
  const Var<T> out = context.tape.result(rows, cols, {&x}, context.trains());
  backend::normalize_rows(x.data(), rows, cols, static_cast<T>(kNormEpsilon), normal.data(), rstd.data());
  const T* scale = context.values(gain);
  const T* shift = context.values(bias);
  for (Index r = 0; r < rows; ++r) {
    const T* from = normal.data() + r * cols;
    T* to = out.data() + r * cols;
    for (Index c = 0; c < cols; ++c) to[c] = from[c] * scale[c] + shift[c];
  }
  context.count_scalar(4 * rows * cols);
  context.tape.on_backward(out, [context, x, normal, rstd, out, gain, bias, rows, cols] {
    const T* g = out.grad().data();
    if (context.trains()) {
      add_columns_to(g, rows, cols, context.grads(bias));
      T* g_gain = context.grads(gain);
      for (Index r = 0; r < rows; ++r) {
        const T* from = normal.data() + r * cols;
        for (Index c = 0; c < cols; ++c) g_gain[c] += g[r * cols + c] * from[c];
      }
    }
    if (!x.needs_grad()) return;
    const Var<T> g_normal = context.tape.constant(rows, cols);
    const T* scale = context.values(gain);
    for (Index r = 0; r < rows; ++r) {
      T* to = g_normal.data() + r * cols;
      for (Index c = 0; c < cols; ++c) to[c] = g[r * cols + c] * scale[c];
    }
    backend::normalize_rows_backward(normal.data(), rstd.data(), g_normal.data(), rows, cols, x.grad().data());
  });
  return out;
}

template <typename T>
Var<T> detach(Context<T>& context, const Var<T>& x) {
  const Var<T> out = context.tape.constant(x.rows(), x.cols());
  std::copy_n(x.data(), x.rows() * x.cols(), out.data());
  return out;
}

template <typename T>
Var<T> scaled(Context<T>& context, const Var<T>& x, T factor) {
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  out.value() = factor * x.value();
  context.tape.on_backward(out, [x, out, factor] { x.grad() += factor * out.grad(); });
  return out;
}

template <typename T>
Var<T> shifted(Context<T>& context, const Var<T>& x, T offset) {
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  out.value() = x.value().array() + offset;
  context.tape.on_backward(out, [x, out] { x.grad() += out.grad(); });
  return out;
}

template <typename T>
Var<T> input(Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& values) {
  const Var<T> out = context.tape.constant(values.rows(), values.cols());
  out.value() = values;
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                               \
  template Var<T> linear(Context<T>&, const Var<T>&, Index, Index, const Var<T>*);                           \
  template Var<T> grouped_linear(Context<T>&, const Var<T>&, const RowGroups&, std::span<const Index>,       \
                                 std::span<const Index>);                                                    \
  template Var<T> gelu(Context<T>&, const Var<T>&);                                                          \
  template Var<T> prelu(Context<T>&, const Var<T>&, Index);                                                  \
  template Var<T> add(Context<T>&, const Var<T>&, const Var<T>&);                                            \
  template Var<T> add_parameter_row(Context<T>&, const Var<T>&, Index);                                      \
  template Var<T> modulated_norm(Context<T>&, const Var<T>&, const Var<T>&, Index, Index, const RowGroups&); \
  template Var<T> scale_groups(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&);                 \
  template Var<T> layer_norm(Context<T>&, const Var<T>&, Index, Index);                                      \
  template Var<T> detach(Context<T>&, const Var<T>&);                                                        \
  template Var<T> scaled(Context<T>&, const Var<T>&, T);                                                     \
  template Var<T> shifted(Context<T>&, const Var<T>&, T);                                                    \
  template Var<T> input(Context<T>&, const Eigen::Ref<const RowMatrix<T>>&);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
