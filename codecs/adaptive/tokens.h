#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <semlink/codecs/nn/operations.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Where a row of a token matrix comes from.
struct TokenPlace {
  std::int32_t sample = 0;  ///< which of the stacked samples
  std::int32_t y = 0;       ///< row in that sample's grid
  std::int32_t x = 0;
};

/// Which tokens the rows of a matrix are, and how they fall into attention windows. Rows of one sample are adjacent,
/// and in each sample the rows of one window are adjacent.
struct TokenLayout {
  std::vector<TokenPlace> places;
  nn::RowGroups samples;
  std::shared_ptr<const nn::Windows> windows;
  std::vector<float> sizes;  ///< tokens that each row stands for; empty where that is one
};

/// The tokens of an image. Throws Error(bad_argument) when its sides are not multiples of `patch` or it has over 65,535
/// tokens.
nn::Grid grid_of(Index height, Index width, Index patch);

/// All tokens of these grids, in raster order.
std::vector<TokenPlace> raster_places(const std::vector<nn::Grid>& grids);

/// Sorts tokens into windows of 8x8 whose borders are shifted by `shift` tokens in both directions (cells at the border
/// of the image are smaller, none wraps around: Liu et al. 2021 without the cyclic part). `order[i]` is the index in
/// `places` of the row that comes to stand at i: `nn::gather_rows(x, order)` brings the matrix into the layout. Places
/// of one sample must be adjacent, samples ascending from 0; samples without tokens are allowed. `sizes` as in
/// `TokenLayout`; they go with the rows.
struct WindowOrder {
  TokenLayout layout;
  std::vector<Index> order;
  bool identity = false;  ///< `order` leaves every row where it is
};
WindowOrder sort_into_windows(const std::vector<TokenPlace>& places, Index num_samples, Index shift,
                              const std::vector<float>& sizes = {});

/// Shift of the windows in block `block` for a grid: 0 in even blocks and wherever one window covers the grid, half a
/// window in odd ones.
Index window_shift(const nn::Grid& grid, Index block);

/// Every token's square of (patch + 2 margin)^2 RGB pixels, values shifted to [-0.5, 0.5], zero outside the image:
/// [num_tokens, 3 side^2]. Height and width must be multiples of `patch`.
RowMatrix<float> image_patches(const Image& image, Index patch, Index margin);

}  // namespace semlink::adaptive
