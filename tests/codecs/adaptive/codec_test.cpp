#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/core/error.h>

namespace semlink::adaptive {
namespace {

/// An untrained network: structure, budget and ledger do not depend on the values.
Model small_model() {
  NetworkConfig config;
  config.dim = 16;
  config.num_heads = 2;
  config.condition_dim = 8;
  config.encoder_blocks = 3;
  config.decoder_blocks = 4;
  const Network network(config);
  return {config, nn::initial_parameters(network.layout(), 1), "abc"};
}

Sample noise_image(Index height, Index width) {
  Sample sample;
  sample.image = {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width))};
  Stream stream(1, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  return sample;
}

constexpr Index kUsesPerPiece = 20;

/// What a codec sends over a perfect link, and what comes out.
struct Trip {
  Payload payload;
  Output output;
  MacLedger encoder;
  MacLedger decoder;
};

Trip travel(const AdaptiveCodec& codec, const Sample& sample, const GatePolicy& encoder_gate, const GatePolicy& gate,
            std::function<void(Received&)> spoil = {}) {
  Trip trip;
  const TrialRng rng{1, 2, 0};
  EncodeWork encode{10.0, encoder_gate, trip.encoder, rng,
                    [](Index bits) { return bits == 0 ? 0 : kUsesPerPiece + bits; }};
  trip.payload = codec.encode(sample, encode);
  Received received;
  received.symbols = trip.payload.symbols;
  received.noise_var = Eigen::VectorXf::Constant(trip.payload.symbols.rows(), 0.1F);
  received.header_ok = true;
  for (const SideInfo& piece : trip.payload.side_info) received.side_info.push_back(piece.bits);
  received.quality = {10, 0.1};
  if (spoil) spoil(received);
  DecodeWork decode{gate, trip.decoder, rng, sample.image.height, sample.image.width};
  trip.output = codec.decode(received, decode);
  return trip;
}

Index position_uses(const Payload& payload) {
  Index uses = 0;
  for (const SideInfo& piece : payload.side_info)
    if (piece.positions) uses += kUsesPerPiece + static_cast<Index>(piece.bits.size());
  return uses;
}

TEST(AdaptiveCodec, NeverSpendsMoreThanItsBudget) {
  for (const double ratio : {0.01, 1.0 / 24, 1.0 / 12, 1.0 / 6, 0.5})
    for (const double keep : {0.05, 0.3, 0.5, 0.9, 1.0})
      for (const Index side : {32, 48}) {
        const AdaptiveCodec codec(small_model(), {ratio, keep, "learned"});
        const Sample sample = noise_image(side, 32);
        const Trip trip = travel(codec, sample, AlwaysOpen(), AlwaysOpen());
        const Index budget = std::llround(ratio * static_cast<double>(sample.image.num_reals()));
        EXPECT_LE(trip.payload.symbols.rows() + position_uses(trip.payload), budget) << ratio << " " << keep;
      }
}

TEST(AdaptiveCodec, ItsBudgetIsAShareOfTheSourceReals) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 0.25, "uniform"});
  Sample sample = noise_image(28, 28);
  const auto uses = [&] { return travel(codec, sample, AlwaysOpen(), AlwaysOpen()).payload.symbols.rows(); };
  EXPECT_EQ(uses(), 12 * 12);  // of 196: 12 of 49 tokens with the largest width
  sample.picture = Picture{.height = 28, .width = 27, .num_channels = 1};
  EXPECT_EQ(uses(), 12 * 5);  // of 63
}

