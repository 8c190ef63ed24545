#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/convolution.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/arithmetic-inl.h>
#include <semlink/codecs/nn/kernels/convolution.h>
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

/// Columns that windows of `taps` taps span over `count` outputs.
constexpr Index spanned(Index count, Index step, Index taps) { return (count - 1) * step + taps; }

void down(const ConvolutionShape& shape, const float* large, const float* weight, bool transposed, const float* bias,
          float* small, bool accumulate) {
  const Index kernel = shape.kernel, stride = shape.stride, padding = kernel / 2, channels = shape.large_channels;
  const Index height = shape.small_height(), width = shape.small_width();
  const TileRows weights = TileRows::of(weight, kernel * kernel, channels, shape.small_channels, transposed);
  for (Index image = 0; image < shape.images; ++image) {
    const float* map = large + image * shape.large_height * shape.large_width * channels;
    const WindowSums sums = {
        .source = PaddedMap::of(map, shape.large_height, shape.large_width, channels, padding,
                                spanned(width, stride, kernel)),
        .first_row = -padding,
        .row_step = stride,
        .first_value = 0,
        .column_step = stride * channels,
        .lines = kernel,
        .segments = 1,
        .depth = kernel * channels,
        .weight = weights.at,
        .weight_row = weights.row,
        .line_step = kernel * channels * weights.row,
        .segment_jump = 0,
        .columns = shape.small_channels,
        .out_height = height,
        .out_width = width,
        .out = small + image * height * width * shape.small_channels,
        .out_row = width * shape.small_channels,
        .out_column = shape.small_channels,
        .bias = bias,
        .accumulate = accumulate,
    };
    sums.run();
  }
}

/// The taps that reach the large positions stride * i + phase along one axis, and where: output i sees the small
/// positions first + i, ..., first + i + taps - 1, the earliest through tap `last`, each further one through the tap
/// `stride` before.
struct Phase {
  Index taps, last, first, outputs;

  Phase(Index phase, Index kernel, Index stride, Index large_size) {
    const Index least = (phase + kernel / 2) % stride;
    taps = least < kernel ? (kernel - 1 - least) / stride + 1 : 0;
    last = least + stride * (taps - 1);
    first = (phase + kernel / 2 - least) / stride - (taps - 1);
    outputs = phase < large_size ? (large_size - 1 - phase) / stride + 1 : 0;
  }
};

void up(const ConvolutionShape& shape, const float* small, const float* weight, bool transposed, const float* bias,
        float* large, bool accumulate) {
  const Index kernel = shape.kernel, stride = shape.stride, channels = shape.small_channels;
  const Index columns = shape.large_channels, height = shape.small_height(), width = shape.small_width();
  const TileRows weights = TileRows::of(weight, kernel * kernel, channels, columns, transposed);
  const Index tap = channels * weights.row;  // floats of a tap
  const Index left = kernel / 2 / stride + 1, padded = left + width + left;
  for (Index image = 0; image < shape.images; ++image) {
    const PaddedMap source =
        PaddedMap::of(small + image * height * width * channels, height, width, channels, left, padded);
    float* map = large + image * shape.large_height * shape.large_width * columns;
    for (Index py = 0; py < stride; ++py)
      for (Index px = 0; px < stride; ++px) {
        const Phase y(py, kernel, stride, shape.large_height), x(px, kernel, stride, shape.large_width);
        if (y.outputs == 0 || x.outputs == 0) continue;
        const bool reached = x.taps > 0;
        const WindowSums sums = {
            .source = source,
            .first_row = y.first,
            .row_step = 1,
            .first_value = (left + x.first) * channels,
            .column_step = channels,
            .lines = reached ? y.taps : 0,
            .segments = x.taps,
            .depth = channels,
            .weight = reached && y.taps > 0 ? weights.at + (y.last * kernel + x.last) * tap : weights.at,
            .weight_row = weights.row,
            .line_step = -stride * kernel * tap,
            .segment_jump = -(stride + 1) * tap,
            .columns = columns,
            .out_height = y.outputs,
            .out_width = x.outputs,
            .out = map + (py * shape.large_width + px) * columns,
            .out_row = stride * shape.large_width * columns,
            .out_column = stride * columns,
            .bias = bias,
            .accumulate = accumulate,
        };
        sums.run();
      }
  }
}

/// The weights' gradient of one line of taps: rows are the line's values of the large map, columns the small channels.
void add_line_gradient(const ConvolutionShape& shape, const PaddedMap& large, const float* small, Index small_column,
                       Index line, float* g_line) {
  const Index stride = shape.stride, padding = shape.kernel / 2, columns = shape.small_channels;
  const Index height = shape.small_height(), width = shape.small_width();
  // Small rows whose tap lies within the large map.
  const Index above = std::max<Index>(0, padding - line);
  const Index begin = (above + stride - 1) / stride;
  const Index below = large.height - 1 + padding - line;
  const Index end = below < 0 ? 0 : std::min(height, below / stride + 1);
  if (begin >= end) return;
  const Index values = shape.kernel * shape.large_channels, step = stride * shape.large_channels;
  for (Index first = 0; first < columns; first += kTileVectors * kLanes) {
    const Index wide = std::min<Index>(kTileVectors * kLanes, columns - first);
    const Index vectors = whole_vectors(wide) / kLanes;
    TileArgs tile = {.depth = width, .b = small + begin * width * small_column + first, .b_row = small_column};
    tile.segments = end - begin;
    tile.a_row = step;
    tile.a_jump = stride * large.row - width * step;
    tile.c_row = tile.start_row = columns;
    tile.last_lanes = wide - (vectors - 1) * kLanes;
    for (Index i = 0; i < values; i += kTileRows) {
      tile.a = large.values + (stride * begin - padding + line) * large.row + i;
      tile.start = tile.c = g_line + i * columns + first;
      find_tile<SinglePrecision, true>(std::min<Index>(kTileRows, values - i), vectors)(tile);
    }
  }
}

void gradient(const ConvolutionShape& shape, const float* large, const float* small, float* g_weight) {
  const Index kernel = shape.kernel, positions = shape.small_height() * shape.small_width();
  const Index columns = shape.small_channels;
  for (Index image = 0; image < shape.images; ++image) {
    const PaddedMap map = PaddedMap::of(large + image * shape.large_height * shape.large_width * shape.large_channels,
                                        shape.large_height, shape.large_width, shape.large_channels, kernel / 2,
                                        spanned(shape.small_width(), shape.stride, kernel));
    const TileRows rows = TileRows::of(small + image * positions * columns, 1, positions, columns, false);
    for (Index line = 0; line < kernel; ++line)
      add_line_gradient(shape, map, rows.at, rows.row, line, g_weight + line * kernel * shape.large_channels * columns);
  }
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(down);
HWY_EXPORT(up);
HWY_EXPORT(gradient);

void convolve_down(const ConvolutionShape& shape, const float* large, const float* weight, bool transposed,
                   const float* bias, float* small, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(down)(shape, large, weight, transposed, bias, small, accumulate);
}

void convolve_up(const ConvolutionShape& shape, const float* small, const float* weight, bool transposed,
                 const float* bias, float* large, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(up)(shape, small, weight, transposed, bias, large, accumulate);
}

void convolution_gradient(const ConvolutionShape& shape, const float* large, const float* small, float* g_weight) {
  HWY_DYNAMIC_DISPATCH(gradient)(shape, large, small, g_weight);
}

}  // namespace semlink::kernels
#endif  // HWY_ONCE
