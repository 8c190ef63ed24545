// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_WINDOW_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_WINDOW_SUMS_INL_H_
#undef SEMLINK_KERNELS_WINDOW_SUMS_INL_H_
#else
#define SEMLINK_KERNELS_WINDOW_SUMS_INL_H_
#endif

#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/arithmetic-inl.h>
#include <semlink/codecs/nn/kernels/pack-inl.h>
#include <semlink/codecs/nn/kernels/scratch.h>
#include <semlink/codecs/nn/kernels/tile-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

// A line of taps of the weights is to stay in the first-level cache while the positions of a block run over it; weights
// that fit as a whole are run over at once. A block of positions is to stay in the second level.
constexpr Index kWeightsAtOnce = 4096;
constexpr Index kBlock = 48 * 1024;

/// One map of an image with zeros beside every row, so that a window's line is a run of floats wherever it stands.
struct PaddedMap {
  const float* values;
  Index height;
  Index row;   ///< floats from row to row
  Index left;  ///< columns of zeros before the first

  /// At least `columns` columns of zeros and map, counted from `left` columns before the map.
  static PaddedMap of(const float* map, Index height, Index width, Index channels, Index left, Index columns) {
    const Index inside = std::min(width, columns - left), row = columns * channels;
    float* padded = scratch(Slot::convolution_map, height * row);
    for (Index y = 0; y < height; ++y) {
      float* to = padded + y * row;
      std::fill_n(to, left * channels, 0.0F);
      std::copy_n(map + y * width * channels, inside * channels, to + left * channels);
      std::fill(to + (left + inside) * channels, to + row, 0.0F);
    }
    return {padded, height, row, left};
  }
};

/// A right factor as the tiles read it: rows of whole vectors.
struct TileRows {
  const float* at;
  Index row;  ///< floats from row to row

  /// `blocks` matrices [depth, columns], or [columns, depth] when transposed, one below the other. Read where they lie
  /// when they can be.
  static TileRows of(const float* matrices, Index blocks, Index depth, Index columns, bool transposed) {
    if (!transposed && columns % kLanes == 0) return {matrices, columns};
    const Index width = whole_vectors(columns);
    float* packed = scratch(Slot::convolution_weight, blocks * depth * width);
    if (!transposed) pack_rows(blocks * depth, columns, matrices, columns, packed, width);
    for (Index block = 0; transposed && block < blocks; ++block)
      pack_transposed(depth, columns, matrices + block * depth * columns, depth, packed + block * depth * width, width);
    return {packed, width};
  }
};

/// Sums over windows of a padded map, for a grid of outputs.
struct WindowSums {
  PaddedMap source;
  Index first_row, row_step;       ///< source row of the window's first line for output row 0, and from row to row
  Index first_value, column_step;  ///< the same along a line, in floats
  Index lines;                     ///< of a window
  Index segments, depth;           ///< a line's weights lie in so many pieces of `depth` rows
  const float* weight;             ///< of the first line and column
  Index weight_row, line_step, segment_jump;  ///< floats from row to row, line to line, over the gap between pieces
  Index columns;                              ///< channels of an output
  Index out_height, out_width;
  float* out;
  Index out_row, out_column;  ///< floats from output to output
  const float* bias;          ///< null: start from zero
  bool accumulate;            ///< start from what is there

  void run() const {
    const Index rows_per_block = std::max<Index>(1, kBlock / (row_step * source.row + out_width * columns));
    for (Index first = 0; first < columns; first += kTileVectors * kLanes)
      for (Index y = 0; y < out_height; y += rows_per_block)
        run_block(first, y, std::min(out_height, y + rows_per_block));
  }

 private:
  Index source_row(Index y) const { return first_row + row_step * y; }
  /// The lines of output row y's window that lie within the map: [first_line, end_line).
  Index first_line(Index y) const { return std::max<Index>(0, -source_row(y)); }
  Index end_line(Index y) const { return std::min(lines, source.height - source_row(y)); }

  void run_block(Index first, Index y_begin, Index y_end) const {
    const bool at_once = segments == 1 && lines * depth * weight_row <= kWeightsAtOnce;
    for (Index y = y_begin; y < y_end; ++y)
      if (first_line(y) >= end_line(y)) fill_row(first, y);
    for (Index line = 0; line < (at_once ? 1 : lines); ++line)
      for (Index y = y_begin; y < y_end; ++y) {
        const Index begin = first_line(y), end = end_line(y);
        if (at_once && begin < end) run_row(first, y, begin, end - begin);
        if (!at_once && line >= begin && line < end) run_row(first, y, line, 1);
      }
  }

  /// `count` lines of the window from `line` on; more than one only where a line is one piece.
  void run_row(Index first, Index y, Index line, Index count) const {
    const Index width = std::min<Index>(kTileVectors * kLanes, columns - first);
    const Index vectors = whole_vectors(width) / kLanes;
    const bool goes_on = accumulate || line > first_line(y);
    TileArgs tile = {.depth = depth, .b = weight + line * line_step + first, .b_row = weight_row};
    tile.segments = count > 1 ? count : segments;
    tile.a_jump = count > 1 ? source.row - depth : 0;
    tile.b_jump = count > 1 ? line_step - depth * weight_row : segment_jump;
    tile.a_row = column_step;
    tile.c_row = out_column;
    tile.start_row = goes_on ? out_column : 0;
    tile.last_lanes = width - (vectors - 1) * kLanes;
    const float* a = source.values + (source_row(y) + line) * source.row + first_value;
    const Index tiles = (out_width + kTileRows - 1) / kTileRows, step = (out_width + tiles - 1) / tiles;
    for (Index x = 0; x < out_width; x += step) {
      tile.a = a + x * column_step;
      tile.c = out + y * out_row + x * out_column + first;
      tile.start = goes_on ? tile.c : bias != nullptr ? bias + first : nullptr;
      find_tile<SinglePrecision, false>(std::min(step, out_width - x), vectors)(tile);
    }
  }

  /// For outputs that no tap reaches.
  void fill_row(Index first, Index y) const {
    if (accumulate) return;
    const Index width = std::min<Index>(kTileVectors * kLanes, columns - first);
    for (Index x = 0; x < out_width; ++x)
      for (Index c = 0; c < width; ++c)
        out[y * out_row + x * out_column + first + c] = bias != nullptr ? bias[first + c] : 0;
  }
};

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_WINDOW_SUMS_INL_H_