TEST(AdaptiveCodec, EverySelectorKeepsToItsBudgetAndReachesTheReceiver) {
  for (const Selector& selector : selectors())
    for (const double ratio : {0.03, 1.0 / 12, 1.0 / 6})
      for (const Index side : {32, 48}) {
        const AdaptiveCodec codec(small_model(), {ratio, 0.6, std::string(selector.name)});
        const Sample sample = noise_image(side, 32);
        const Trip trip = travel(codec, sample, AlwaysOpen(), AlwaysOpen());
        const Index budget = std::llround(ratio * static_cast<double>(sample.image.num_reals()));
        EXPECT_LE(trip.payload.symbols.rows() + position_uses(trip.payload), budget) << selector.name << " " << ratio;
        EXPECT_EQ(trip.payload.symbols.rows() % trip.payload.tokens_kept, 0);
        EXPECT_EQ(trip.output.decoder_depth, 4) << selector.name << " " << ratio;
        const Trip again = travel(codec, sample, AlwaysOpen(), AlwaysOpen());
        EXPECT_EQ(trip.output.image.values, again.output.image.values);
        if (!selector.count_varies && ratio > 0.05) {  // below, `merge` has no room to tell of more than a few merges
          EXPECT_LT(trip.payload.encoder_depth, 2.4) << selector.name;  // one block on all tokens, two on the rows left
        }
      }
}

TEST(AdaptiveCodec, WidthCanBeLimited) {
  const AdaptiveCodec codec(small_model(), {.bandwidth_ratio = 1.0 / 12, .max_width = 3});
  EXPECT_EQ(travel(codec, noise_image(32, 32), AlwaysOpen(), AlwaysOpen()).payload.symbols.rows(), 3 * 64);
}

TEST(AdaptiveCodec, SelectorsByAttentionNeedABlockBefore) {
  NetworkConfig config = small_model().config;
  config.select_after = 0;
  const Network network(config);
  const Model model{config, nn::initial_parameters(network.layout(), 1), "abc"};
  EXPECT_THROW(AdaptiveCodec(model, {1.0 / 12, 0.5, "merge"}), Error);
  EXPECT_NO_THROW(AdaptiveCodec(model, {1.0 / 12, 0.5, "mixed_scale"}));
}

TEST(AdaptiveCodec, UsesTheLargestWidthThatFits) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  EXPECT_EQ(travel(codec, noise_image(32, 32), AlwaysOpen(), AlwaysOpen()).payload.symbols.rows(), 256);
  const AdaptiveCodec uniform(small_model(), {1.0 / 12, 0.5, "uniform"});
  EXPECT_EQ(travel(uniform, noise_image(32, 32), AlwaysOpen(), AlwaysOpen()).payload.symbols.rows(),
            256);  // 32 tokens of 8
}

/// Notes what a stage will have brought the bill to, and runs all.
class BillWatcher final : public GatePolicy {
 public:
  explicit BillWatcher(bool needs_prediction) : needs_prediction_(needs_prediction) {}
  bool open(const GateQuery& query) const override {
    bill.push_back(query.macs_spent + query.macs_next);
    return true;
  }
  bool needs_prediction() const override { return needs_prediction_; }

  mutable std::vector<std::int64_t> bill;

 private:
  bool needs_prediction_;
};

TEST(AdaptiveCodec, AStageThatABudgetRefusesCostsNoPrediction) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  const BillWatcher plain(false), gated(true), encoder(true);
  const Trip all = travel(codec, noise_image(32, 32), AlwaysOpen(), plain);
  const std::int64_t head = all.decoder.macs - plain.bill.back();
  travel(codec, noise_image(32, 32), encoder, gated);
  const std::int64_t budget = gated.bill[2], encoder_budget = encoder.bill.front();
  constexpr double kAnyGain = -1e9;
  const Trip trip =
      travel(codec, noise_image(32, 32), PredictedGain(kAnyGain, encoder_budget), PredictedGain(kAnyGain, budget));
  EXPECT_EQ(trip.output.decoder_depth, 3);
  EXPECT_EQ(trip.decoder.macs - head, budget);
  EXPECT_EQ(trip.payload.encoder_depth, 2);
  // One block fewer and the prediction ahead of it; what makes symbols costs the same at every exit.
  const Trip deeper = travel(codec, noise_image(32, 32), PredictedGain(kAnyGain, std::nullopt), AlwaysOpen());
  EXPECT_EQ(deeper.encoder.macs - trip.encoder.macs, encoder.bill.back() - encoder_budget);
}

