#include <semlink/codecs/adaptive/pooling.h>

#include <gtest/gtest.h>

#include <semlink/codecs/nn/table_operations.h>

#include "codecs/adaptive/pooled_network.h"
#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

// Operations
// -----------------------------------------------------------------------------------------------------------------

TEST(TableOperations, Gradients) {
  nn::ParameterLayout layout;
  const Index table = layout.add("table", 4, 6, nn::Init::zeros);
  std::vector<std::uint8_t> open(18, 1);
  open[1] = open[8] = open[12] = open[13] = 0;
  test::expect_gradients(
      layout, {test::random_matrix(3, 6, 1)}, [&](Context<double>& context, const std::vector<Var<double>>& in) {
        const Var<double> sum = nn::add(context, in[0], nn::table_rows(context, table, {2, 0, 2}));
        const Var<double> shares = nn::softmax_open(context, sum, open);
        const Var<double> turned = nn::permuted_columns(context, nn::add(context, shares, sum), {3, 0, 5, 1, 2, 4});
        return nn::placed_rows(context, nn::reshaped(context, turned, 2), {1, 0, 3, 4, 8, 6, 7, 9, 10}, 12);
      });
}

TEST(TableOperations, OpenSharesSumToOne) {
  nn::ParameterLayout layout;
  const nn::FlatVector<double> none(0);
  nn::Tape<double> tape(false);
  Context<double> context{tape, layout, none};
  const RowMatrix<double> x = test::random_matrix(2, 3, 1, 30);
  const RowMatrix<double> shares = nn::softmax_open(context, nn::input<double>(context, x), {1, 0, 1, 0, 0, 1}).value();
  EXPECT_NEAR(shares(0, 2) / shares(0, 0), std::exp(x(0, 2) - x(0, 0)), 1e-9 * std::exp(x(0, 2) - x(0, 0)));
  EXPECT_NEAR(shares.row(0).sum(), 1, 1e-15);
  EXPECT_EQ(shares(0, 1), 0);
  EXPECT_EQ(shares.row(1), RowMatrix<double>({{0, 0, 1}}));
}

std::shared_ptr<const nn::Windows> pooled_window(Index rows) {
  auto windows = std::make_shared<nn::Windows>();
  windows->rows.append(rows);
  for (Index row = 0; row < rows; ++row) windows->place.push_back(static_cast<std::uint8_t>(row));
  windows->pooled = true;
  return windows;
}

TEST(PooledAttention, GradientAndNoBiasOfPlaces) {
  nn::ParameterLayout layout;
  const Index table = layout.add("table", 2, nn::Windows::kOffsets, nn::Init::zeros);
  const auto windows = pooled_window(3);
  test::expect_gradients(layout, {test::random_matrix(3, 12, 1)},
                         [&](Context<double>& context, const std::vector<Var<double>>& in) {
                           return nn::window_attention(context, in[0], 2, table, windows);
                         });
  const RowMatrix<double> qkv = test::random_matrix(64, 12, 1);  // as many as a window has places
  const auto attend = [&](double scale) {
    const nn::FlatVector<double> parameters = test::random_matrix(layout.size(), 1, 2, scale).reshaped();
    nn::Tape<double> tape(false);
    Context<double> context{tape, layout, parameters};
    return RowMatrix<double>(
        nn::window_attention(context, nn::input<double>(context, qkv), 2, table, pooled_window(64)).value());
  };
  EXPECT_EQ(attend(0), attend(1));
}

// Rows and their places
// -----------------------------------------------------------------------------------------------------------------

TEST(PooledRows, HomesAreDealtOutEvenlyAndLieTogether) {
  for (const Index slots : {1, 5, 12, 16, 64}) {
    std::vector<Index> count(static_cast<std::size_t>(slots), 0);
    for (Index place = 0; place < 64; ++place) ++count[static_cast<std::size_t>(home_slot(place, slots))];
    for (const Index homes : count) EXPECT_NEAR(static_cast<double>(homes), 64.0 / static_cast<double>(slots), 1);
  }
  for (const Index place : {18, 19, 26, 27}) EXPECT_EQ(home_slot(place, 16), home_slot(18, 16));  // a square of 2x2
}

TEST(PooledRows, AreAsManyAsWindowsAndNeverMoreThanTokens) {
  EXPECT_EQ(num_pooled_rows({8, 8}, 16), 16);
  EXPECT_EQ(num_pooled_rows({24, 16}, 12), 6 * 12);
  EXPECT_EQ(num_pooled_rows({9, 8}, 16), 16 + 4);  // a line of eight tokens has four squares of 2x2
  for (Index height = 1; height <= 17; ++height)
    for (const Index slots : {3, 16, 64}) {
      EXPECT_LE(num_pooled_rows({height, 5}, slots), height * 5);
      EXPECT_GE(num_pooled_rows({height, 5}, slots), 1);
    }
}

