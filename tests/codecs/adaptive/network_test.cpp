#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/network.h>

#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

/// Small enough for central differences over everything.
NetworkConfig small_config() {
  NetworkConfig config;
  config.dim = 8;
  config.num_heads = 2;
  config.mlp_ratio = 2;
  config.condition_dim = 4;
  config.encoder_blocks = 2;
  config.decoder_blocks = 2;
  config.patch = 2;
  config.margin = 1;
  config.max_width = 2;
  return config;
}

/// Encoder, power constraint, decoder and an early exit on two small images, one of which loses tokens.
TEST(Network, GradientOfTheWholeTransceiver) {
  const Network network(small_config());
  const std::vector<Grid> grids = {{2, 2}, {1, 3}};
  const RowMatrix<double> patches = test::random_matrix(7, network.config().patch_reals(), 1, 0.3);
  const std::vector<Condition> conditions = {{10.0, 2, 0.75, 2}, {std::nullopt, 1, 1, 2}};
  test::expect_gradients(
      network.layout(), {},
      [&](nn::Context<double>& context, const std::vector<Var<double>>&) {
        const Var<double> condition = network.encoder_condition(context, conditions);
        Tokens<double> tokens = network.embed<double>(context, patches, grids);
        network.encoder_block(context, 0, tokens, condition, 0);
        network.keep(context, tokens, {0, 2, 3, 4, 5, 6});
        network.encoder_block(context, 1, tokens, condition, 0);
        const Var<double> symbols = network.symbols(context, 2, tokens, condition, {2, 1});
        // The channel is another room's business: reals and reliabilities side by side stand in for it.
        RowMatrix<double> spread = RowMatrix<double>::Zero(4, 6);
        spread.leftCols(4).setIdentity();
        const Var<double> received = test::multiply(context, symbols, spread);
        const Var<double> decoder = network.decoder_condition(context, conditions);
        const Var<double> linear = network.linear_pixels(context, received, decoder, tokens.layout.places, grids);
        Tokens<double> at_receiver = network.receive(context, received, tokens.layout.places, grids);
        network.decoder_block(context, 0, at_receiver, decoder, 4);
        const Var<double> early = network.pixels(context, 1, at_receiver, decoder, linear, grids);
        network.decoder_block(context, 1, at_receiver, decoder, 0);
        return nn::concat_rows(context, {early, network.pixels(context, 2, at_receiver, decoder, linear, grids)});
      },
      0.3);
}

/// A gate looks at features that others own: its error must reach its own slots and no others.
TEST(Network, GatesAndScorerBendNobodyElse) {
  const Network network(small_config());
  nn::FlatVector<double> parameters = nn::FlatVector<double>::Zero(network.layout().size());
  for (std::size_t i = 0; i < network.layout().slots().size(); ++i) {
    const nn::Slot& slot = network.layout().slots()[i];
    nn::view(parameters, slot) = test::random_matrix(slot.rows, slot.cols, i, 0.3);
  }
  nn::FlatVector<double> gradients = nn::FlatVector<double>::Zero(network.layout().size());
  nn::Tape<double> tape(true);
  nn::Context<double> context{tape, network.layout(), parameters, &gradients};
  const RowMatrix<double> patches = test::random_matrix(4, network.config().patch_reals(), 1, 0.3);
  const Var<double> condition = network.encoder_condition(context, {Condition{10.0, 2, 1}});
  Tokens<double> tokens = network.embed<double>(context, patches, {{2, 2}});
  network.encoder_block(context, 0, tokens, condition, 0);
  const std::vector<double> one(4, 1.0), zeros(8, 0.0);
  const Var<double> loss = nn::add(
      context, nn::squared_error<double>(context, network.token_scores(context, tokens), {zeros.data(), 4}, one),
      nn::squared_error<double>(context, network.predict_encoder(context, 1, tokens, condition), {zeros.data(), 2},
                                {1.0}));
  tape.backward(loss);
  for (const nn::Slot& slot : network.layout().slots()) {
    const double norm = nn::view(gradients, slot).norm();
    const bool own = slot.name.find("encoder.0.gate") == 0 || slot.name.find("encoder.score") == 0;
    EXPECT_EQ(norm > 0, own) << slot.name;
  }
}

