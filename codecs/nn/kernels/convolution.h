#pragma once

#include <semlink/core/types.h>

/// Convolutions over maps whose positions are rows and whose channels are columns: [images * height * width, channels],
/// image after image in raster order. Every product runs on the register tiles of `product`.
namespace semlink::kernels {

/// A large map and a small one that a square kernel with zero padding of `kernel / 2` and a stride ties together: small
/// position (y, x) sees the large positions (stride y + ky - kernel / 2, stride x + kx - kernel / 2), ky and kx from 0
/// to kernel - 1. Going down is a convolution, going up is its transpose. `kernel` is odd.
struct ConvolutionShape {
  Index images, large_height, large_width, large_channels, small_channels;
  Index kernel, stride;

  Index small_height() const { return (large_height - 1) / stride + 1; }
  Index small_width() const { return (large_width - 1) / stride + 1; }
  Index large_rows() const { return images * large_height * large_width; }
  Index small_rows() const { return images * small_height() * small_width(); }
};

/// small = (accumulate ? small : 0) + convolution of `large`, plus bias[small_channels] on every row when it is not
/// null; never both. `weight` [kernel, kernel, large_channels, small_channels], or [kernel, kernel, small_channels,
/// large_channels] when `transposed`. An entry's products are added tap by tap in raster order, each over its channels,
/// starting from the bias: its bits do not depend on the other images.
void convolve_down(const ConvolutionShape& shape, const float* large, const float* weight, bool transposed,
                   const float* bias, float* small, bool accumulate);

/// The adjoint of `convolve_down` in the maps: large = (accumulate ? large : 0) + transposed convolution of `small`,
/// plus bias[large_channels]. `weight` [kernel, kernel, small_channels, large_channels], or [kernel, kernel,
/// large_channels, small_channels] when `transposed`. Products are added from the last tap to the first.
void convolve_up(const ConvolutionShape& shape, const float* small, const float* weight, bool transposed,
                 const float* bias, float* large, bool accumulate);

/// g_weight [kernel, kernel, large_channels, small_channels] += over all positions, what the large map holds at a tap
/// times what the small map holds: the gradient of the weights of both directions.
void convolution_gradient(const ConvolutionShape& shape, const float* large, const float* small, float* g_weight);

}  // namespace semlink::kernels
