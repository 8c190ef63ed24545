#pragma once

#include <string>

#include <semlink/codecs/nn/operations.h>

/// Convolutions over stacked images: one row per position, image after image in raster order, one column per channel.
namespace semlink::nn {

/// Convolution with a square kernel of odd side, zero padding of kernel / 2 and a stride. x [images *
/// grid.num_tokens(), in] -> [images * positions of `strided(grid, stride)`, out]; weight slot [kernel^2 in, out], taps
/// in raster order with the channels of each side by side; bias slot [1, out] or -1 for none. All taps count as MACs,
/// also those on the padding, as published counts have it. Float in any case: `Context::precision` is that of `linear`.
template <typename T>
Var<T> conv2d(Context<T>& context, const Var<T>& x, const Grid& grid, Index weight, Index bias, Index kernel,
              Index stride);

/// Transposed convolution, the adjoint of `conv2d` in its maps: every row of x writes kernel^2 positions of the
/// `stride` times larger map around its own, overlaps add, what falls outside is lost; the output padding is stride
/// - 1. x [images * grid.num_tokens(), in] -> [images * stride^2 grid.num_tokens(), out]; weight slot [kernel^2 in,
/// out]. MACs as `conv2d`.
template <typename T>
Var<T> conv_transpose2d(Context<T>& context, const Var<T>& x, const Grid& grid, Index weight, Index bias, Index kernel,
                        Index stride);

/// The grid after a convolution with that stride: sides divided by it, rounded up.
inline Grid strided(const Grid& grid, Index stride) {
  return {(grid.height - 1) / stride + 1, (grid.width - 1) / stride + 1};
}
/// The grid after a transposed convolution with that stride.
inline Grid enlarged(const Grid& grid, Index stride) { return {grid.height * stride, grid.width * stride}; }

/// A convolution or its transpose, with bias.
struct Convolution {
  Index weight = -1;
  Index bias = -1;
  Index kernel = 1;
  Index stride = 1;
  bool is_transposed = false;

  Convolution() = default;
  Convolution(ParameterLayout& layout, const std::string& name, Index in, Index out, Index kernel, Index stride,
              bool is_transposed = false, Init init = Init::scaled_normal, bool hidden = false);

  /// Grid of the output for inputs on `grid`.
  Grid output(const Grid& grid) const { return is_transposed ? enlarged(grid, stride) : strided(grid, stride); }

  template <typename T>
  Var<T> operator()(Context<T>& context, const Var<T>& x, const Grid& grid) const {
    return is_transposed ? conv_transpose2d(context, x, grid, weight, bias, kernel, stride)
                         : conv2d(context, x, grid, weight, bias, kernel, stride);
  }
};

}  // namespace semlink::nn
