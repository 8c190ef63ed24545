#include <gtest/gtest.h>

#include <array>

#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/fixed_depth.h>

#include "codecs/adaptive/pooled_network.h"
#include "support/expect_error.h"
#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

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

constexpr std::int64_t block_macs(std::int64_t rows) { return 8 * 4 * 16 + rows * 12 * 16 * 16 + 2 * rows * rows * 16; }

TEST(PooledCodec, LaterPoolingCostsSoMuchMore) {
  const Sample sample = noise_image(32, 32);
  std::vector<std::int64_t> macs;
  for (const Index after : {0, 1, 2}) {
    NetworkConfig config = pooled_config();
    config.pool_after = after;
    const Trip trip = travel(AdaptiveCodec(lively_model(config), {}), sample);
    macs.push_back(trip.encoder.macs);
    EXPECT_EQ(trip.payload.encoder_depth, static_cast<double>(after) + static_cast<double>(3 - after) * 16 / 64);
  }
  EXPECT_EQ(macs[1] - macs[0], block_macs(64) - block_macs(16));
  EXPECT_EQ(macs[2] - macs[1], block_macs(64) - block_macs(16));
  NetworkConfig none = pooled_config(0);
  EXPECT_LT(macs[1], travel(AdaptiveCodec(lively_model(none), {}), sample).encoder.macs);
}

TEST(PooledCodec, SendsAllRowsWithoutAMapAtTheWidestThatFits) {
  const Sample sample = noise_image(32, 32);
  const auto symbols = [&](Index pooled, double ratio, Index max_width = 16) {
    const AdaptiveCodec codec(lively_model(pooled_config(pooled)), {.bandwidth_ratio = ratio, .max_width = max_width});
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
  const AdaptiveCodec codec(lively_model(pooled_config()), {.bandwidth_ratio = 15.0 / 3072});
  const Trip trip = travel(codec, noise_image(32, 32));
  EXPECT_EQ(trip.payload.symbols.rows(), 0);
  EXPECT_EQ(trip.output.decoder_depth, 0);
}

TEST(PooledCodec, WorksOverWindowsOfAllSizes) {
  for (const auto& [height, width, rows] :
       {std::array<Index, 3>{64, 64, 64}, {48, 32, 24}, {20, 12, 6}, {36, 32, 20}}) {
    const Trip trip = travel(AdaptiveCodec(lively_model(pooled_config()), {}), noise_image(height, width));
    EXPECT_EQ(trip.payload.tokens_kept, rows) << height;
    EXPECT_LE(trip.payload.symbols.rows(), std::llround(height * width / 4.0));
    EXPECT_EQ(trip.output.decoder_depth, 2);
    EXPECT_EQ(trip.output.image.values.size(), static_cast<std::size_t>(3 * height * width));
    for (const float value : trip.output.image.values) EXPECT_TRUE(std::isfinite(value));
  }
}

/// Packed weights and the policy's way through the encoder change nothing: the same layers, called one by one.
TEST(PooledCodec, SendsWhatTheNetworkGives) {
  const NetworkConfig config = pooled_config();
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
  NetworkConfig config = pooled_config();
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
      NetworkConfig config = pooled_config();
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
  NetworkConfig config = pooled_config();
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
  const AdaptiveCodec codec(lively_model(pooled_config()), {});
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
    return next_header_bits({}, HeaderFormat(find_selector("learned"), pooled_config(pooled)));
  };
  EXPECT_EQ(first_bits(0), 14);
  EXPECT_EQ(first_bits(64), 14);
  EXPECT_EQ(first_bits(16), 16);
  EXPECT_EQ(first_bits(12), 17);  // six parts
  NetworkConfig config = pooled_config();
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
    expect_error(ErrorCode::bad_scenario, part, [&] { AdaptiveCodec(lively_model(pooled_config()), rate); });
  };
  expect_refused("codec.keep_ratio", {.keep_ratio = 0.5});
  for (const Selector& selector : selectors())
    if (selector.name != "learned") expect_refused("codec.selection", {.selection = std::string(selector.name)});

  NetworkConfig classifier = pooled_config();
  classifier.task = "classification";
  expect_error(ErrorCode::bad_scenario, "network.pooled_tokens", [&] { classifier.check(); });
  NetworkConfig late = pooled_config();
  late.pool_after = late.encoder_blocks;
  expect_error(ErrorCode::bad_scenario, "network.pool_after", [&] { late.check(); });
}

// Position
// -----------------------------------------------------------------------------------------------------------------

/// A network that is nothing but its pooling and a linear code of three colours per token: the blocks of a new network
/// do nothing, and its heads are silenced. With `places`, its tables are those a training starts from.
Model colour_model(bool places, Index pool_after = 1) {
  NetworkConfig config = pooled_config();
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
