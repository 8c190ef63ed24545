#include <gtest/gtest.h>

#include <set>

#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/confidence.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/gates/patience.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/core/error.h>

#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

NetworkConfig small_config(const std::string& task) {
  NetworkConfig config;
  config.dim = 8;
  config.num_heads = 2;
  config.mlp_ratio = 2;
  config.condition_dim = 4;
  config.encoder_blocks = 2;
  config.decoder_blocks = 2;
  config.max_width = 2;
  config.task = task;
  config.num_classes = 5;
  return config;
}

/// An untrained network whose heads have values, so that classes differ.
Model small_model(const std::string& task) {
  const NetworkConfig config = small_config(task);
  const Network network(config);
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  for (const nn::Slot& slot : network.layout().slots())
    if (slot.name.find("classes") != std::string::npos)
      nn::view(values, slot) =
          test::random_matrix(slot.rows, slot.cols, static_cast<std::uint64_t>(slot.offset), 1).cast<float>();
  return {config, values, "abc"};
}

Sample noise_image(std::uint64_t seed) {
  Sample sample;
  sample.image = {32, 32, std::vector<float>(3072)};
  Stream stream(seed, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  return sample;
}

/// What a codec sends over a link without noise, and what comes out.
struct Trip {
  Payload payload;
  Output output;
  MacLedger encoder;
  MacLedger decoder;
};

Trip travel(const AdaptiveCodec& codec, const Sample& sample, const GatePolicy& encoder_gate, const GatePolicy& gate,
            bool header_ok = true) {
  Trip trip;
  const TrialRng rng{1, 2, 0};
  EncodeWork encode{10.0, encoder_gate, trip.encoder, rng, [](Index bits) { return bits; }};
  trip.payload = codec.encode(sample, encode);
  Received received;
  received.header_ok = header_ok;
  if (header_ok) {
    received.symbols = trip.payload.symbols;
    for (const SideInfo& piece : trip.payload.side_info) received.side_info.push_back(piece.bits);
  }
  received.noise_var = Eigen::VectorXf::Constant(received.symbols.rows(), 0.1F);
  received.quality = {10, 0.1};
  DecodeWork decode{gate, trip.decoder, rng, sample.image.height, sample.image.width};
  trip.output = codec.decode(received, decode);
  return trip;
}

constexpr Rate kRate{.bandwidth_ratio = 1.0 / 24, .keep_ratio = 0.25, .selection = "uniform"};

/// Encoder with its class heads and the probe, power constraint, decoder with its class heads.
TEST(Classifier, GradientOfTheWholeTransceiver) {
  NetworkConfig config = small_config("classification");
  config.patch = 2;
  config.margin = 1;
  const Network network(config);
  const std::vector<Grid> grids = {{2, 2}, {1, 3}};
  const RowMatrix<double> patches = test::random_matrix(7, config.patch_reals(), 1, 0.3);
  const std::vector<Condition> conditions = {{10.0, 2, 0.75, 2}, {std::nullopt, 1, 1, 2}};
  test::expect_gradients(
      network.layout(), {},
      [&](nn::Context<double>& context, const std::vector<Var<double>>&) {
        const Var<double> condition = network.encoder_condition(context, conditions);
        Tokens<double> tokens = network.embed<double>(context, patches, grids);
        network.encoder_block(context, 0, tokens, condition, 0);
        network.keep(context, tokens, {0, 2, 3, 4, 5, 6});
        const Var<double> early = network.encoder_classes(context, 1, tokens, condition);
        network.encoder_block(context, 1, tokens, condition, 0);
        const Var<double> symbols = network.symbols(context, 2, tokens, condition, {2, 1});
        RowMatrix<double> spread = RowMatrix<double>::Zero(4, 6);
        spread.leftCols(4).setIdentity();
        const Var<double> received = test::multiply(context, symbols, spread);
        const Var<double> decoder = network.decoder_condition(context, conditions);
        Tokens<double> at_receiver = network.receive(context, received, tokens.layout.places, grids);
        const Var<double> first = network.classes(context, 0, at_receiver, decoder);
        network.decoder_block(context, 0, at_receiver, decoder, 4);
        return nn::concat_rows(context, {early, first, network.classes(context, 1, at_receiver, decoder)});
      },
      0.3);
}

/// The probe teaches the scorer and nobody else.
TEST(Classifier, ProbeBendsNobodyElse) {
  const Network network(small_config("classification"));
  nn::FlatVector<double> parameters = nn::FlatVector<double>::Zero(network.layout().size());
  for (std::size_t i = 0; i < network.layout().slots().size(); ++i) {
    const nn::Slot& slot = network.layout().slots()[i];
    nn::view(parameters, slot) = test::random_matrix(slot.rows, slot.cols, i, 0.3);
  }
  nn::FlatVector<double> gradients = nn::FlatVector<double>::Zero(network.layout().size());
  nn::Tape<double> tape(true);
  nn::Context<double> context{tape, network.layout(), parameters, &gradients};
  const RowMatrix<double> patches = test::random_matrix(4, network.config().patch_reals(), 1, 0.3);
  Tokens<double> tokens = network.embed<double>(context, patches, {{2, 2}});
  const Var<double> logits = network.probe_classes(context, tokens, network.token_scores(context, tokens));
  tape.backward(nn::squared_error<double>(context, logits, std::vector<double>(5, 0.0), {1.0}));
  for (const nn::Slot& slot : network.layout().slots()) {
    const bool own = slot.name.starts_with("encoder.score") || slot.name.starts_with("encoder.probe");
    const bool shifts_all_scores = slot.name == "encoder.score.bias";  // a softmax does not see it
    EXPECT_EQ(nn::view(gradients, slot).norm() > 1e-12, own && !shifts_all_scores) << slot.name;
  }
}

TEST(Classifier, GivesClassesAndNoImage) {
  const AdaptiveCodec codec(small_model("classification"), kRate);
  const Trip trip = travel(codec, noise_image(1), AlwaysOpen(), AlwaysOpen());
  EXPECT_TRUE(trip.output.image.values.empty());
  EXPECT_EQ(trip.output.logits.size(), 5);
  EXPECT_EQ(trip.output.label, -1);
  EXPECT_EQ(trip.payload.symbols.rows(), 32);
}

TEST(Classifier, BothTasksGiveBoth) {
  const AdaptiveCodec codec(small_model("both"), kRate);
  const Trip trip = travel(codec, noise_image(1), AlwaysOpen(), AlwaysOpen());
  EXPECT_EQ(trip.output.image.values.size(), 3072U);
  EXPECT_EQ(trip.output.logits.size(), 5);
}

/// A pure classifier fills no gaps: what was not sent costs the receiver nothing.
TEST(Classifier, ReceiverWorksOnWhatItGot) {
  const AdaptiveCodec codec(small_model("classification"), kRate);
  const auto macs = [&](Index depth) {
    return travel(codec, noise_image(1), AlwaysOpen(), FixedDepth(depth)).decoder.macs;
  };
  const std::int64_t dim = 8, condition = 4, tokens = 16;
  const std::int64_t block = condition * 4 * dim + tokens * (4 + 4) * dim * dim + 2 * tokens * tokens * dim;
  EXPECT_EQ(macs(2) - macs(1), block);
  EXPECT_EQ(macs(1) - macs(0), block);
}

TEST(Classifier, AClosedGateCostsOnlyItsHead) {
  const AdaptiveCodec codec(small_model("classification"), kRate);
  const Trip closed = travel(codec, noise_image(1), AlwaysOpen(), Confidence(0));
  const Trip none = travel(codec, noise_image(1), AlwaysOpen(), FixedDepth(0));
  EXPECT_EQ(closed.decoder.macs, none.decoder.macs);  // its only head is the one that answers
  EXPECT_EQ(closed.output.logits, none.output.logits);
  const Trip open = travel(codec, noise_image(1), AlwaysOpen(), Confidence(1.01));
  const Trip all = travel(codec, noise_image(1), AlwaysOpen(), AlwaysOpen());
  const std::int64_t head = 4 * 2 * 8 + 8 * 5;  // film and scores; the average is no product
  EXPECT_EQ(open.decoder.macs, all.decoder.macs + 2 * head);
  EXPECT_EQ(open.output.logits, all.output.logits);
}

/// Two experts, one of which every token wants: without room for all of them the rest is told, not lost in silence.
TEST(Experts, OverflowIsReported) {
  const auto output = [](double capacity) {
    NetworkConfig config = small_config("reconstruction");
    config.experts = 2;
    config.expert_capacity = capacity;
    const Network network(config);
    nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
    for (const nn::Slot& slot : network.layout().slots())
      if (slot.name.ends_with("router.bias")) nn::view(values, slot)(0, 1) = 100;
    return travel(AdaptiveCodec({config, values, ""}, kRate), noise_image(1), AlwaysOpen(), AlwaysOpen()).output;
  };
  EXPECT_EQ(output(0).expert_overflow, 0);
  EXPECT_EQ(output(0).expert_load, (std::vector<double>{0, 1}));
  EXPECT_EQ(output(1).expert_overflow, 0.5);  // 32 of 64 tokens in each block
  EXPECT_EQ(output(1.5).expert_overflow, 0.25);
  EXPECT_EQ(output(2).expert_overflow, 0);
}

TEST(LocalDecision, SendsTheClassInPlaceOfFeatures) {
  const AdaptiveCodec codec(small_model("classification"), kRate, {}, true);
  std::set<int> labels;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Trip trip = travel(codec, noise_image(seed), Confidence(0), AlwaysOpen());
    EXPECT_EQ(trip.payload.symbols.rows(), 0);
    ASSERT_EQ(trip.payload.side_info.size(), 1U);
    EXPECT_EQ(trip.payload.side_info.front().bits.size(), 14U);
    EXPECT_EQ(trip.payload.tokens_kept, 0);
    EXPECT_EQ(trip.decoder.macs, 0);
    EXPECT_EQ(trip.output.label, trip.payload.label);
    EXPECT_EQ(trip.output.logits.size(), 0);
    labels.insert(trip.output.label);
  }
  EXPECT_GE(*labels.begin(), 0);
  EXPECT_LT(*labels.rbegin(), 5);
  EXPECT_GT(labels.size(), 1U);
}

