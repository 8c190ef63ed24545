#include <semlink/codecs/adaptive/depth/depth.h>

#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/adaptive/depth/aggregate.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/core/error.h>

#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

NetworkConfig small_config(std::string_view depth) {
  NetworkConfig config;
  config.dim = 16;
  config.num_heads = 2;
  config.mlp_ratio = 2;
  config.condition_dim = 8;
  config.encoder_blocks = 1;
  config.select_after = 0;
  config.decoder_blocks = 4;
  config.max_width = 2;
  config.depth = depth;
  return config;
}

/// Values that make every block, gate and head do something.
nn::FlatVector<float> lively_values(const Network& network, double scale = 0.1) {
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  Stream stream(5, Purpose::init, 0);
  for (float& value : values) value += static_cast<float>(scale) * stream.normal();
  return values;
}

/// A decoder that has received some images, with what it needs to go on.
template <typename T>
struct Reception {
  Reception(const Network& network, const nn::FlatVector<T>& values, std::vector<Grid> image_grids,
            const RowMatrix<T>& description, const std::vector<double>& snr_db, bool records = false)
      : grids(std::move(image_grids)), tape(records), context{tape, network.layout(), values, nullptr, &ledger} {
    std::vector<Condition> conditions;
    for (const double snr : snr_db) conditions.push_back({snr, 2, 1, 1});
    places = raster_places(grids);
    condition = network.decoder_condition(context, conditions);
    received = nn::input<T>(context, description);
    linear = network.linear_pixels(context, received, condition, places, grids);
    this->network = &network;
  }

  std::unique_ptr<DepthRun<T>> start(const DepthOptions& options = {}, const DepthTraining* training = nullptr) {
    return start_depth<T>({context, *network, condition, grids, options, training},
                          network->receive(context, received, places, grids));
  }

  const Network* network;
  std::vector<Grid> grids;
  MacLedger ledger;
  nn::Tape<T> tape;
  Context<T> context;
  std::vector<TokenPlace> places;
  Var<T> condition, received, linear;
};

constexpr Index kTokens = 64;

RowMatrix<float> description_of(Index tokens, std::uint64_t seed) {
  return test::random_matrix(tokens, 6, seed).cast<float>();
}

/// A way of one image to its end.
struct Trip {
  RowMatrix<float> image;
  double depth = 0;
  std::int64_t macs = 0;  ///< of the blocks and what decides about them
};

Trip travel(const Network& network, const nn::FlatVector<float>& values, const DepthOptions& options = {}) {
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start(options);
  const std::int64_t before = reception.ledger.macs;
  while (!way->finished()) way->advance();
  const std::int64_t macs = reception.ledger.macs - before;
  return {way->pixels(reception.linear).value(), way->depth(0), macs};
}

class EveryMechanism : public testing::TestWithParam<std::string> {};

TEST_P(EveryMechanism, HasGradients) {
  NetworkConfig config = small_config(GetParam());
  config.dim = 8;
  config.condition_dim = 4;
  config.decoder_blocks = 2;
  config.patch = 2;
  config.margin = 1;
  const Network network(config);
  const std::vector<Grid> grids = {{2, 2}, {1, 3}};
  const std::vector<TokenPlace> places = raster_places(grids);
  const DepthMechanism& mechanism = find_depth_mechanism(GetParam());
  DepthTraining training;
  if (mechanism.draws == nn::Choice::each) training.sampler = &nn::find_sampler("binary_concrete");
  if (mechanism.draws == nn::Choice::one) training.sampler = &nn::find_sampler("gumbel_softmax");
  if (mechanism.draws == nn::Choice::some) training.sampler = &nn::find_sampler("relaxed_top_k");
  test::expect_gradients(
      network.layout(), {test::random_matrix(7, 6, 1)},
      [&](Context<double>& context, const std::vector<Var<double>>& in) {
        Stream stream(2, Purpose::user, 0);
        training.query.stream = &stream;
        const Var<double> condition = network.decoder_condition(context, {{10.0, 2, 0.75, 1}, {3.0, 1, 1, 1}});
        const Var<double> linear = network.linear_pixels(context, in[0], condition, places, grids);
        const auto way = start_depth<double>({context, network, condition, grids, {}, &training},
                                             network.receive(context, in[0], places, grids));
        way->advance();
        const Var<double> early = way->pixels(linear);
        way->advance();
        const Var<double> late = way->pixels(linear);
        std::vector<Var<double>> columns = way->exit_shares();
        if (!way->usage().empty()) columns.push_back(way->usage());
        for (const Var<double>& share : way->state_shares()) columns.push_back(share);
        // Everything side by side in one matrix of three columns, as the check wants it.
        std::vector<Var<double>> parts{early, late};
        for (const Var<double>& column : columns)
          for (Index c = 0; c < 3; ++c) parts.push_back(test::multiply(context, column, RowMatrix<double>::Ones(1, 3)));
        return nn::concat_rows(context, parts);
      },
      0.3);
}