// Layer
// -----------------------------------------------------------------------------------------------------------------

/// Patches to symbols, and what a perfect link makes of them to pixels; windows of several sizes.
TEST(TokenPool, Gradients) {
  NetworkConfig config = pooled_config(20);
  config.dim = 8;
  config.condition_dim = 4;
  config.mlp_ratio = 2;
  config.encoder_blocks = 2;
  config.decoder_blocks = 1;
  config.patch = 2;
  config.margin = 0;
  config.max_width = 1;
  const Network network(config);
  const std::vector<Grid> grids = {{2, 3}, {9, 2}};
  const Index rows = num_pooled_rows(grids[0], 20) + num_pooled_rows(grids[1], 20);
  test::expect_gradients(
      network.layout(), {test::random_matrix(24, config.patch_reals(), 1), test::random_matrix(rows, 12, 2)},
      [&](Context<double>& context, const std::vector<Var<double>>& in) {
        const std::vector<Condition> conditions = {{5.0, 4, 1, 2}, {9.0, 3, 1, 2}};
        const Var<double> condition = network.encoder_condition(context, conditions);
        Tokens<double> tokens;
        tokens.layout.places = raster_places(grids);
        for (const Grid& grid : grids) tokens.layout.samples.append(grid.num_tokens());
        tokens.x = test::multiply(context, in[0], test::random_matrix(12, 8, 3));
        tokens.bypass = test::multiply(context, in[0], test::random_matrix(12, 2, 4));
        network.encoder_block(context, 0, tokens, condition, 0);
        network.pool(context, tokens);
        network.encoder_block(context, 1, tokens, condition, 0);
        const Var<double> sent = network.symbols(context, 2, tokens, condition, {4, 3});
        const Var<double> at_receiver = network.decoder_condition(context, conditions);
        const Var<double> seen = network.unpool(context, in[1], grids);
        const Var<double> linear = network.linear_pixels(context, seen, at_receiver, raster_places(grids), grids);
        Tokens<double> received = network.receive(context, seen, raster_places(grids), grids);
        network.decoder_block(context, 0, received, at_receiver, 0);
        const Var<double> image = network.pixels(context, 1, received, at_receiver, linear, grids);
        return nn::concat_rows(context, {test::multiply(context, sent, test::random_matrix(8, 3, 5)), image});
      },
      0.3);
}

/// Weights of every part sum to one, and so do those of every place: what all tokens agree on is what all parts are,
/// and what all parts agree on is what all places see.
TEST(TokenPool, MeansOfEqualsAreTheSame) {
  for (const Index slots : {5, 16}) {
    const NetworkConfig config = pooled_config(slots);
    const Network network(config);
    const Model model = lively_model(config);
    nn::Tape<float> tape(false);
    Context<float> context{tape, network.layout(), model.values};
    const std::vector<Grid> grids = {{8, 8}, {11, 9}};
    const WindowOrder sorted = sort_into_windows(raster_places(grids), 2, 0);
    const Index num_tokens = 64 + 99;
    const RowMatrix<float> x = test::random_matrix(num_tokens, 16, 1).cast<float>();
    const RowMatrix<float> one = test::random_matrix(1, 24, 2).cast<float>();
    const RowMatrix<float> equal = one.replicate(num_tokens, 1);
    const auto rows = network.token_pool().pool(context, nn::input<float>(context, x), nn::input<float>(context, equal),
                                                sorted.layout);
    ASSERT_EQ(rows.bypass.cols(), 2 * config.row_width());
    const float eps = 64 * std::numeric_limits<float>::epsilon() * one.cwiseAbs().maxCoeff();
    for (Index c = 0; c < rows.bypass.cols(); ++c) {
      const Index symbol = c / 2 / config.pool_parts();
      for (Index r = 0; r < rows.bypass.rows(); ++r)
        EXPECT_NEAR(rows.bypass.value()(r, c), one(0, 2 * symbol + c % 2), eps);
    }

    RowMatrix<float> description(rows.x.rows(), 3 * config.row_width());
    for (Index c = 0; c < description.cols(); ++c) {
      const Index pairs = 2 * config.row_width();
      const Index symbol = (c < pairs ? c / 2 : c - pairs) / config.pool_parts();
      description.col(c).setConstant(c < pairs ? one(0, 2 * symbol + c % 2) : static_cast<float>(symbol));
    }
    const RowMatrix<float> seen = network.unpool(context, nn::input<float>(context, description), grids).value();
    ASSERT_EQ(seen.rows(), num_tokens);
    ASSERT_EQ(seen.cols(), 36);
    for (Index r = 0; r < num_tokens; ++r) {
      EXPECT_LT((seen.row(r).head(24) - one).cwiseAbs().maxCoeff(), eps);
      for (Index symbol = 0; symbol < 12; ++symbol)
        EXPECT_NEAR(seen(r, 24 + symbol), static_cast<float>(symbol), 64 * 12 * std::numeric_limits<float>::epsilon());
    }
  }
}

