#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/convolution.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/convolution.h>
#include <semlink/codecs/nn/kernels/scratch.h>
#include <semlink/codecs/nn/kernels/window_sums-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

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

/// Few channels fill few lanes of a vector. Then all phases of the stride are channels side by side, [stride^2,
/// channels], of one sum over the small map, whose window holds those of all phases; its weights are zero where a phase
/// has no tap.
class JointPhases {
 public:
  /// Whether they fit one vector.
  static bool suits(const ConvolutionShape& shape) {
    const Index stride = shape.stride;
    return stride > 1 && stride * stride * shape.large_channels <= kLanes && shape.large_height % stride == 0 &&
           shape.large_width % stride == 0;
  }

  JointPhases(const ConvolutionShape& shape, const float* weight, bool transposed, const float* bias) : shape_(shape) {
    for (Index phase = 0; phase < shape.stride; ++phase) {
      const Phase one(phase, shape.kernel, shape.stride, shape.large_height);
      first_ = std::min(first_, one.first);
      end_ = std::max(end_, one.first + one.taps);
    }
    pack(weight, transposed);
    for (Index c = 0; c < columns(); ++c) bias_[c] = bias != nullptr ? bias[c % shape.large_channels] : 0;
  }

  /// Of one image; `left` columns of zeros stand before the map.
  void run(const PaddedMap& source, float* large) const {
    const Index height = shape_.small_height(), width = shape_.small_width();
    float* joint = scratch(Slot::convolution_result, height * width * columns());
    const WindowSums sums = {
        .source = source,
        .first_row = first_,
        .row_step = 1,
        .first_value = (source.left + first_) * shape_.small_channels,
        .column_step = shape_.small_channels,
        .lines = span(),
        .segments = 1,
        .depth = span() * shape_.small_channels,
        .weight = weights_,
        .weight_row = kLanes,
        .line_step = span() * shape_.small_channels * kLanes,
        .segment_jump = 0,
        .columns = columns(),
        .out_height = height,
        .out_width = width,
        .out = joint,
        .out_row = width * columns(),
        .out_column = columns(),
        .bias = bias_,
        .accumulate = false,
    };
    sums.run();
    const Index run = shape_.stride * shape_.large_channels;  // of one output row
    for (Index y = 0; y < shape_.large_height; ++y)
      for (Index x = 0; x < width; ++x)
        std::copy_n(joint + (y / shape_.stride * width + x) * columns() + y % shape_.stride * run, run,
                    large + (y * width + x) * run);
  }

 private:
  Index columns() const { return shape_.stride * shape_.stride * shape_.large_channels; }
  Index span() const { return end_ - first_; }

  void pack(const float* weight, bool transposed) {
    const Index kernel = shape_.kernel, stride = shape_.stride;
    const Index depth = shape_.small_channels, channels = shape_.large_channels;
    const Index size = span() * span() * depth * kLanes;
    weights_ = scratch(Slot::convolution_weight, size);
    std::fill_n(weights_, size, 0.0F);
    for (Index tap = 0; tap < kernel * kernel; ++tap)
      for (Index phase = 0; phase < stride * stride; ++phase) {
        const Index up = phase / stride + kernel / 2 - tap / kernel,
                    across = phase % stride + kernel / 2 - tap % kernel;
        if (up % stride != 0 || across % stride != 0) continue;
        const float* from = weight + tap * depth * channels;
        float* to =
            weights_ + ((up / stride - first_) * span() + across / stride - first_) * depth * kLanes + phase * channels;
        for (Index d = 0; d < depth; ++d)
          for (Index c = 0; c < channels; ++c) to[d * kLanes + c] = from[transposed ? c * depth + d : d * channels + c];
      }
  }

  const ConvolutionShape& shape_;
  Index first_ = 0, end_ = 0;  // the window's lines, from the small position of an output
  float* weights_ = nullptr;
  float bias_[kLanes];
};

void up(const ConvolutionShape& shape, const float* small, const float* weight, bool transposed, const float* bias,
        float* large, bool accumulate) {
  const Index kernel = shape.kernel, stride = shape.stride, channels = shape.small_channels;
  const Index columns = shape.large_channels, height = shape.small_height(), width = shape.small_width();
  if (!accumulate && JointPhases::suits(shape)) {
    const JointPhases phases(shape, weight, transposed, bias);
    const Index margin = kernel / 2 / stride + 1;
    for (Index image = 0; image < shape.images; ++image)
      phases.run(PaddedMap::of(small + image * height * width * channels, height, width, channels, margin,
                               margin + width + margin),
                 large + image * shape.large_height * shape.large_width * columns);
    return;
  }
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