/// A sample's numbers do not depend on what is stacked beside it.
TEST(Network, StackedEqualsSingle) {
  NetworkConfig config = small_config();
  config.dim = 32;
  const Network network(config);
  const nn::FlatVector<float> parameters = nn::initial_parameters(network.layout(), 3);
  const RowMatrix<float> patches = test::random_matrix(128, config.patch_reals(), 1, 0.3).cast<float>();
  const auto encode = [&](const RowMatrix<float>& reals, const std::vector<Grid>& grids) {
    nn::Tape<float> tape(false);
    nn::Context<float> context{tape, network.layout(), parameters};
    std::vector<Condition> conditions(grids.size(), Condition{5.0, 2, 1});
    const Var<float> condition = network.encoder_condition(context, conditions);
    Tokens<float> tokens = network.embed<float>(context, reals, grids);
    for (Index b = 0; b < config.encoder_blocks; ++b) network.encoder_block(context, b, tokens, condition, 0);
    return RowMatrix<float>(
        network.symbols(context, 2, tokens, condition, std::vector<Index>(grids.size(), 2)).value());
  };
  const RowMatrix<float> both = encode(patches, {{8, 8}, {8, 8}});
  EXPECT_EQ(both.topRows(64), encode(patches.topRows(64), {{8, 8}}));
  EXPECT_EQ(both.bottomRows(64), encode(patches.bottomRows(64), {{8, 8}}));
}

TEST(Network, DroppedTokensCostNothing) {
  NetworkConfig config = small_config();
  config.dim = 32;
  const Network network(config);
  const nn::FlatVector<float> parameters = nn::initial_parameters(network.layout(), 3);
  const RowMatrix<float> patches = test::random_matrix(64, config.patch_reals(), 1, 0.3).cast<float>();
  MacLedger ledger;
  nn::Tape<float> tape(false);
  nn::Context<float> context{tape, network.layout(), parameters, nullptr, &ledger};
  const Var<float> condition = network.encoder_condition(context, {Condition{5.0, 2, 1}});
  Tokens<float> tokens = network.embed<float>(context, patches, {{8, 8}});
  std::int64_t before = ledger.macs;
  EXPECT_EQ(network.encoder_block_macs(0, tokens, 0), 4 * 4 * 32 + 64 * 8 * 32 * 32 + 2 * 64 * 64 * 32);
  network.encoder_block(context, 0, tokens, condition, 0);
  EXPECT_EQ(ledger.macs - before, 4 * 4 * 32 + 64 * 8 * 32 * 32 + 2 * 64 * 64 * 32);
  network.keep(context, tokens, {1, 5, 60});
  before = ledger.macs;
  network.encoder_block(context, 1, tokens, condition, 0);
  EXPECT_EQ(ledger.macs - before, 4 * 4 * 32 + 3 * 8 * 32 * 32 + 2 * 9 * 32);
}

TEST(Windows, ShiftedCoverEveryTokenOnce) {
  const std::vector<TokenPlace> places = raster_places({{16, 24}});
  const WindowOrder shifted = sort_into_windows(places, 1, 4);
  EXPECT_EQ(shifted.layout.windows->rows.size(), 3 * 4);  // 4 + 8 + 4 rows, 4 + 8 + 8 + 4 columns of tokens
  std::vector<bool> seen(places.size(), false);
  for (const Index i : shifted.order) seen[static_cast<std::size_t>(i)] = true;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 16 * 24);
}

TEST(ImagePatches, ShowTheSurroundings) {
  Image image{4, 4, std::vector<float>(48)};
  for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<float>(i);
  const RowMatrix<float> patches = image_patches(image, 2, 1);
  ASSERT_EQ(patches.rows(), 4);
  ASSERT_EQ(patches.cols(), 48);
  EXPECT_EQ(patches(0, 0), 0);          // outside the image
  EXPECT_EQ(patches(0, 3 * 5), -0.5F);  // first pixel of the patch, red: value 0
  EXPECT_EQ(patches(3, 0), 15 - 0.5F);  // pixel (1, 1)
}

}  // namespace
}  // namespace semlink::adaptive
