#include <semlink/codecs/nn/operations.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/backend.h>

namespace semlink::nn {

namespace {

constexpr double kNormEpsilon = 1e-5;

template <typename T>
void add_columns_to(const T* rows_data, Index rows, Index cols, T* sums) {
  // Row after row, so that the order of addition is that of the rows whatever the address.
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) sums[c] += rows_data[r * cols + c];
}

template <typename T>
void add_to(const T* from, Index size, T* to) {
  for (Index i = 0; i < size; ++i) to[i] += from[i];
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
  backend::product(false, false, rows, out_dim, in, x.data(), in, context.values(weight), out_dim, out.data(), out_dim,
                   bias >= 0 ? context.values(bias) : nullptr, residual != nullptr, context.precision);
  context.count(rows, in, out_dim);
  context.tape.on_backward(out, [context, x, skip, out, weight, bias, rows, in, out_dim] {
    const T* g = out.grad().data();
    if (!skip.empty() && skip.needs_grad()) add_to(g, rows * out_dim, skip.grad().data());
    if (x.needs_grad())
      backend::product(false, true, rows, in, out_dim, g, out_dim, context.values(weight), out_dim, x.grad().data(), in,
                       nullptr, true, context.precision);
    if (!context.trains()) return;
    backend::product(true, false, in, out_dim, rows, x.data(), in, g, out_dim, context.grads(weight), out_dim, nullptr, true,
                     context.precision);
    if (bias >= 0) add_columns_to(g, rows, out_dim, context.grads(bias));
  });
  return out;
}

template <typename T>
Var<T> gelu(Context<T>& context, const Var<T>& x) {
  const Var<T> out = context.tape.result(x.rows(), x.cols(), {&x});
  const Index size = x.rows() * x.cols();
  backend::gelu(x.data(), out.data(), size);
  context.count_scalar(size);
  context.tape.on_backward(out,
                           [x, out, size] { backend::gelu_backward(x.data(), out.grad().data(), x.grad().data(), size); });
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
  context.tape.on_backward(out, [context, x, film, normal, rstd, out, scale_col, shift_col, groups, rows, cols, stride] {
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
      for (Index c = 0; c < cols; ++c) out.data()[r * cols + c] = x.data()[r * cols + c] * (T(1) + film.data()[g * cols + c]);
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
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) out.data()[r * cols + c] = normal.data()[r * cols + c] * scale[c] + shift[c];
  context.count_scalar(4 * rows * cols);
  context.tape.on_backward(out, [context, x, normal, rstd, out, gain, bias, rows, cols] {
    const T* g = out.grad().data();
    if (context.trains()) {
      add_columns_to(g, rows, cols, context.grads(bias));
      T* g_gain = context.grads(gain);
      for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < cols; ++c) g_gain[c] += g[r * cols + c] * normal.data()[r * cols + c];
    }
    if (!x.needs_grad()) return;
    const Var<T> g_normal = context.tape.constant(rows, cols);
    const T* scale = context.values(gain);
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c) g_normal.data()[r * cols + c] = g[r * cols + c] * scale[c];
    backend::normalize_rows_backward(normal.data(), rstd.data(), g_normal.data(), rows, cols, x.grad().data());
  });
  return out;
}