/// The class travels in the header: a budget without room for a token does not forbid it.
TEST(LocalDecision, NeedsNoBudgetForSymbols) {
  for (const std::string selection : {"uniform", "learned", "merge"}) {
    const Rate none{.bandwidth_ratio = 1e-4, .keep_ratio = 0.25, .selection = selection};
    const AdaptiveCodec codec(small_model("classification"), none, {}, true);
    const Trip sure = travel(codec, noise_image(1), Confidence(0), AlwaysOpen());
    EXPECT_GE(sure.output.label, 0) << selection;
    EXPECT_EQ(sure.payload.symbols.rows(), 0);
    const Trip unsure = travel(codec, noise_image(1), Confidence(1.01), AlwaysOpen());
    EXPECT_EQ(unsure.payload.label, -1);
    EXPECT_EQ(unsure.payload.symbols.rows(), 0);
    EXPECT_EQ(unsure.payload.tokens_kept, 0);
    EXPECT_GT(unsure.encoder.macs, sure.encoder.macs);
    EXPECT_EQ(unsure.output.logits, Eigen::VectorXf::Zero(5));
    // Without the right to decide there is nothing to work for.
    const AdaptiveCodec mute(small_model("classification"), none);
    EXPECT_EQ(travel(mute, noise_image(1), Confidence(0), AlwaysOpen()).encoder.macs, 0);
  }
}