TEST(AdaptiveCodec, PayloadHasPowerOne) {
  for (const double keep : {0.3, 1.0}) {
    const AdaptiveCodec codec(small_model(), {1.0 / 12, keep, "learned"});
    const Payload payload = travel(codec, noise_image(32, 32), AlwaysOpen(), AlwaysOpen()).payload;
    EXPECT_NEAR(
        payload.symbols.cast<std::complex<double>>().squaredNorm() / static_cast<double>(payload.symbols.rows()), 1,
        1e-5);
  }
}

// Everything that makes the last exit's symbols, doubled: the same payload, and four times the power before it was scaled.
TEST(AdaptiveCodec, TellsThePowerThatSymbolsHadBeforeTheyWereScaled) {
  const Model model = small_model();
  Model louder = model;
  const Network network(model.config);
  for (const char* layer : {"encoder.bypass", "encoder.2.symbols"})
    for (const char* part : {".weight", ".bias"}) {
      const Index slot = network.layout().find(std::string(layer) + part);
      ASSERT_GE(slot, 0) << layer << part;
      nn::view(louder.values, network.layout().slot(slot)) *= 2;
    }
  const Sample sample = noise_image(32, 32);
  Payload payloads[2];
  double powers[2];
  for (const bool is_louder : {false, true}) {
    MacLedger ledger;
    const AlwaysOpen gate;
    EncodeWork work{10.0, gate, ledger, TrialRng{1, 2, 0}, [](Index bits) { return bits; }};
    payloads[is_louder] = AdaptiveCodec(is_louder ? louder : model, {1.0 / 12, 1, "learned"}).encode(sample, work);
    powers[is_louder] = work.unscaled_power;
  }
  EXPECT_GT(powers[0], 0);
  EXPECT_NEAR(powers[1] / powers[0], 4, 1e-4);
  EXPECT_TRUE(payloads[0].symbols.isApprox(payloads[1].symbols, 1e-5F));
}

TEST(AdaptiveCodec, StoppedStagesCostNothing) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  const Sample sample = noise_image(32, 32);
  const Trip full = travel(codec, sample, AlwaysOpen(), AlwaysOpen());
  EXPECT_EQ(full.payload.encoder_depth, 3);
  EXPECT_EQ(full.output.decoder_depth, 4);
  std::int64_t previous = 0;
  for (Index depth = 0; depth <= 4; ++depth) {
    const Trip trip = travel(codec, sample, AlwaysOpen(), FixedDepth(depth));
    EXPECT_EQ(trip.output.decoder_depth, depth);
    if (depth > 0) {
      EXPECT_EQ(trip.decoder.macs - previous, 8 * 4 * 16 + 64 * 12 * 16 * 16 + 2 * 64 * 64 * 16);
    }
    previous = trip.decoder.macs;
  }
  const Trip early = travel(codec, sample, FixedDepth(2), AlwaysOpen());
  EXPECT_EQ(early.payload.encoder_depth, 2);
  EXPECT_LT(early.encoder.macs, full.encoder.macs);
}

/// Notes the changes of the output that it is shown, and goes on to the end.
class ChangeWatcher final : public GatePolicy {
 public:
  bool open(const GateQuery& query) const override {
    seen.assign(query.output_changes.begin(), query.output_changes.end());
    return true;
  }
  bool needs_output_changes() const override { return true; }
  mutable std::vector<double> seen;
};

