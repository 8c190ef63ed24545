#include <semlink/codecs/adaptive/pooling.h>

#include <gtest/gtest.h>

#include <array>

#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/nn/table_operations.h>

#include "support/expect_error.h"
#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

NetworkConfig small_config(Index pooled_tokens = 16) {
  NetworkConfig config;
  config.dim = 16;
  config.num_heads = 2;
  config.condition_dim = 8;
  config.encoder_blocks = 3;
  config.decoder_blocks = 2;
  config.pooled_tokens = pooled_tokens;
  return config;
}

/// Values that make every part do something.
Model lively_model(const NetworkConfig& config) {
  const Network network(config);
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  Stream stream(5, Purpose::init, 0);
  for (float& value : values) value += 0.1F * stream.normal();
  return {config, std::move(values), "abc"};
}

Sample noise_image(Index height, Index width) {
  Sample sample;
  sample.image = {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width))};
  Stream stream(1, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  return sample;
}

/// What a codec sends over a link that is all but perfect, and what comes out.
struct Trip {
  Payload payload;
  Output output;
  MacLedger encoder;
  MacLedger decoder;
};

Trip travel(const AdaptiveCodec& codec, const Sample& sample, const GatePolicy& encoder_gate = AlwaysOpen(),
            std::function<void(Received&)> spoil = {}) {
  Trip trip;
  const TrialRng rng{1, 2, 0};
  const AlwaysOpen open;
  EncodeWork encode{10.0, encoder_gate, trip.encoder, rng, [](Index bits) { return bits == 0 ? 0 : 20 + bits; }};
  trip.payload = codec.encode(sample, encode);
  Received received;
  received.symbols = trip.payload.symbols;
  received.noise_var = Eigen::VectorXf::Constant(trip.payload.symbols.rows(), 1e-4F);
  received.header_ok = true;
  for (const SideInfo& piece : trip.payload.side_info) {
    EXPECT_EQ(codec.next_side_info_bits(received.side_info), static_cast<Index>(piece.bits.size()));
    EXPECT_FALSE(codec.next_is_positions(received.side_info));
    received.side_info.push_back(piece.bits);
  }
  EXPECT_EQ(codec.next_side_info_bits(received.side_info), 0);
  received.quality = {10, 1e-4};
  if (spoil) spoil(received);
  DecodeWork decode{open, trip.decoder, rng, sample.image.height, sample.image.width};
  trip.output = codec.decode(received, decode);
  return trip;
}

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
  NetworkConfig config = small_config(20);
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
    const NetworkConfig config = small_config(slots);
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
  NetworkConfig config = small_config();
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

constexpr std::int64_t block_macs(std::int64_t rows) { return 8 * 4 * 16 + rows * 12 * 16 * 16 + 2 * rows * rows * 16; }