TEST(TokenPool, StackedEqualsSingle) {
  NetworkConfig config = pooled_config();
  const Network network(config);
  const Model model = lively_model(config);
  const RowMatrix<float> patches = test::random_matrix(128, config.patch_reals(), 1, 0.3).cast<float>();
  const RowMatrix<float> received = test::random_matrix(32, 3 * config.row_width(), 2).cast<float>();
  struct Both {
    RowMatrix<float> symbols, pixels;
  };
  const auto run = [&](const RowMatrix<float>& reals, const RowMatrix<float>& description, std::vector<double> snr_db) {
    const std::vector<Grid> grids(snr_db.size(), Grid{8, 8});
    nn::Tape<float> tape(false);
    Context<float> context{tape, network.layout(), model.values};
    std::vector<Condition> conditions;
    for (const double snr : snr_db) conditions.push_back({snr, 16, 1, 3});
    const Var<float> condition = network.encoder_condition(context, conditions);
    Tokens<float> tokens = network.embed<float>(context, reals, grids);
    network.encoder_block(context, 0, tokens, condition, 0);
    network.pool(context, tokens);
    for (Index block = 1; block < 3; ++block) network.encoder_block(context, block, tokens, condition, 0);
    Both both;
    both.symbols = network.symbols(context, 3, tokens, condition, std::vector<Index>(grids.size(), 16)).value();
    const Var<float> rows = network.unpool(context, nn::input<float>(context, description), grids);
    const Var<float> at_receiver = network.decoder_condition(context, conditions);
    const Var<float> linear = network.linear_pixels(context, rows, at_receiver, raster_places(grids), grids);
    Tokens<float> seen = network.receive(context, rows, raster_places(grids), grids);
    for (Index block = 0; block < 2; ++block) network.decoder_block(context, block, seen, at_receiver, 0);
    both.pixels = network.pixels(context, 2, seen, at_receiver, linear, grids).value();
    return both;
  };
  const Both stacked = run(patches, received, {15, -3});
  const Both first = run(patches.topRows(64), received.topRows(16), {15});
  const Both second = run(patches.bottomRows(64), received.bottomRows(16), {-3});
  EXPECT_EQ(stacked.symbols.topRows(16), first.symbols);
  EXPECT_EQ(stacked.symbols.bottomRows(16), second.symbols);
  EXPECT_EQ(stacked.pixels.topRows(1024), first.pixels);
  EXPECT_EQ(stacked.pixels.bottomRows(1024), second.pixels);
}

TEST(TokenPool, BlocksBehindItCostWhatTheirRowsCost) {
  const NetworkConfig config = pooled_config();
  const Network network(config);
  const Model model = lively_model(config);
  nn::Tape<float> tape(false);
  MacLedger ledger;
  Context<float> context{tape, network.layout(), model.values, nullptr, &ledger};
  const Var<float> condition = network.encoder_condition(context, {{10.0, 16, 1}});
  const RowMatrix<float> patches = test::random_matrix(128, config.patch_reals(), 1, 0.3).cast<float>();
  Tokens<float> tokens = network.embed<float>(context, patches, {{8, 16}});
  std::int64_t before = ledger.macs;
  network.pool(context, tokens);
  // scores, means of the 64 parts, their linear code, the layer that joins them; two windows
  EXPECT_EQ(ledger.macs - before, 2 * (64 * 16 * 64 + 64 * 64 * 16 + 64 * 64 * 24 + 16 * 64 * 16));
  EXPECT_EQ(tokens.x.rows(), 32);
  const std::int64_t foreseen = network.encoder_block_macs(1, tokens, 4);
  EXPECT_EQ(foreseen, 8 * 4 * 16 + 32 * 12 * 16 * 16 + 2 * 2 * 16 * 16 * 16);
  before = ledger.macs;
  network.encoder_block(context, 1, tokens, condition, 4);
  EXPECT_EQ(ledger.macs - before, foreseen);
}

}  // namespace
}  // namespace semlink::adaptive