TEST(AdaptiveCodec, ShowsAPolicyHowItsOutputChanges) {
  Model model = small_model();
  Stream stream(3, Purpose::init, 0);
  for (float& value : model.values) value += 0.1F * stream.normal();
  const AdaptiveCodec codec(std::move(model), {1.0 / 12, 1, "learned"});
  const Sample sample = noise_image(32, 32);
  const ChangeWatcher watcher;
  const Trip watched = travel(codec, sample, AlwaysOpen(), watcher);
  ASSERT_EQ(watcher.seen.size(), 3u);  // the fourth block is the last: nothing is asked after it
  for (Index depth = 0; depth < 3; ++depth) {
    const std::vector<float> before = travel(codec, sample, AlwaysOpen(), FixedDepth(depth)).output.image.values;
    const std::vector<float> after = travel(codec, sample, AlwaysOpen(), FixedDepth(depth + 1)).output.image.values;
    double sum = 0;
    for (std::size_t i = 0; i < before.size(); ++i) sum += std::pow(double(after[i]) - double(before[i]), 2);
    EXPECT_DOUBLE_EQ(watcher.seen[static_cast<std::size_t>(depth)], sum / static_cast<double>(before.size()));
  }
  const Trip full = travel(codec, sample, AlwaysOpen(), AlwaysOpen());
  EXPECT_EQ(watched.output.image.values, full.output.image.values);
  EXPECT_GT(watched.decoder.macs, full.decoder.macs);  // four more outputs were made
}

/// Who looks on learns of every stage and every expert, and changes neither output nor bill.
TEST(AdaptiveCodec, TracesItsDecisionsFreeOfCharge) {
  NetworkConfig config = small_model().config;
  config.experts = 3;
  config.experts_in = "both";
  const Network network(config);
  const AdaptiveCodec codec({config, nn::initial_parameters(network.layout(), 1), "abc"}, {1.0 / 12, 0.5, "uniform"});
  const Sample sample = noise_image(32, 32);
  const FixedDepth two(2);
  const Trip unseen = travel(codec, sample, two, two);
  DecisionTrace sent, received;
  MacLedger encoder, decoder;
  const TrialRng rng{1, 2, 0};
  EncodeWork encode{10.0, two, encoder, rng, [](Index bits) { return bits == 0 ? 0 : kUsesPerPiece + bits; }, &sent};
  const Payload payload = codec.encode(sample, encode);
  Received frame;
  frame.symbols = payload.symbols;
  frame.noise_var = Eigen::VectorXf::Constant(payload.symbols.rows(), 0.1F);
  frame.header_ok = true;
  for (const SideInfo& piece : payload.side_info) frame.side_info.push_back(piece.bits);
  frame.quality = {10, 0.1};
  DecodeWork decode{two, decoder, rng, 32, 32, &received};
  EXPECT_EQ(codec.decode(frame, decode).image.values, unseen.output.image.values);
  EXPECT_EQ(encoder.macs, unseen.encoder.macs);
  EXPECT_EQ(decoder.macs, unseen.decoder.macs);

  ASSERT_EQ(received.stages.size(), 3U);  // two that ran and the one that did not
  EXPECT_TRUE(received.stages[1].opened);
  EXPECT_FALSE(received.stages[2].opened);
  for (const StageDecision& stage : received.stages) EXPECT_GT(stage.predicted_mse, 0);
  ASSERT_EQ(sent.stages.size(), 2U);  // the first block is no question
  ASSERT_EQ(received.blocks.size(), 2U);
  ASSERT_EQ(sent.blocks.size(), 2U);
  const auto served = [](const BlockMap& map) {
    return std::count_if(map.expert.begin(), map.expert.end(), [](Index expert) { return expert >= 0 && expert < 3; });
  };
  EXPECT_EQ(served(received.blocks[0]), 64);
  EXPECT_EQ(served(sent.blocks[1]), 32);  // half of the tokens are left
  EXPECT_EQ(std::count(sent.blocks[1].ran.begin(), sent.blocks[1].ran.end(), true), 32);
}

TEST(AdaptiveCodec, EncoderRunsUpToItsFirstExit) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  EXPECT_EQ(travel(codec, noise_image(32, 32), FixedDepth(0), AlwaysOpen()).payload.encoder_depth, 1);
}

TEST(AdaptiveCodec, DroppedTokensSaveCompute) {
  const AdaptiveCodec all(small_model(), {1.0 / 12, 1, "uniform"}), half(small_model(), {1.0 / 12, 0.5, "uniform"});
  const Trip full = travel(all, noise_image(32, 32), AlwaysOpen(), AlwaysOpen());
  const Trip less = travel(half, noise_image(32, 32), AlwaysOpen(), AlwaysOpen());
  EXPECT_EQ(less.payload.tokens_kept, 32);
  EXPECT_EQ(less.payload.encoder_depth, 2);  // one block on all tokens, two on half of them
  EXPECT_LT(less.encoder.macs, full.encoder.macs);
}