TEST(TokenPool, BlocksBehindItCostWhatTheirRowsCost) {
  const NetworkConfig config = small_config();
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

// Codec
// -----------------------------------------------------------------------------------------------------------------

TEST(PooledCodec, LaterPoolingCostsSoMuchMore) {
  const Sample sample = noise_image(32, 32);
  std::vector<std::int64_t> macs;
  for (const Index after : {0, 1, 2}) {
    NetworkConfig config = small_config();
    config.pool_after = after;
    const Trip trip = travel(AdaptiveCodec(lively_model(config), {}), sample);
    macs.push_back(trip.encoder.macs);
    EXPECT_EQ(trip.payload.encoder_depth, static_cast<double>(after) + static_cast<double>(3 - after) * 16 / 64);
  }
  EXPECT_EQ(macs[1] - macs[0], block_macs(64) - block_macs(16));
  EXPECT_EQ(macs[2] - macs[1], block_macs(64) - block_macs(16));
  NetworkConfig none = small_config(0);
  EXPECT_LT(macs[1], travel(AdaptiveCodec(lively_model(none), {}), sample).encoder.macs);
}

TEST(PooledCodec, SendsAllRowsWithoutAMapAtTheWidestThatFits) {
  const Sample sample = noise_image(32, 32);
  const auto symbols = [&](Index pooled, double ratio, Index max_width = 16) {
    const AdaptiveCodec codec(lively_model(small_config(pooled)), {.bandwidth_ratio = ratio, .max_width = max_width});
    const Trip trip = travel(codec, sample);
    EXPECT_EQ(trip.payload.tokens_kept, pooled);
    EXPECT_EQ(trip.payload.side_info.size(), 1U);
    EXPECT_EQ(trip.output.decoder_depth, 2);
    return trip.payload.symbols.rows();
  };
  EXPECT_EQ(symbols(16, 1.0 / 12), 16 * 16);
  EXPECT_EQ(symbols(16, 1.0 / 6), 16 * 32);
  EXPECT_EQ(symbols(12, 1.0 / 12), 12 * 21);
  EXPECT_EQ(symbols(64, 1.0 / 12), 64 * 4);
  EXPECT_EQ(symbols(16, 1), 16 * 48);          // what the network has
  EXPECT_EQ(symbols(16, 1.0 / 6, 2), 16 * 8);  // two for each of four tokens
}

TEST(PooledCodec, HasNothingToSendWhereRowsDoNotFit) {
  const AdaptiveCodec codec(lively_model(small_config()), {.bandwidth_ratio = 15.0 / 3072});
  const Trip trip = travel(codec, noise_image(32, 32));
  EXPECT_EQ(trip.payload.symbols.rows(), 0);
  EXPECT_EQ(trip.output.decoder_depth, 0);
}

TEST(PooledCodec, WorksOverWindowsOfAllSizes) {
  for (const auto& [height, width, rows] :
       {std::array<Index, 3>{64, 64, 64}, {48, 32, 24}, {20, 12, 6}, {36, 32, 20}}) {
    const Trip trip = travel(AdaptiveCodec(lively_model(small_config()), {}), noise_image(height, width));
    EXPECT_EQ(trip.payload.tokens_kept, rows) << height;
    EXPECT_LE(trip.payload.symbols.rows(), std::llround(height * width / 4.0));
    EXPECT_EQ(trip.output.decoder_depth, 2);
    EXPECT_EQ(trip.output.image.values.size(), static_cast<std::size_t>(3 * height * width));
    for (const float value : trip.output.image.values) EXPECT_TRUE(std::isfinite(value));
  }
}

/// Packed weights and the policy's way through the encoder change nothing: the same layers, called one by one.
TEST(PooledCodec, SendsWhatTheNetworkGives) {
  const NetworkConfig config = small_config();
  const Model model = lively_model(config);
  const Network network(config);
  const Sample sample = noise_image(32, 32);
  nn::Tape<float> tape(false);
  Context<float> context{tape, network.layout(), model.values};
  const Var<float> condition = network.encoder_condition(context, {{10.0, 16, 1}});
  Tokens<float> tokens = network.embed<float>(context, image_patches(sample.image, 4, 2), {{8, 8}});
  network.encoder_block(context, 0, tokens, condition, 0);
  network.pool(context, tokens);
  network.encoder_block(context, 1, tokens, condition, 0);
  const Var<float> reals = network.symbols(context, 2, tokens, condition, {16});
  const Trip trip = travel(AdaptiveCodec(model, {}), sample, FixedDepth(2));
  ASSERT_EQ(trip.payload.symbols.rows(), 256);
  for (Index row = 0; row < 16; ++row)
    for (Index i = 0; i < 16; ++i) {
      EXPECT_EQ(trip.payload.symbols(row * 16 + i, 0).real(), reals.value()(row, 2 * i));
      EXPECT_EQ(trip.payload.symbols(row * 16 + i, 0).imag(), reals.value()(row, 2 * i + 1));
    }
  EXPECT_EQ(trip.payload.encoder_depth, 1.25);
}

/// A rate gate sees every width that a row may have.
TEST(PooledCodec, RateRulesGrantWidthsOfRows) {
  NetworkConfig config = small_config();
  config.rate_gate = true;
  Model model = lively_model(config);
  const Sample sample = noise_image(32, 32);
  const auto symbols = [&](double least_gain) {
    const AdaptiveCodec codec(model, {.bandwidth_ratio = 1.0 / 6, .rule = "least_gain", .least_gain = least_gain});
    return travel(codec, sample).payload.symbols.rows();
  };
  EXPECT_EQ(symbols(1e6), 16);
  const AdaptiveCodec codec(model, {.bandwidth_ratio = 1.0 / 6, .rule = "target_psnr", .target_psnr_db = 100});
  EXPECT_EQ(travel(codec, sample).payload.symbols.rows(), 16 * 32);
}

TEST(PooledCodec, ExpertsAndDepthWorkOnRows) {
  for (const char* router : {"token_choice", "expert_choice", "hash", "soft", "merge"})
    for (const char* depth : {"exits", "skip", "mod", "halting"}) {
      NetworkConfig config = small_config();
      config.experts = 3;
      config.experts_in = "both";
      config.router = router;
      config.depth = depth;
      const Trip trip = travel(AdaptiveCodec(lively_model(config), {}), noise_image(32, 64));
      EXPECT_EQ(trip.payload.tokens_kept, 32) << router << " " << depth;
      for (const float value : trip.output.image.values) EXPECT_TRUE(std::isfinite(value)) << router << " " << depth;
    }
}

/// With the tables that a training starts from a token weighs most in the row of its home; four windows.
TEST(PooledCodec, NotesWhereTokensWentAndWhatBecameOfTheirRows) {
  NetworkConfig config = small_config();
  config.experts = 3;
  config.experts_in = "both";
  const Network network(config);
  Model model = lively_model(config);
  network.token_pool().set_start(network.layout(), model.values);
  const Sample sample = noise_image(64, 64);
  MacLedger ledger;
  const AlwaysOpen open;
  DecisionTrace decisions;
  EncodeWork work{10.0, open, ledger, {1, 2, 0}, [](Index bits) { return bits; }, &decisions};
  AdaptiveCodec(model, {}).encode(sample, work);
  ASSERT_EQ(decisions.pooled.size(), 256U);
  for (std::size_t y = 0; y < 16; ++y)
    for (std::size_t x = 0; x < 16; ++x) {
      const auto window = static_cast<Index>(y / 8 * 2 + x / 8), place = static_cast<Index>(y % 8 * 8 + x % 8);
      EXPECT_EQ(decisions.pooled[y * 16 + x], 16 * window + home_slot(place, 16)) << y << " " << x;
    }
  ASSERT_EQ(decisions.blocks.size(), 3U);
  for (const BlockMap& map : decisions.blocks) {
    EXPECT_EQ(map.ran, std::vector<bool>(256, true));
    if (map.block == 0) continue;
    for (std::size_t token = 0; token < 256; ++token) {
      const std::size_t home = token / 32 * 32 + token % 16 / 2 * 2;  // the first of its square
      EXPECT_EQ(map.expert[token], map.expert[home]) << token;
    }
  }
}

TEST(PooledCodec, AHeaderWithAnotherNumberOfRowsIsNone) {
  const AdaptiveCodec codec(lively_model(small_config()), {});
  const auto depth = [&](const std::vector<std::size_t>& flipped) {
    return travel(codec, noise_image(32, 32), AlwaysOpen(),
                  [&](Received& received) {
                    for (const std::size_t bit : flipped) received.side_info[0][bit] ^= 1;
                  })
        .output.decoder_depth;
  };
  EXPECT_EQ(travel(codec, noise_image(32, 32)).output.decoder_depth, 2);
  EXPECT_EQ(depth({8}), 2);      // 15 symbols a row: wrong, but it could be
  EXPECT_EQ(depth({8, 15}), 0);  // and 17 rows, for which there would be symbols enough
}

TEST(PooledHeader, HasAFieldForItsWidths) {
  const auto first_bits = [](Index pooled) {
    return next_header_bits({}, HeaderFormat(find_selector("learned"), small_config(pooled)));
  };
  EXPECT_EQ(first_bits(0), 14);
  EXPECT_EQ(first_bits(64), 14);
  EXPECT_EQ(first_bits(16), 16);
  EXPECT_EQ(first_bits(12), 17);  // six parts
  NetworkConfig config = small_config();
  config.max_width = 16;
  const HeaderFormat format(find_selector("learned"), config);
  for (const nn::Grid& grid : {nn::Grid{8, 8}, nn::Grid{16, 24}}) {
    Header header{grid, 3, config.row_width(), {}};
    for (Index row = 0; row < num_pooled_rows(grid, 16); ++row) header.map.tokens.push_back(row);
    std::vector<Bits> pieces;
    for (const SideInfo& piece : write_header(header, format)) {
      EXPECT_FALSE(piece.positions);
      pieces.push_back(piece.bits);
    }
    EXPECT_EQ(pieces.size(), grid.height == 8 ? 1U : 2U);
    const std::optional<Header> back = read_header(pieces, format, {});
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->width, 64);
    EXPECT_EQ(back->encoder_exit, 3);
    EXPECT_EQ(back->map.tokens, header.map.tokens);
  }
  Header decided;
  decided.label = 63;
  const std::vector<SideInfo> pieces = write_header(decided, format);
  EXPECT_EQ(read_header(std::vector<Bits>{pieces[0].bits}, format, {})->label, 63);
}

