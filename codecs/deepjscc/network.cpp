#include <semlink/codecs/deepjscc/network.h>

#include <cmath>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/energies.h>

namespace semlink::deepjscc {

namespace {

constexpr Index kKernel = 5, kColours = 3, kNarrow = 16, kWide = 32;
constexpr float kFirstSlope = 0.25F;

}  // namespace

Network::Network(const NetworkConfig& config) : config_(config) {
  config_.check();
  const Index code = config_.code_channels;
  const std::array<Index, kLayers + 1> down = {kColours, kNarrow, kWide, kWide, kWide, code};
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string name = "encoder." + std::to_string(i);
    encoder_[i] = nn::Convolution(layout_, name, down[i], down[i + 1], kKernel, i < 2 ? 2 : 1);
    encoder_slopes_[i] = layout_.add(name + ".slope", 1, 1, nn::Init::zeros);
  }
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string name = "decoder." + std::to_string(i);
    decoder_[i] = nn::Convolution(layout_, name, down[kLayers - i], down[kLayers - i - 1], kKernel,
                                  i + 2 < kLayers ? 1 : 2, true);
    if (i + 1 < kLayers) decoder_slopes_[i] = layout_.add(name + ".slope", 1, 1, nn::Init::zeros);
  }
}

nn::FlatVector<float> Network::starting_point(std::uint64_t seed) const {
  nn::FlatVector<float> values = nn::initial_parameters(layout_, seed);
  constexpr float kGain = 2 / (1 + kFirstSlope * kFirstSlope);
  for (const auto* layers : {&encoder_, &decoder_})
    for (const nn::Convolution& layer : *layers)
      // A transposed convolution adds only every stride-th tap up.
      nn::view(values, layout_.slot(layer.weight)) *=
          std::sqrt(kGain * static_cast<float>(layer.is_transposed ? layer.stride * layer.stride : 1));
  for (const Index slope : encoder_slopes_) values[layout_.slot(slope).offset] = kFirstSlope;
  for (const Index slope : decoder_slopes_) values[layout_.slot(slope).offset] = kFirstSlope;
  return values;
}

template <typename T>
nn::Var<T> Network::encode(nn::Context<T>& context, const nn::Var<T>& x, const nn::Grid& pixels,
                           std::vector<double>* energies) const {
  nn::Var<T> features = x;
  nn::Grid grid = pixels;
  for (std::size_t i = 0; i < kLayers; ++i) {
    features = nn::prelu(context, encoder_[i](context, features, grid), encoder_slopes_[i]);
    grid = encoder_[i].output(grid);
  }
  nn::RowGroups images;
  std::vector<Index> symbols;
  for (Index row = 0; row < features.rows(); row += grid.num_tokens()) {
    images.append(grid.num_tokens());
    symbols.push_back(num_symbols(pixels));
  }
  if (energies != nullptr) *energies = nn::energies(features, images);
  return nn::unit_power(context, features, images, symbols);
}

template <typename T>
nn::Var<T> Network::decode(nn::Context<T>& context, const nn::Var<T>& received, const nn::Grid& pixels) const {
  nn::Var<T> features = received;
  nn::Grid grid{pixels.height / kReduction, pixels.width / kReduction};
  for (std::size_t i = 0; i < kLayers; ++i) {
    features = decoder_[i](context, features, grid);
    if (i + 1 < kLayers) features = nn::prelu(context, features, decoder_slopes_[i]);
    grid = decoder_[i].output(grid);
  }
  return nn::sigmoid(context, features);
}

template nn::Var<float> Network::encode(nn::Context<float>&, const nn::Var<float>&, const nn::Grid&,
                                        std::vector<double>*) const;
template nn::Var<double> Network::encode(nn::Context<double>&, const nn::Var<double>&, const nn::Grid&,
                                         std::vector<double>*) const;
template nn::Var<float> Network::decode(nn::Context<float>&, const nn::Var<float>&, const nn::Grid&) const;
template nn::Var<double> Network::decode(nn::Context<double>&, const nn::Var<double>&, const nn::Grid&) const;

}  // namespace semlink::deepjscc
