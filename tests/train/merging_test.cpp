#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/weights.h>
#include <semlink/train/adaptive_trainee.h>
#include <semlink/train/chunk_way.h>
#include <semlink/train/trainer.h>
#include <semlink/train/validation.h>

#include "support/temporary_folder.h"

namespace semlink::train {
namespace {

adaptive::NetworkConfig small_network() {
  adaptive::NetworkConfig config{
      .dim = 16, .num_heads = 2, .condition_dim = 8, .encoder_blocks = 2, .decoder_blocks = 2};
  config.mlp_ratio = 2;
  config.select_after = 1;
  return config;
}

/// So many images of which 24 of 64 tokens are sent, chosen in this way.
ChunkPlan chunk_of(const adaptive::NetworkConfig& config, const Source& images, std::int64_t count,
                   Selection selection) {
  ChunkPlan plan = validation_chunk(config, {"", 4, 7, 24}, images, 1, 0, count);
  for (ImagePlan& image : plan.images) image.selection = selection;
  return plan;
}

class Merging : public testing::Test {
 protected:
  Merging() : network_(small_network()), values_(nn::initial_parameters(network_.layout(), 1)) {
    Stream stream(5, Purpose::init, 0, 0);
    for (float& value : values_) value += 0.05F * stream.normal();
  }

  BuiltinImages images_{32, 32, Split::train};
  adaptive::Network network_;
  nn::FlatVector<float> values_;
  TrainSettings settings_;
  TrainChannels channels_ = make_train_channels();
  LossBalance balance_;
  PassInputs inputs_{network_, settings_, channels_, balance_};
};

/// Two images, the first one merged, the second one without the tokens that are not sent.
TEST_F(Merging, EveryTokenOfAnImageHasARowThatStandsForIt) {
  ChunkPlan plan = chunk_of(network_.config(), images_, 2, Selection::random);
  plan.images.front().selection = Selection::merged;
  nn::Tape<float> tape(false);
  nn::Context<float> context = training_context(inputs_, values_, nullptr, tape);
  const Halfway halfway = encode_and_send(context, inputs_, plan, false);
  EXPECT_EQ(halfway.received.rows(), 48);
  ASSERT_EQ(halfway.sources.size(), halfway.sent.size());
  std::set<std::pair<std::int32_t, std::int32_t>> covered[2];
  std::set<Index> rows[2];
  for (std::size_t i = 0; i < halfway.sent.size(); ++i) {
    const adaptive::TokenPlace& place = halfway.sent[i];
    const auto s = static_cast<std::size_t>(place.sample);
    EXPECT_TRUE(covered[s].emplace(place.y, place.x).second);  // once
    EXPECT_EQ(halfway.sources[i] / 24, place.sample);          // from a row of its own image
    rows[s].insert(halfway.sources[i]);
  }
  EXPECT_EQ(covered[0].size(), 64U);
  EXPECT_EQ(covered[1].size(), 24U);
  EXPECT_EQ(rows[0].size(), 24U);
  EXPECT_EQ(rows[1].size(), 24U);
  EXPECT_EQ(halfway.decoder_conditions[0].kept_share, 1);
  EXPECT_EQ(halfway.decoder_conditions[1].kept_share, 24.0 / 64);
}

/// A merged image is what it is alone, whatever is stacked beside it.
TEST_F(Merging, StackedEqualsSingle) {
  const auto shown = [&](const ChunkPlan& plan) {
    nn::Tape<float> tape(false);
    nn::Context<float> context = training_context(inputs_, values_, nullptr, tape);
    const Halfway halfway = encode_and_send(context, inputs_, plan, false);
    return RowMatrix<float>(Decoder(context, network_, halfway, nullptr).pixels(2).value());
  };
  settings_.precision = "f32";
  ChunkPlan both = chunk_of(network_.config(), images_, 2, Selection::merged), alone = both;
  alone.images.erase(alone.images.begin());
  EXPECT_EQ(RowMatrix<float>(shown(both).bottomRows(1024)), shown(alone));
}

TEST_F(Merging, TeachesAllParts) {
  const ChunkPlan plan = chunk_of(network_.config(), images_, 2, Selection::merged);
  nn::FlatVector<float> gradients = nn::FlatVector<float>::Zero(values_.size());
  nn::Tape<float> tape(true);
  backbone_pass(inputs_, plan, values_, gradients, tape);
  EXPECT_TRUE(gradients.allFinite());
  for (const char* slot :
       {"encoder.embed.weight", "encoder.0.qkv.weight", "encoder.1.qkv.weight", "decoder.1.qkv.weight"})
    EXPECT_GT(nn::view(gradients, network_.layout().slot(network_.layout().find(slot))).norm(), 0) << slot;
}

TEST_F(Merging, WantsABlockAheadOfTheSelection) {
  settings_.merge_share = 0.5;
  adaptive::NetworkConfig config = small_network();
  const TrainSources sources{nullptr, &images_, nullptr};
  EXPECT_NO_THROW(AdaptiveTrainee(settings_, config, sources, images_, 1));
  config.select_after = 0;
  EXPECT_THROW(AdaptiveTrainee(settings_, config, sources, images_, 1), Error);
}

/// What a training with merged tokens is for: images that arrive merged are shown better.
TEST_F(Merging, ATrainingWithThemShowsMergedImagesBetter) {
  const TemporaryFolder folder;
  const auto trained_psnr_db = [&](double merge_share) {
    TrainRequest request;
    request.network = small_network();
    request.settings.num_images = 1200;
    request.settings.batch = 8;
    request.settings.chunk = 4;
    request.settings.large_share = 0;
    request.settings.rate = 4e-3;
    request.settings.ema = 0.9;
    request.settings.drop_share = 0.8;
    request.settings.merge_share = merge_share;
    request.settings.validate_every = 1000;
    request.settings.validation_images = 2;
    request.settings.precision = "f32";
    request.output = folder / ("w" + std::to_string(merge_share) + ".h5");
    request.train = {nullptr, &images_, nullptr};
    request.validation = &images_;
    request.scenario = "merging";
    request.program_version = "test";
    const std::atomic<bool> stop = false;
    EXPECT_TRUE(train(
        request, [](const TrainProgress&) {}, stop));
    const nn::FlatVector<float> values = read_weights(request.output).values;
    nn::Tape<float> tape(false);
    const std::vector<double> mse =
        measure(inputs_, chunk_of(network_.config(), images_, 24, Selection::merged), values, tape).mse;
    double sum = 0;
    for (const double one : mse) sum += one / static_cast<double>(mse.size());
    return -10 * std::log10(sum);
  };
  EXPECT_GT(trained_psnr_db(1), trained_psnr_db(0) + 0.1);
}

}  // namespace
}  // namespace semlink::train