TEST(PooledCodec, RefusesWhatMakesNoSense) {
  const auto expect_refused = [](const std::string& part, const Rate& rate) {
    expect_error(ErrorCode::bad_scenario, part, [&] { AdaptiveCodec(lively_model(small_config()), rate); });
  };
  expect_refused("codec.keep_ratio", {.keep_ratio = 0.5});
  for (const Selector& selector : selectors())
    if (selector.name != "learned") expect_refused("codec.selection", {.selection = std::string(selector.name)});

  NetworkConfig classifier = small_config();
  classifier.task = "classification";
  expect_error(ErrorCode::bad_scenario, "network.pooled_tokens", [&] { classifier.check(); });
  NetworkConfig late = small_config();
  late.pool_after = late.encoder_blocks;
  expect_error(ErrorCode::bad_scenario, "network.pool_after", [&] { late.check(); });
}

// Position
// -----------------------------------------------------------------------------------------------------------------

/// A network that is nothing but its pooling and a linear code of three colours per token: the blocks of a new network
/// do nothing, and its heads are silenced. With `places`, its tables are those a training starts from.
Model colour_model(bool places, Index pool_after = 1) {
  NetworkConfig config = small_config();
  config.pool_after = pool_after;
  config.margin = 0;
  const Network network(config);
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  const auto slot = [&](const char* name) {
    return nn::view(values, network.layout().slot(network.layout().find(name)));
  };
  slot("encoder.2.symbols.weight").setZero();
  slot("encoder.bypass.weight").setZero();
  slot("decoder.bypass.weight").setZero();
  for (Index pixel = 0; pixel < 16; ++pixel)
    for (Index colour = 0; colour < 3; ++colour) {
      slot("encoder.bypass.weight")(3 * pixel + colour, colour) = 1.0F / 16;
      slot("decoder.bypass.weight")(colour, 3 * pixel + colour) = 1;
    }
  if (places) network.token_pool().set_start(network.layout(), values);
  return {config, std::move(values), "abc"};
}

