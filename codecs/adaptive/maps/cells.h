#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

namespace semlink::adaptive {

/// Cells of `side` x `side` tokens of a grid in raster order (smaller at the far borders), each as the raster indices
/// of its tokens, ascending.
std::vector<std::vector<Index>> cell_members(const nn::Grid& grid, Index side);

/// The attention windows without shift: cells of `nn::Windows::kSide`.
std::vector<std::vector<Index>> window_members(const nn::Grid& grid);

/// Number of tokens of each window.
std::vector<Index> window_sizes(const nn::Grid& grid);

/// Number of cells.
Index num_cells(const nn::Grid& grid, Index side);
Index num_windows(const nn::Grid& grid);

/// How many of `count` tokens fall to each window when both ends must know it without being told: one for each window
/// and the rest in proportion to the tokens that it has beyond one. num_windows <= count <= num_tokens.
std::vector<Index> window_counts(const nn::Grid& grid, Index count);

}  // namespace semlink::adaptive