TEST(LocalDecision, SendsFeaturesWhereItIsNotSure) {
  const AdaptiveCodec local(small_model("classification"), kRate, {}, true);
  const AdaptiveCodec remote(small_model("classification"), kRate);
  const Trip trip = travel(local, noise_image(1), Confidence(1.01), AlwaysOpen());
  EXPECT_EQ(trip.payload.label, -1);
  EXPECT_EQ(trip.output.logits, travel(remote, noise_image(1), AlwaysOpen(), AlwaysOpen()).output.logits);
}

/// Without the right to decide the same policy ends the encoder and sends what it has.
TEST(LocalDecision, IsAnotherThingThanAnEncoderExit) {
  const AdaptiveCodec codec(small_model("classification"), kRate);
  const Trip trip = travel(codec, noise_image(1), Confidence(0), AlwaysOpen());
  EXPECT_EQ(trip.payload.label, -1);
  EXPECT_EQ(trip.payload.symbols.rows(), 32);
  EXPECT_LT(trip.payload.encoder_depth,
            travel(codec, noise_image(1), AlwaysOpen(), AlwaysOpen()).payload.encoder_depth);
}

TEST(LocalDecision, AClassThatDoesNotExistIsNone) {
  // The same header at a network of two classes.
  Header header;
  header.label = 4;
  const std::vector<SideInfo> pieces = write_header(header, find_selector("uniform"));
  NetworkConfig config = small_config("both");
  config.num_classes = 2;
  const Network network(config);
  const AdaptiveCodec codec({config, nn::initial_parameters(network.layout(), 1), ""}, kRate);
  Received received;
  received.header_ok = true;
  received.side_info = {pieces.front().bits};
  MacLedger ledger;
  const AlwaysOpen gate;
  DecodeWork work{gate, ledger, TrialRng{}, 32, 32};
  const Output output = codec.decode(received, work);
  EXPECT_EQ(output.label, -1);
  EXPECT_EQ(output.logits, Eigen::VectorXf::Zero(2));
}