/// One colour per token, at random; the token grid shifted round by (dy, dx), or mirrored.
Sample colour_image(Index dy, Index dx, bool mirrored = false) {
  const RowMatrix<double> colours = test::random_matrix(64, 3, 9, 0.1);
  Sample sample;
  sample.image = {32, 32, {}};
  for (Index y = 0; y < 32; ++y)
    for (Index x = 0; x < 32; ++x) {
      const Index from_x = ((mirrored ? 31 - x : x) / 4 + 8 - dx) % 8, from_y = (y / 4 + 8 - dy) % 8;
      for (Index c = 0; c < 3; ++c)
        sample.image.values.push_back(0.5F + static_cast<float>(colours(from_y * 8 + from_x, c)));
    }
  return sample;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double u = static_cast<double>(a[i]) - 0.5, v = static_cast<double>(b[i]) - 0.5;
    ab += u * v;
    aa += u * u;
    bb += v * v;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(PooledPosition, OutputFollowsTheContent) {
  const AdaptiveCodec codec(colour_model(true), {});
  for (const auto& [dy, dx] : {std::pair<Index, Index>{0, 0}, {0, 1}, {1, 0}, {3, 5}}) {
    const std::vector<float> shown = travel(codec, colour_image(dy, dx)).output.image.values;
    for (Index y = 0; y < 8; ++y)
      for (Index x = 0; x < 8; ++x) {
        const double like = correlation(shown, colour_image(y, x).image.values);
        if (y == dy && x == dx)
          EXPECT_GT(like, 0.9);
        else
          EXPECT_LT(like, 0.5);
      }
    EXPECT_LT(correlation(shown, colour_image(dy, dx, true).image.values), 0.5);
  }
}

/// Four windows, pooled from the order that a block with shifted windows left.
TEST(PooledPosition, HoldsInEveryWindow) {
  Sample sample;
  sample.image = {64, 64, {}};
  const RowMatrix<double> colours = test::random_matrix(256, 3, 9, 0.1);
  for (Index y = 0; y < 64; ++y)
    for (Index x = 0; x < 64; ++x)
      for (Index c = 0; c < 3; ++c)
        sample.image.values.push_back(0.5F + static_cast<float>(colours(y / 4 * 16 + x / 4, c)));
  const Trip trip = travel(AdaptiveCodec(colour_model(true, 2), {}), sample);
  EXPECT_GT(correlation(trip.output.image.values, sample.image.values), 0.9);
}

/// The pitfall itself: without its tables of places the pooling takes tokens for a set, and the receiver cannot tell an
/// image from its mirror image.
TEST(PooledPosition, IsLostWithoutTables) {
  const AdaptiveCodec codec(colour_model(false), {});
  const Payload one = travel(codec, colour_image(0, 0)).payload,
                other = travel(codec, colour_image(0, 0, true)).payload;
  EXPECT_LT((one.symbols - other.symbols).cwiseAbs().maxCoeff(), 1e-4);  // sums in another order
  const AdaptiveCodec with(colour_model(true), {});
  const Payload a = travel(with, colour_image(0, 0)).payload, b = travel(with, colour_image(0, 0, true)).payload;
  EXPECT_GT((a.symbols - b.symbols).cwiseAbs().maxCoeff(), 0.5);
}

}  // namespace
}  // namespace semlink::adaptive
