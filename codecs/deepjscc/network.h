#pragma once

#include <array>

#include <semlink/codecs/deepjscc/config.h>
#include <semlink/codecs/nn/convolution.h>

namespace semlink::deepjscc {

/// The convolutional autoencoder of Bourtsoulatze, Kurka and Gündüz 2019 ("Deep Joint Source-Channel Coding for
/// Wireless Image Transmission", IEEE TCCN 5(3), fig. 2): five 5x5 convolutions to code_channels maps of a quarter of
/// the sides, power normalised per image, and five transposed ones back; a PReLU with one slope behind each, a sigmoid
/// behind the last. It has no notion of the SNR: one set of weights is trained for one SNR, or for a range.
class Network {
 public:
  /// Sides of an image are multiples of this.
  static constexpr Index kReduction = 4;

  explicit Network(const NetworkConfig& config);

  const NetworkConfig& config() const { return config_; }
  const nn::ParameterLayout& layout() const { return layout_; }
  /// Complex symbols of an image of this size.
  Index num_symbols(const nn::Grid& pixels) const {
    return pixels.num_tokens() / (kReduction * kReduction) * config_.code_channels / 2;
  }

  /// Where a training starts: normal weights that keep the variance of activations behind a PReLU (He et al. 2015, eq.
  /// 15), zero biases, slopes of 0.25.
  nn::FlatVector<float> starting_point(std::uint64_t seed) const;

  /// Symbols of stacked images, [images * pixels / 16, code_channels], adjacent reals being one symbol, mean power 1
  /// per image. x [images * pixels, 3], values in [0, 1]. `energies`, if not null, receives the energy by image that
  /// they had before.
  template <typename T>
  nn::Var<T> encode(nn::Context<T>& context, const nn::Var<T>& x, const nn::Grid& pixels,
                    std::vector<double>* energies = nullptr) const;

  /// Images, [images * pixels, 3] in (0, 1), from what arrived, shaped as `encode` gives it; `pixels` is their size.
  template <typename T>
  nn::Var<T> decode(nn::Context<T>& context, const nn::Var<T>& received, const nn::Grid& pixels) const;

 private:
  static constexpr std::size_t kLayers = 5;
  NetworkConfig config_;
  nn::ParameterLayout layout_;
  std::array<nn::Convolution, kLayers> encoder_, decoder_;
  std::array<Index, kLayers> encoder_slopes_{};
  std::array<Index, kLayers - 1> decoder_slopes_{};
};

}  // namespace semlink::deepjscc
