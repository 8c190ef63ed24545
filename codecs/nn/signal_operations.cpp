#include <semlink/codecs/nn/operations.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/accumulate.h>
#include <semlink/codecs/nn/energies.h>

namespace semlink::nn {

template <typename T>
Var<T> unit_power(Context<T>& context, const Var<T>& x, const RowGroups& groups,
                  const std::vector<Index>& num_symbols) {
  const Index cols = x.cols();
  const Var<T> out = context.tape.result(x.rows(), cols, {&x});
  const std::vector<double> energy_of =
      energies(x, groups);  // the power of a payload is exact to 1e-5 whatever its length
  std::vector<T> factors(static_cast<std::size_t>(groups.size()), T(0));
  for (Index g = 0; g < groups.size(); ++g) {
    const Index begin = groups.first(g) * cols, end = groups.first(g + 1) * cols;
    const double energy = energy_of[static_cast<std::size_t>(g)];
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
      for (Index i = begin; i < end; ++i)
        along += static_cast<double>(gradient[i]) * static_cast<double>(out.data()[i]);
      const auto count = static_cast<double>(std::max<Index>(1, num_symbols[static_cast<std::size_t>(g)]));
      const T share = static_cast<T>(along / count), factor = factors[static_cast<std::size_t>(g)];
      T* g_x = x.grad().data();
      for (Index i = begin; i < end; ++i) g_x[i] += factor * (gradient[i] - out.data()[i] * share);
    }
  });
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
            visit((token * side + y) * side * 3 + first * 3, image + (row * width + left + first) * 3,
                  (last - first) * 3);
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

#define SEMLINK_INSTANTIATE(T)                                                                         \
  template Var<T> unit_power(Context<T>&, const Var<T>&, const RowGroups&, const std::vector<Index>&); \
  template Var<T> squared_error(Context<T>&, const Var<T>&, std::span<const T>, std::vector<T>);       \
  template Var<T> overlap_add(Context<T>&, const Var<T>&, const std::vector<Grid>&, Index, Index);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