TEST(AdaptiveCodec, WithoutAHeaderShowsGrey) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  const auto expect_grey = [&](std::function<void(Received&)> spoil) {
    const Trip trip = travel(codec, noise_image(32, 32), AlwaysOpen(), AlwaysOpen(), spoil);
    EXPECT_EQ(trip.output.image.values, std::vector<float>(3072, 0.5F));
    EXPECT_EQ(trip.decoder.macs, 0);
  };
  expect_grey([](Received& r) { r.header_ok = false; });
  expect_grey([](Received& r) { r.symbols.conservativeResize(10, 1); });  // shorter than the header says
  expect_grey([](Received& r) { r.side_info[0].back() ^= 1; });           // garbage that passed a CRC: 65 tokens
  expect_grey([](Received& r) { r.side_info.clear(); });
}

/// Headers that a CRC let through, of other networks or sessions: what they say makes sense, but not here.
TEST(AdaptiveCodec, HeadersOfOthersShowGrey) {
  const AdaptiveCodec codec(small_model(),
                            {1.0 / 12, 1, "learned"});  // up to 3 encoder blocks and 12 symbols per token
  const auto decoder_macs = [&](Header header) {
    for (Index token = 0; token < header.grid.num_tokens(); ++token) header.map.tokens.push_back(token);
    return travel(codec, noise_image(32, 32), AlwaysOpen(), AlwaysOpen(),
                  [&](Received& r) {
                    r.side_info.clear();
                    for (const SideInfo& piece : write_header(header, find_selector("learned")))
                      r.side_info.push_back(piece.bits);
                    r.symbols = Eigen::VectorXcf::Ones(64 * 16);
                    r.noise_var = Eigen::VectorXf::Constant(64 * 16, 0.1F);
                  })
        .decoder.macs;
  };
  EXPECT_GT(decoder_macs({{8, 8}, 3, 12, {}}), 0);
  EXPECT_EQ(decoder_macs({{8, 8}, 3, 13, {}}), 0);
  EXPECT_EQ(decoder_macs({{8, 8}, 4, 12, {}}), 0);
  EXPECT_EQ(decoder_macs({{4, 16}, 3, 12, {}}), 0);
}

TEST(AdaptiveCodec, TakesImagesOfAnySize) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 0.7, "learned"});
  for (const auto& [height, width] : {std::pair<Index, Index>{4, 4}, {12, 100}, {64, 64}}) {
    const Trip trip = travel(codec, noise_image(height, width), AlwaysOpen(), AlwaysOpen());
    EXPECT_EQ(trip.output.image.height, height);
    EXPECT_EQ(trip.output.image.width, width);
  }
  EXPECT_THROW(travel(codec, noise_image(30, 32), AlwaysOpen(), AlwaysOpen()), Error);
}

TEST(AdaptiveCodec, CostIsLinearInTheImage) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 1, "learned"});
  const Trip small = travel(codec, noise_image(64, 64), AlwaysOpen(), AlwaysOpen());
  const Trip large = travel(codec, noise_image(256, 256), AlwaysOpen(), AlwaysOpen());
  EXPECT_NEAR(static_cast<double>(large.decoder.macs) / static_cast<double>(small.decoder.macs), 16, 0.8);
}

TEST(AdaptiveCodec, RepeatsItselfToTheBit) {
  const AdaptiveCodec codec(small_model(), {1.0 / 12, 0.5, "learned"});
  const Sample sample = noise_image(32, 32);
  EXPECT_EQ(travel(codec, sample, AlwaysOpen(), AlwaysOpen()).output.image.values,
            travel(codec, sample, AlwaysOpen(), AlwaysOpen()).output.image.values);
}

}  // namespace
}  // namespace semlink::adaptive
