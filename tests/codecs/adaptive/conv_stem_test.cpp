#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/core/error.h>

#include "support/expect_error.h"
#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

NetworkConfig config_with_stem(Index blocks) {
  NetworkConfig config;
  config.dim = 8;
  config.num_heads = 2;
  config.mlp_ratio = 2;
  config.condition_dim = 4;
  config.encoder_blocks = 1;
  config.decoder_blocks = 1;
  config.select_after = 0;
  config.patch = 2;
  config.margin = 1;
  config.max_width = 2;
  config.stem_channels = 3;
  config.stem_blocks = blocks;
  return config;
}

Image noise_image(Index height, Index width, std::uint64_t seed) {
  Image image{height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width))};
  Stream stream(seed, Purpose::user, 0);
  for (float& value : image.values) value = static_cast<float>(stream.uniform());
  return image;
}

/// Values for all slots, those that start at zero included.
nn::FlatVector<float> some_parameters(const nn::ParameterLayout& layout) {
  nn::FlatVector<float> values = nn::FlatVector<float>::Zero(layout.size());
  for (std::size_t i = 0; i < layout.slots().size(); ++i) {
    const nn::Slot& slot = layout.slots()[i];
    nn::view(values, slot) = test::random_matrix(slot.rows, slot.cols, i, 0.3).cast<float>();
  }
  return values;
}

/// Images of two sizes, two of them alike and so in one pass.
TEST(ConvStem, Gradient) {
  const Network network(config_with_stem(1));
  const std::vector<Grid> grids = {{2, 3}, {2, 3}, {1, 2}};
  const RowMatrix<double> patches = test::random_matrix(14, network.config().patch_reals(), 1, 0.3);
  test::expect_gradients(
      network.layout(), {},
      [&](nn::Context<double>& context, const std::vector<Var<double>>&) {
        return network.embed<double>(context, patches, grids).x;
      },
      0.3);
}

/// Without residual blocks the stem is short enough to be written out, on the pixels as they lie in the image.
TEST(ConvStem, ConvolvesThePixelsOfTheImage) {
  const NetworkConfig config = config_with_stem(0);
  const Network network(config);
  const nn::ParameterLayout& layout = network.layout();
  const nn::FlatVector<float> parameters = some_parameters(layout);
  const Image image = noise_image(6, 10, 1);
  const RowMatrix<float> patches = image_patches(image, 2, 1);
  nn::Tape<float> tape(false);
  nn::Context<float> context{tape, layout, parameters};
  const auto slot = [&](const std::string& name) { return layout.find("encoder." + name); };
  const RowMatrix<float> pixels = (Eigen::Map<const RowMatrix<float>>(image.values.data(), 60, 3)).array() - 0.5F;
  Var<float> x = nn::conv2d(context, nn::input<float>(context, pixels), {6, 10}, slot("stem.first.weight"),
                            slot("stem.first.bias"), 3, 1);
  x = nn::gelu(context, nn::layer_norm(context, x, slot("stem.0.gain"), slot("stem.0.norm_bias")));
  x = nn::conv2d(context, x, {6, 10}, slot("stem.0.halving.weight"), slot("stem.0.halving.bias"), 3, 2);
  x = nn::layer_norm(context, x, slot("stem.gain"), slot("stem.norm_bias"));
  const Var<float> embedded =
      nn::linear(context, nn::input<float>(context, patches), slot("embed.weight"), slot("embed.bias"));
  x = nn::linear(context, x, slot("stem.out.weight"), slot("stem.out.bias"), &embedded);
  MacLedger ledger;
  context.ledger = &ledger;
  EXPECT_EQ(RowMatrix<float>(network.embed<float>(context, patches, {{3, 5}}).x.value()), RowMatrix<float>(x.value()));
  const Index embed = 15 * config.patch_reals() * (8 + 4);  // the linear code's symbols come with it
  EXPECT_EQ(ledger.macs, embed + 60 * 9 * 3 * 3 + 15 * 9 * 3 * 6 + 15 * 6 * 8);
}

TEST(ConvStem, StackedEqualsSingle) {
  const Network network(config_with_stem(2));
  const nn::FlatVector<float> parameters = some_parameters(network.layout());
  const auto embed = [&](const RowMatrix<float>& patches, const std::vector<Grid>& grids) {
    nn::Tape<float> tape(false);
    nn::Context<float> context{tape, network.layout(), parameters};
    return RowMatrix<float>(network.embed<float>(context, patches, grids).x.value());
  };
  const std::vector<Image> images = {noise_image(8, 12, 1), noise_image(8, 12, 2), noise_image(16, 4, 3)};
  RowMatrix<float> stacked(24 + 24 + 16, network.config().patch_reals());
  stacked << image_patches(images[0], 2, 1), image_patches(images[1], 2, 1), image_patches(images[2], 2, 1);
  RowMatrix<float> single(64, 8);
  single << embed(stacked.topRows(24), {{4, 6}}), embed(stacked.middleRows(24, 24), {{4, 6}}),
      embed(stacked.bottomRows(16), {{8, 2}});
  EXPECT_EQ(embed(stacked, {{4, 6}, {4, 6}, {8, 2}}), single);
}

TEST(ConvStem, RefusesPatchesThatHalvingDoesNotReach) {
  NetworkConfig config = config_with_stem(1);
  config.patch = 6;
  expect_error(ErrorCode::bad_scenario, "network.patch = 6", [&] { config.check(); });
  config.stem_channels = 0;
  EXPECT_NO_THROW(config.check());
}

}  // namespace
}  // namespace semlink::adaptive