TEST_P(EveryMechanism, StackedEqualsSingle) {
  NetworkConfig config = small_config(GetParam());
  config.dim = 32;
  const Network network(config);
  const nn::FlatVector<float> values = lively_values(network);
  const RowMatrix<float> both = description_of(2 * kTokens, 3);
  Reception<float> stacked(network, values, {{8, 8}, {8, 8}}, both, {15, -3});
  Reception<float> first(network, values, {{8, 8}}, both.topRows(kTokens), {15});
  Reception<float> second(network, values, {{8, 8}}, both.bottomRows(kTokens), {-3});
  const auto a = stacked.start(), b = first.start(), c = second.start();
  for (Index block = 0; block < 4; ++block) {
    for (DepthRun<float>* way : {a.get(), b.get(), c.get()}) way->advance();
    // A way that has ended shows its last exit; stacked ones end together.
    if (block < 3 && (b->finished() || c->finished())) continue;
    const RowMatrix<float> image = a->pixels(stacked.linear).value();
    EXPECT_EQ(image.topRows(1024), RowMatrix<float>(b->pixels(first.linear).value()));
    EXPECT_EQ(image.bottomRows(1024), RowMatrix<float>(c->pixels(second.linear).value()));
  }
  EXPECT_EQ(a->depth(0), b->depth(0));
  EXPECT_EQ(a->depth(1), c->depth(0));
}

TEST_P(EveryMechanism, WorksOverSeveralWindows) {
  const Network network(small_config(GetParam()));
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{12, 20}}, description_of(240, 3), {7});
  const auto way = reception.start();
  while (!way->finished()) way->advance();
  EXPECT_TRUE(way->pixels(reception.linear).value().allFinite());
  EXPECT_LE(way->depth(0), 4);
}

TEST_P(EveryMechanism, FullDepthRunsEverything) {
  const Network network(small_config(GetParam()));
  const nn::FlatVector<float> values = lively_values(network);
  DepthOptions options;
  options.full = true;
  const Trip trip = travel(network, values, options);
  EXPECT_EQ(trip.depth, 4);
  EXPECT_EQ(trip.macs, 4 * (8 * 4 * 16 + kTokens * 8 * 16 * 16 + 2 * kTokens * kTokens * 16));
}

std::vector<std::string> mechanism_names() {
  std::vector<std::string> names;
  for (const DepthMechanism& mechanism : depth_mechanisms()) names.emplace_back(mechanism.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Mechanisms, EveryMechanism, testing::ValuesIn(mechanism_names()),
                         [](const auto& info) { return info.param; });

TEST(Exits, RunTheBlocksThemselves) {
  const Network network(small_config("exits"));
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{12, 20}}, description_of(240, 3), {7});
  Tokens<float> tokens = network.receive(reception.context, reception.received, reception.places, reception.grids);
  for (Index block = 0; block < 4; ++block)
    network.decoder_block(reception.context, block, tokens, reception.condition,
                          window_shift(reception.grids.front(), block));
  const Var<float> image =
      network.pixels(reception.context, 4, tokens, reception.condition, reception.linear, reception.grids);
  const auto way = reception.start();
  while (!way->finished()) way->advance();
  EXPECT_EQ(RowMatrix<float>(way->pixels(reception.linear).value()), RowMatrix<float>(image.value()));
}