TEST(Classifier, WithoutAHeaderAllClassesAreEquallyLikely) {
  const AdaptiveCodec codec(small_model("both"), kRate);
  const Trip trip = travel(codec, noise_image(1), AlwaysOpen(), AlwaysOpen(), false);
  EXPECT_EQ(trip.output.logits, Eigen::VectorXf::Zero(5));
  EXPECT_EQ(trip.output.image.values, std::vector<float>(3072, 0.5F));
}

TEST(Header, CarriesEveryClass) {
  for (int label = 0; label < kMaxHeaderClasses; ++label) {
    Header header;
    header.label = label;
    const std::vector<SideInfo> pieces = write_header(header, find_selector("learned"));
    ASSERT_EQ(pieces.size(), 1U);
    const std::vector<Bits> read = {pieces.front().bits};
    EXPECT_EQ(next_header_bits(read, find_selector("learned")), 0);
    EXPECT_EQ(read_header(read, find_selector("learned"), TrialRng{})->label, label);
  }
}

TEST(Classifier, RefusesPoliciesThatNeedWhatItHasNot) {
  const AdaptiveCodec pure(small_model("classification"), kRate), images(small_model("reconstruction"), kRate);
  const AdaptiveCodec local(small_model("both"), kRate, {}, true);
  const AlwaysOpen open;
  EXPECT_THROW(pure.check_policies(open, PredictedGain(0.1, std::nullopt)), Error);
  EXPECT_THROW(pure.check_policies(open, Patience(1, 40)), Error);
  EXPECT_THROW(images.check_policies(open, Confidence(0.9)), Error);
  EXPECT_THROW(images.check_policies(Confidence(0.9), open), Error);
  EXPECT_THROW(local.check_policies(open, Confidence(0.9)), Error);
  EXPECT_THROW(AdaptiveCodec(small_model("reconstruction"), kRate, {}, true), Error);
  pure.check_policies(Confidence(0.9), Confidence(0.9));
  local.check_policies(Confidence(0.9), PredictedGain(0.1, std::nullopt));
}

/// A sample's scores do not depend on what is stacked beside it.
TEST(Classifier, StackedEqualsSingle) {
  const Model model = small_model("classification");
  const Network network(model.config);
  const RowMatrix<float> reals = test::random_matrix(128, 3 * model.config.max_width, 1).cast<float>();
  const auto scores = [&](const RowMatrix<float>& rows, const std::vector<Grid>& grids) {
    nn::Tape<float> tape(false);
    nn::Context<float> context{tape, network.layout(), model.values};
    const std::vector<Condition> conditions(grids.size(), Condition{5.0, 2, 1, 1});
    const Var<float> condition = network.decoder_condition(context, conditions);
    const Var<float> received = nn::input<float>(context, rows);
    Tokens<float> tokens = network.receive(context, received, raster_places(grids), grids);
    network.decoder_block(context, 0, tokens, condition, 0);
    return RowMatrix<float>(network.classes(context, 1, tokens, condition).value());
  };
  const RowMatrix<float> both = scores(reals, {{8, 8}, {8, 8}});
  EXPECT_EQ(both.row(0), scores(reals.topRows(64), {{8, 8}}).row(0));
  EXPECT_EQ(both.row(1), scores(reals.bottomRows(64), {{8, 8}}).row(0));
}

}  // namespace
}  // namespace semlink::adaptive
