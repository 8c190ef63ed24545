#include <semlink/codecs/adaptive/conv_stem.h>

#include <algorithm>

namespace semlink::adaptive {

namespace {

using nn::Init;

constexpr Index kKernel = 3, kColours = 3;

/// The pixels of `count` tokens from row `first` on, image after image in raster order: [pixels, 3].
template <typename T>
RowMatrix<T> own_pixels(const Eigen::Ref<const RowMatrix<T>>& patches, Index first, Index count, const nn::Grid& grid,
                        Index patch, Index margin) {
  const Index side = patch + 2 * margin, across = grid.width * patch;
  RowMatrix<T> pixels(count * patch * patch, kColours);
  for (Index token = 0; token < count; ++token) {
    const Index image = token / grid.num_tokens(), place = token % grid.num_tokens();
    const Index top = (image * grid.height + place / grid.width) * patch, left = place % grid.width * patch;
    for (Index y = 0; y < patch; ++y)
      std::copy_n(patches.row(first + token).data() + ((margin + y) * side + margin) * kColours, patch * kColours,
                  pixels.row((top + y) * across + left).data());
  }
  return pixels;
}

}  // namespace

ConvStem::Norm::Norm(nn::ParameterLayout& layout, const std::string& name, Index channels)
    : gain(layout.add(name + ".gain", 1, channels, Init::ones)),
      bias(layout.add(name + ".norm_bias", 1, channels, Init::zeros)) {}

ConvStem::ConvStem(nn::ParameterLayout& layout, const std::string& name, const NetworkConfig& config)
    : patch_(config.patch), margin_(config.margin) {
  Index channels = config.stem_channels;
  first_ = nn::Convolution(layout, name + ".first", kColours, channels, kKernel, 1);
  for (Index halved = 1; halved < patch_; halved *= 2) {
    const std::string stage_name = name + "." + std::to_string(stages_.size());
    Stage stage;
    stage.norm = Norm(layout, stage_name, channels);
    stage.halving = nn::Convolution(layout, stage_name + ".halving", channels, 2 * channels, kKernel, 2, false,
                                    Init::scaled_normal, true);
    channels *= 2;
    for (Index b = 0; b < config.stem_blocks; ++b) {
      const std::string block = stage_name + ".block" + std::to_string(b);
      stage.blocks.push_back(
          {Norm(layout, block, channels),
           nn::Convolution(layout, block + ".first", channels, channels, kKernel, 1, false, Init::scaled_normal, true),
           nn::Convolution(layout, block + ".second", channels, channels, kKernel, 1, false, Init::zeros, true)});
    }
    stages_.push_back(std::move(stage));
  }
  norm_ = Norm(layout, name, channels);
  out_ = nn::Linear(layout, name + ".out", channels, config.dim, Init::scaled_normal, true);
}

template <typename T>
nn::Var<T> ConvStem::features(nn::Context<T>& context, const nn::Var<T>& pixels, nn::Grid map) const {
  nn::Var<T> x = first_(context, pixels, map);
  for (const Stage& stage : stages_) {
    x = stage.halving(context, nn::gelu(context, stage.norm(context, x)), map);
    map = stage.halving.output(map);
    for (const Residual& block : stage.blocks) {
      const nn::Var<T> inner = nn::gelu(context, block.first(context, block.norm(context, x), map));
      x = nn::add(context, x, block.second(context, inner, map));
    }
  }
  return norm_(context, x);
}

template <typename T>
nn::Var<T> ConvStem::operator()(nn::Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& patches,
                                const std::vector<nn::Grid>& grids, const nn::Var<T>& tokens) const {
  const auto same_size = [](const nn::Grid& a, const nn::Grid& b) {
    return a.height == b.height && a.width == b.width;
  };
  std::vector<nn::Var<T>> parts;
  Index row = 0;
  for (auto grid = grids.begin(); grid != grids.end();) {
    const auto end =
        std::find_if_not(grid, grids.end(), [&](const nn::Grid& other) { return same_size(other, *grid); });
    const Index count = (end - grid) * grid->num_tokens();
    const nn::Var<T> pixels = nn::input<T>(context, own_pixels<T>(patches, row, count, *grid, patch_, margin_));
    parts.push_back(features(context, pixels, {grid->height * patch_, grid->width * patch_}));
    row += count;
    grid = end;
  }
  return out_(context, parts.size() == 1 ? parts.front() : nn::concat_rows(context, parts), &tokens);
}

template nn::Var<float> ConvStem::operator()(nn::Context<float>&, const Eigen::Ref<const RowMatrix<float>>&,
                                             const std::vector<nn::Grid>&, const nn::Var<float>&) const;
template nn::Var<double> ConvStem::operator()(nn::Context<double>&, const Eigen::Ref<const RowMatrix<double>>&,
                                              const std::vector<nn::Grid>&, const nn::Var<double>&) const;

}  // namespace semlink::adaptive