TEST(Planned, RunsWhatItsGateChose) {
  const Network network(small_config("planned"));
  nn::FlatVector<float> values = lively_values(network);
  const nn::Slot& bias = network.layout().slot(network.layout().find("decoder.plan.down.bias"));
  for (Index chosen = 0; chosen <= 4; ++chosen) {
    nn::view(values, bias).setZero();
    nn::view(values, bias)(0, chosen) = 1000;
    const Trip trip = travel(network, values);
    EXPECT_EQ(trip.depth, chosen);
    const std::int64_t block = 8 * 4 * 16 + kTokens * 8 * 16 * 16 + 2 * kTokens * kTokens * 16;
    EXPECT_EQ(trip.macs, chosen * block + 8 * 2 * 16 + 16 * 8 + 8 * 5);
  }
}

constexpr std::int64_t kGateMacs = 8 * 2 * 16 + 16 * 8 + 8;  // scale and shift, then two layers on pooled features

TEST(Skip, AClosedGateCostsItsOwnMacsAndNoMore) {
  const Network network(small_config("skip"));
  const nn::FlatVector<float> values = lively_values(network);
  DepthOptions closed;
  closed.skip_threshold = 1;
  const Trip trip = travel(network, values, closed);
  EXPECT_EQ(trip.macs, 4 * kGateMacs);
  EXPECT_EQ(trip.depth, 0);
}

TEST(Skip, OpenGatesGiveTheFullNetwork) {
  const Network network(small_config("skip"));
  const nn::FlatVector<float> values = lively_values(network);
  DepthOptions open, full;
  open.skip_threshold = 0;
  full.full = true;
  const Trip gated = travel(network, values, open), dense = travel(network, values, full);
  EXPECT_EQ(gated.image, dense.image);
  EXPECT_EQ(gated.macs, dense.macs + 4 * kGateMacs);
  EXPECT_EQ(gated.depth, 4);
}

TEST(Skip, ForeseesWhatAnOpenBlockCosts) {
  const Network network(small_config("skip"));
  const nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);  // gates open
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start();
  const std::int64_t foreseen = way->macs_next(), before = reception.ledger.macs;
  way->advance();
  EXPECT_EQ(reception.ledger.macs - before, foreseen);
}

TEST(MixtureOfDepths, TakesItsShareAndLeavesTheRestAlone) {
  const Network network(small_config("mod"));
  const nn::FlatVector<float> values = lively_values(network);
  DepthOptions options;
  options.mod_share = 0.25;
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start(options);
  const RowMatrix<float> before = way->output().x.value();
  const std::int64_t foreseen = way->macs_next(), counted = reception.ledger.macs;
  way->advance();
  const RowMatrix<float> after = way->output().x.value();
  Index changed = 0;
  for (Index row = 0; row < kTokens; ++row) changed += before.row(row) != after.row(row) ? 1 : 0;
  EXPECT_EQ(changed, 16);
  EXPECT_EQ(way->depth(0), 0.25);
  // One window: the forecast is exact. 16 of 64 tokens, their router on all of them.
  EXPECT_EQ(foreseen, 8 * 4 * 16 / 4 + 16 * 8 * 16 * 16 + 2 * 16 * 16 * 16 + kTokens * 16 + 8 * 2 * 16);
  EXPECT_EQ(reception.ledger.macs - counted, foreseen + 8 * 4 * 16 * 3 / 4);  // a block's own scales are per sample
}

TEST(MixtureOfDepths, CostFollowsTheShare) {
  const Network network(small_config("mod"));
  const nn::FlatVector<float> values = lively_values(network);
  std::int64_t previous = 0;
  for (const double share : {0.125, 0.25, 0.5, 1.0}) {
    DepthOptions options;
    options.mod_share = share;
    const Trip trip = travel(network, values, options);
    EXPECT_EQ(trip.depth, 4 * share);
    EXPECT_GT(trip.macs, previous);
    previous = trip.macs;
  }
}

