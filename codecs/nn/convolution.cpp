#include <semlink/codecs/nn/convolution.h>

#include <semlink/codecs/nn/accumulate.h>
#include <semlink/codecs/nn/backend.h>

namespace semlink::nn {

namespace {

/// to[tap][c][r] += from[tap][r][c].
template <typename T>
void add_transposed(const T* from, Index taps, Index rows, Index cols, T* to) {
  for (Index tap = 0; tap < taps; ++tap, from += rows * cols, to += rows * cols)
    for (Index c = 0; c < cols; ++c)
      for (Index r = 0; r < rows; ++r) to[c * rows + r] += from[r * cols + c];
}

}  // namespace

template <typename T>
Var<T> conv2d(Context<T>& context, const Var<T>& x, const Grid& grid, Index weight, Index bias, Index kernel,
              Index stride) {
  const Index in = x.cols(), out_dim = context.layout.slot(weight).cols;
  eigen_assert(x.rows() % grid.num_tokens() == 0 && context.layout.slot(weight).rows == kernel * kernel * in);
  const backend::ConvolutionShape shape{
      x.rows() / grid.num_tokens(), grid.height, grid.width, in, out_dim, kernel, stride};
  const Var<T> out = context.tape.result(shape.small_rows(), out_dim, {&x}, context.trains());
  backend::convolve_down(shape, x.data(), context.values(weight), false, bias >= 0 ? context.values(bias) : nullptr,
                         out.data(), false);
  context.count(shape.small_rows(), kernel * kernel * in, out_dim);
  context.tape.on_backward(out, [context, x, out, weight, bias, shape] {
    const T* g = out.grad().data();
    if (x.needs_grad()) backend::convolve_up(shape, g, context.values(weight), true, nullptr, x.grad().data(), true);
    if (!context.trains()) return;
    backend::convolution_gradient(shape, x.data(), g, context.grads(weight));
    if (bias >= 0) add_columns_to(g, out.rows(), out.cols(), context.grads(bias));
  });
  return out;
}

template <typename T>
Var<T> conv_transpose2d(Context<T>& context, const Var<T>& x, const Grid& grid, Index weight, Index bias, Index kernel,
                        Index stride) {
  const Index in = x.cols(), out_dim = context.layout.slot(weight).cols;
  eigen_assert(x.rows() % grid.num_tokens() == 0 && context.layout.slot(weight).rows == kernel * kernel * in);
  const Grid large = enlarged(grid, stride);
  const backend::ConvolutionShape shape{
      x.rows() / grid.num_tokens(), large.height, large.width, out_dim, in, kernel, stride};
  const Var<T> out = context.tape.result(shape.large_rows(), out_dim, {&x}, context.trains());
  backend::convolve_up(shape, x.data(), context.values(weight), false, bias >= 0 ? context.values(bias) : nullptr,
                       out.data(), false);
  context.count(x.rows(), kernel * kernel * in, out_dim);
  context.tape.on_backward(out, [context, x, out, weight, bias, shape] {
    const T* g = out.grad().data();
    if (x.needs_grad()) backend::convolve_down(shape, g, context.values(weight), true, nullptr, x.grad().data(), true);
    if (!context.trains()) return;
    // The shared kernel gives [taps, out, in]; the slot is [taps, in, out].
    const Index taps = shape.kernel * shape.kernel, in = shape.small_channels, out_dim = shape.large_channels;
    const Var<T> turned = context.tape.constant(taps * out_dim, in);
    turned.value().setZero();
    backend::convolution_gradient(shape, g, x.data(), turned.data());
    add_transposed(turned.data(), taps, out_dim, in, context.grads(weight));
    if (bias >= 0) add_columns_to(g, out.rows(), out.cols(), context.grads(bias));
  });
  return out;
}

Convolution::Convolution(ParameterLayout& layout, const std::string& name, Index in, Index out, Index kernel,
                         Index stride, bool is_transposed, Init init, bool hidden)
    : weight(layout.add(name + ".weight", kernel * kernel * in, out, init, hidden)),
      bias(layout.add(name + ".bias", 1, out, Init::zeros)),
      kernel(kernel),
      stride(stride),
      is_transposed(is_transposed) {}

#define SEMLINK_INSTANTIATE(T)                                                                 \
  template Var<T> conv2d(Context<T>&, const Var<T>&, const Grid&, Index, Index, Index, Index); \
  template Var<T> conv_transpose2d(Context<T>&, const Var<T>&, const Grid&, Index, Index, Index, Index);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::nn
