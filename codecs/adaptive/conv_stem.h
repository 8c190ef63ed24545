#pragma once

#include <string>
#include <vector>

#include <semlink/codecs/adaptive/config.h>
#include <semlink/codecs/nn/convolution.h>
#include <semlink/codecs/nn/layers.h>

namespace semlink::adaptive {

/// Convolutions before the blocks: what neighbouring pixels have in common, which convolutions know from the start,
/// costs blocks many images to learn (Xiao et al. 2021, "Early convolutions help transformers see better"). A first
/// convolution works on all pixels; every further stage halves the map, doubles the channels and adds residual blocks
/// (He et al. 2016), until a position is a token. Kernels are 3 x 3; maps are normalised position by position, so that
/// an image's features depend on nothing else.
class ConvStem {
 public:
  ConvStem() = default;
  /// Of a network with `stem_channels` > 0.
  ConvStem(nn::ParameterLayout& layout, const std::string& name, const NetworkConfig& config);

  /// Adds the features to `tokens`, [tokens of all grids, dim]. `patches` [tokens of all grids, patch_reals] as
  /// `image_patches` gives them; only each token's own pixels are read.
  template <typename T>
  nn::Var<T> operator()(nn::Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& patches,
                        const std::vector<nn::Grid>& grids, const nn::Var<T>& tokens) const;

 private:
  struct Norm {
    Index gain = -1;
    Index bias = -1;

    Norm() = default;
    Norm(nn::ParameterLayout& layout, const std::string& name, Index channels);
    template <typename T>
    nn::Var<T> operator()(nn::Context<T>& context, const nn::Var<T>& x) const {
      return nn::layer_norm(context, x, gain, bias);
    }
  };
  struct Residual {
    Norm norm;
    nn::Convolution first;
    nn::Convolution second;
  };
  struct Stage {
    Norm norm;
    nn::Convolution halving;
    std::vector<Residual> blocks;
  };

  /// Features of images of one size, [tokens, channels of the last stage]; `pixels` [images * height * width, 3].
  template <typename T>
  nn::Var<T> features(nn::Context<T>& context, const nn::Var<T>& pixels, nn::Grid map) const;

  Index patch_ = 1;
  Index margin_ = 0;
  nn::Convolution first_;
  std::vector<Stage> stages_;
  Norm norm_;
  nn::Linear out_;
};

}  // namespace semlink::adaptive