template <typename T>
Var<T> gather_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(static_cast<Index>(indices.size()), cols, {&x});
  for (std::size_t i = 0; i < indices.size(); ++i)
    std::copy_n(x.data() + indices[i] * cols, cols, out.data() + static_cast<Index>(i) * cols);
  context.tape.on_backward(out, [x, out, indices = std::move(indices), cols] {
    const T* g = out.grad().data();
    T* g_x = x.grad().data();
    for (std::size_t i = 0; i < indices.size(); ++i) add_to(g + static_cast<Index>(i) * cols, cols, g_x + indices[i] * cols);
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
Var<T> unit_power(Context<T>& context, const Var<T>& x, const RowGroups& groups, const std::vector<Index>& num_symbols) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(x.rows(), cols, {&x});
  std::vector<T> factors(static_cast<std::size_t>(groups.size()), T(0));
  for (Index g = 0; g < groups.size(); ++g) {
    const Index begin = groups.first(g) * cols, end = groups.first(g + 1) * cols;
    double energy = 0;  // in double: the power of a payload is exact to 1e-5 whatever its length
    for (Index i = begin; i < end; ++i) energy += static_cast<double>(x.data()[i]) * static_cast<double>(x.data()[i]);
    const auto count = static_cast<double>(num_symbols[static_cast<std::size_t>(g)]);
    const T factor = energy > 0 ? static_cast<T>(std::sqrt(count / energy)) : T(0);
    factors[static_cast<std::size_t>(g)] = factor;
    for (Index i = begin; i < end; ++i) out.data()[i] = x.data()[i] * factor;
  }
  context.count_scalar(2 * x.rows() * cols);
  context.tape.on_backward(out, [x, out, groups, num_symbols, factors = std::move(factors), cols] {
    // out = f x with f = sqrt(K / |x|^2): g_x = f (g - out <g, out> / K).
    for (Index g = 0; g < groups.size(); ++g) {
      const Index begin = groups.first(g) * cols, end = groups.first(g + 1) * cols;
      const T* gradient = out.grad().data();
      double along = 0;
      for (Index i = begin; i < end; ++i) along += static_cast<double>(gradient[i]) * static_cast<double>(out.data()[i]);
      const auto count = static_cast<double>(std::max<Index>(1, num_symbols[static_cast<std::size_t>(g)]));
      const T share = static_cast<T>(along / count), factor = factors[static_cast<std::size_t>(g)];
      T* g_x = x.grad().data();
      for (Index i = begin; i < end; ++i) g_x[i] += factor * (gradient[i] - out.data()[i] * share);
    }
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

template <typename T>
Var<T> detach(Context<T>& context, const Var<T>& x) {
  const Var<T> out = context.tape.constant(x.rows(), x.cols());
  std::copy_n(x.data(), x.rows() * x.cols(), out.data());
  return out;
}

template <typename T>
Var<T> squared_error(Context<T>& context, const Var<T>& x, std::span<const T> target, std::vector<T> weights) {
  const Index rows = x.rows(), cols = x.cols();
  const Var<T> out = context.tape.result(1, 1, {&x});
  const Var<T> difference = context.tape.constant(rows, cols);
  double total = 0;
  for (Index r = 0; r < rows; ++r) {
    double row = 0;
    for (Index c = 0; c < cols; ++c) {
      const T d = x.data()[r * cols + c] - target[static_cast<std::size_t>(r * cols + c)];
      difference.data()[r * cols + c] = d;
      row += static_cast<double>(d) * static_cast<double>(d);
    }
    total += row * static_cast<double>(weights[static_cast<std::size_t>(r)]);
  }
  out.data()[0] = static_cast<T>(total);
  context.tape.on_backward(out, [x, out, difference, weights = std::move(weights), rows, cols] {
    const T g = out.grad()(0, 0);
    T* g_x = x.grad().data();
    for (Index r = 0; r < rows; ++r) {
      const T factor = 2 * g * weights[static_cast<std::size_t>(r)];
      for (Index c = 0; c < cols; ++c) g_x[r * cols + c] += factor * difference.data()[r * cols + c];
    }
  });
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

template <typename T>
Var<T> overlap_add(Context<T>& context, const Var<T>& x, const std::vector<Grid>& grids, Index patch, Index margin) {
  const Index side = patch + 2 * margin;
  eigen_assert(x.cols() == side * side * 3);
  Index pixels = 0;
  for (const Grid& grid : grids) pixels += grid.num_tokens() * patch * patch;
  const Var<T> out = context.tape.result(pixels, 3, {&x});
  std::fill_n(out.data(), pixels * 3, T(0));

  // Visits every run of pixels that a token row and an image row share: (offset in x, offset in out, length).
  const auto for_each_run = [grids, patch, margin, side](auto&& visit) {
    Index token = 0, image = 0;
    for (const Grid& grid : grids) {
      const Index height = grid.height * patch, width = grid.width * patch;
      for (Index ty = 0; ty < grid.height; ++ty)
        for (Index tx = 0; tx < grid.width; ++tx, ++token) {
          const Index left = tx * patch - margin;
          const Index first = std::max<Index>(0, -left), last = std::min(side, width - left);
          for (Index y = 0; y < side; ++y) {
            const Index row = ty * patch - margin + y;
            if (row < 0 || row >= height) continue;
            visit((token * side + y) * side * 3 + first * 3, image + (row * width + left + first) * 3, (last - first) * 3);
          }
        }
      image += height * width * 3;
    }
  };
  for_each_run([&](Index from, Index to, Index length) { add_to(x.data() + from, length, out.data() + to); });
  context.count_scalar(x.rows() * x.cols());
  context.tape.on_backward(out, [x, out, for_each_run] {
    const T* g = out.grad().data();
    T* g_x = x.grad().data();
    for_each_run([&](Index from, Index to, Index length) { add_to(g + to, length, g_x + from); });
  });
  return out;
}

#define SEMLINK_INSTANTIATE(T)                                                                                          \
  template Var<T> linear(Context<T>&, const Var<T>&, Index, Index, const Var<T>*);                                      \
  template Var<T> gelu(Context<T>&, const Var<T>&);                                                                     \
  template Var<T> add(Context<T>&, const Var<T>&, const Var<T>&);                                                       \
  template Var<T> add_parameter_row(Context<T>&, const Var<T>&, Index);                                                 \
  template Var<T> modulated_norm(Context<T>&, const Var<T>&, const Var<T>&, Index, Index, const RowGroups&);            \
  template Var<T> scale_groups(Context<T>&, const Var<T>&, const Var<T>&, const RowGroups&);                            \
  template Var<T> layer_norm(Context<T>&, const Var<T>&, Index, Index);                                                 \
  template Var<T> gather_rows(Context<T>&, const Var<T>&, std::vector<Index>);                                          \
  template Var<T> scatter_rows(Context<T>&, const Var<T>&, std::vector<Index>, Index, Index);                           \
  template Var<T> concat_rows(Context<T>&, const std::vector<Var<T>>&);                                                 \
  template Var<T> keep_prefix(Context<T>&, const Var<T>&, std::vector<Index>);                                          \
  template Var<T> unit_power(Context<T>&, const Var<T>&, const RowGroups&, const std::vector<Index>&);                  \
  template Var<T> group_mean(Context<T>&, const Var<T>&, const RowGroups&);                                             \
  template Var<T> detach(Context<T>&, const Var<T>&);                                                                   \
  template Var<T> squared_error(Context<T>&, const Var<T>&, std::span<const T>, std::vector<T>);                        \
  template Var<T> scaled(Context<T>&, const Var<T>&, T);                                                                \
  template Var<T> shifted(Context<T>&, const Var<T>&, T);                                                                \
  template Var<T> input(Context<T>&, const Eigen::Ref<const RowMatrix<T>>&);                                            \
  template Var<T> overlap_add(Context<T>&, const Var<T>&, const std::vector<Grid>&, Index, Index);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