/// Blocks of a new network change nothing: a token's states are all the same, so their mean is that state exactly when
/// its shares sum to one.
TEST(Halting, SharesOfATokenSumToOne) {
  const Network network(small_config("halting"));
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  for (const nn::Slot& slot : network.layout().slots())
    if (slot.name.find(".halt") != std::string::npos)
      nn::view(values, slot) = test::random_matrix(slot.rows, slot.cols, 4, 0.4).cast<float>();
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start();
  const RowMatrix<float> state = way->output().x.value();
  for (Index block = 0; block < 4; ++block) {
    way->advance();
    const float eps = 8 * std::numeric_limits<float>::epsilon() * state.cwiseAbs().maxCoeff();
    EXPECT_LT((way->output().x.value() - state).cwiseAbs().maxCoeff(), eps);
  }
  EXPECT_GT(way->depth(0), 0);
  EXPECT_LT(way->depth(0), 4);  // some halted
}

/// The same in a training, over all tokens.
TEST(Halting, SharesOfStatesSumToOneOverAllTokens) {
  const Network network(small_config("halting"));
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const DepthTraining training;
  const auto way = reception.start({}, &training);
  for (Index block = 0; block < 4; ++block) {
    const std::vector<Var<float>> shares = way->state_shares();
    double sum = 0;
    for (const Var<float>& share : shares) sum += static_cast<double>(share.value()(0, 0));
    EXPECT_EQ(static_cast<Index>(shares.size()), block + 1);
    EXPECT_NEAR(sum, 1, 1e-6);
    way->advance();
  }
}

TEST(Pondering, ProbabilitiesOfTheExitsSumToOne) {
  const Network network(small_config("pondering"));
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const DepthTraining training;
  const auto way = reception.start({}, &training);
  for (Index block = 0; block < 4; ++block) {
    RowMatrix<float> sum = RowMatrix<float>::Zero(kTokens, 1);
    for (const Var<float>& share : way->exit_shares()) sum += share.value();
    EXPECT_LT((sum.array() - 1).abs().maxCoeff(), 1e-6);
    way->advance();
  }
}

class EveryHalting : public testing::TestWithParam<std::string> {};

TEST_P(EveryHalting, TokensThatLeaveEarlierCostLess) {
  const Network network(small_config(GetParam()));
  const nn::FlatVector<float> values = lively_values(network);
  Trip previous;
  for (const double sum : {0.01, 0.3, 0.6, 0.99}) {
    DepthOptions options;
    options.halt_at = sum;
    const Trip trip = travel(network, values, options);
    EXPECT_GE(trip.depth, previous.depth);
    EXPECT_GE(trip.macs, previous.macs);
    previous = trip;
  }
  EXPECT_LT(travel(network, values, {.halt_at = 0.01}).macs, previous.macs);
}

TEST_P(EveryHalting, ForeseesItsCost) {
  const Network network(small_config(GetParam()));
  const nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);  // nobody halts at once
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start();
  const std::int64_t foreseen = way->macs_next(), before = reception.ledger.macs;
  way->advance();
  EXPECT_EQ(reception.ledger.macs - before, foreseen);
}

TEST_P(EveryHalting, WhenAllHaveLeftNothingMoreIsComputed) {
  const Network network(small_config(GetParam()));
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{8, 8}}, description_of(kTokens, 3), {7});
  const auto way = reception.start({.halt_at = 1e-6});
  EXPECT_FALSE(way->finished());
  way->advance();
  EXPECT_TRUE(way->finished());
  EXPECT_EQ(way->depth(0), 0);
  EXPECT_EQ(way->exit(), 4);
  const std::int64_t before = reception.ledger.macs;
  way->advance();
  EXPECT_EQ(reception.ledger.macs, before);
}

INSTANTIATE_TEST_SUITE_P(Mechanisms, EveryHalting, testing::Values("halting", "pondering"),
                         [](const auto& info) { return info.param; });

TEST(Aggregate, IsTheMeanOfAllExitsByItsShares) {
  NetworkConfig config = small_config("exits");
  config.aggregate = true;
  const Network network(config);
  const nn::FlatVector<float> values = lively_values(network);
  Reception<float> reception(network, values, {{8, 8}, {8, 8}}, description_of(2 * kTokens, 3), {15, -3});
  const auto way = reception.start();
  Aggregate<float> aggregate(reception.context, network, reception.condition, reception.grids);
  std::vector<RowMatrix<float>> images;
  for (Index block = 0; block < 4; ++block) {
    const Var<float> image = way->pixels(reception.linear);
    images.emplace_back(image.value());
    aggregate.pass(*way, image);
    way->advance();
  }
  const Var<float> last = way->pixels(reception.linear);
  images.emplace_back(last.value());
  const RowMatrix<float> mean = aggregate.finish(last).value();
  for (Index s = 0; s < 2; ++s) {
    const std::vector<double> shares = aggregate.shares(s);
    ASSERT_EQ(shares.size(), 5U);
    RowMatrix<double> expected = RowMatrix<double>::Zero(1024, 3);
    double sum = 0;
    for (std::size_t exit = 0; exit < 5; ++exit) {
      EXPECT_GT(shares[exit], 0);
      sum += shares[exit];
      expected += shares[exit] * images[exit].middleRows(1024 * s, 1024).cast<double>();
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_LT((mean.middleRows(1024 * s, 1024).cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-5);
  }
}

/// A codec of untrained but lively values, sent over a perfect link.
Output decode(const NetworkConfig& config, const DepthOptions& options, std::int64_t* macs = nullptr) {
  const Network network(config);
  const AdaptiveCodec codec({config, lively_values(network), ""}, {1.0 / 24, 1, "learned"}, options);
  Sample sample;
  sample.image = {32, 32, std::vector<float>(3072)};
  Stream stream(1, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  MacLedger encoder, decoder;
  const AlwaysOpen open;
  EncodeWork encode{10.0, open, encoder, {1, 2, 0}, [](Index bits) { return bits; }};
  const Payload payload = codec.encode(sample, encode);
  Received received;
  received.symbols = payload.symbols;
  received.noise_var = Eigen::VectorXf::Constant(payload.symbols.rows(), 0.1F);
  received.header_ok = true;
  for (const SideInfo& piece : payload.side_info) received.side_info.push_back(piece.bits);
  received.quality = {10, 0.1};
  DecodeWork work{open, decoder, {1, 2, 0}, 32, 32};
  Output output = codec.decode(received, work);
  if (macs != nullptr) *macs = decoder.macs;
  return output;
}

TEST(DepthInACodec, IsReported) {
  const Output output = decode(small_config("mod"), {.mod_share = 0.25});
  EXPECT_EQ(output.decoder_depth, 1);
  EXPECT_EQ(output.exit_index, 4);
}

TEST(DepthInACodec, AggregateCostsAllHeadsAndShowsAnotherImage) {
  NetworkConfig config = small_config("exits");
  config.aggregate = true;
  std::int64_t plain = 0, all = 0;
  const Output one = decode(config, {}, &plain), mean = decode(config, {.aggregate = true}, &all);
  EXPECT_NE(one.image.values, mean.image.values);
  const std::int64_t head = 8 * 2 * 16 + kTokens * 16 * config.patch_reals();
  EXPECT_EQ(all - plain, 4 * (head + kGateMacs));
}

TEST(DepthInACodec, OptionsThatDoNotFitTheNetworkAreRefused) {
  const auto refused = [](std::string_view depth, const DepthOptions& options) {
    EXPECT_THROW(decode(small_config(depth), options), Error);
  };
  refused("exits", {.full = true});
  refused("mod", {.skip_threshold = 0.4});
  refused("skip", {.mod_share = 0.4});
  refused("skip", {.halt_at = 0.4});
  refused("halting", {.aggregate = true});
}

}  // namespace
}  // namespace semlink::adaptive
