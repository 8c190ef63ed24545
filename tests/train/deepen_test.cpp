#include <semlink/train/deepen.h>

#include <gtest/gtest.h>

#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/train/pass.h>

namespace semlink::train {
namespace {

LoadedWeights shallow_weights() {
  LoadedWeights weights;
  weights.config.dim = 16;
  weights.config.num_heads = 2;
  weights.config.condition_dim = 8;
  weights.config.encoder_blocks = 2;
  weights.config.decoder_blocks = 2;
  weights.values = nn::initial_parameters(adaptive::Network(weights.config).layout(), 3);
  // Residual branches and heads start at zero; a network of nothing would be deepened by anything.
  Stream stream(9, Purpose::init, 0, 0);
  for (float& value : weights.values) value += 0.05F * stream.normal();
  return weights;
}

/// Squared errors of three images of the built-in generator, sent from the last exit to the last exit.
std::vector<double> errors(const LoadedWeights& weights) {
  const adaptive::Network network(weights.config);
  const TrainSettings settings{.precision = "f32"};
  const TrainChannels channels = make_train_channels();
  const LossBalance balance;
  const BuiltinImages images(32, 32, Split::train);
  ChunkPlan plan;
  plan.encoder_exit = weights.config.encoder_blocks;
  for (std::uint64_t i = 0; i < 3; ++i) {
    ImagePlan image;
    image.address = {1, i, 0};
    image.image = images.sample(image.address).image;
    image.snr_db = image.report.emplace(7);
    image.width = 4;
    image.tokens_kept = 64;
    plan.images.push_back(std::move(image));
  }
  nn::Tape<float> tape(false);
  return measure({network, settings, channels, balance}, plan, weights.values, tape).mse;
}

TEST(Deepen, ComputesTheSame) {
  const LoadedWeights shallow = shallow_weights();
  const LoadedWeights deep = deepen(shallow, 1, 2, 5);
  EXPECT_EQ(deep.config.encoder_blocks, 3);
  EXPECT_EQ(deep.config.decoder_blocks, 4);
  EXPECT_EQ(errors(deep), errors(shallow));
}

TEST(Deepen, ByNothingIsTheSameNetwork) {
  const LoadedWeights shallow = shallow_weights();
  const LoadedWeights same = deepen(shallow, 0, 0, 5);
  const adaptive::Network network(shallow.config);
  for (const nn::Slot& slot : network.layout().slots())
    EXPECT_EQ(nn::view(same.values, slot), nn::view(shallow.values, slot)) << slot.name;
}

/// Gates start open, so with a skip mechanism the network computes what it did.
TEST(AddDepth, ComputesTheSameWhileGatesAreOpen) {
  const LoadedWeights plain = shallow_weights();
  adaptive::NetworkConfig wanted;
  wanted.depth = "skip";
  const LoadedWeights gated = add_depth(plain, wanted, 5);
  EXPECT_EQ(gated.config.depth, "skip");
  EXPECT_EQ(errors(gated), errors(plain));
  EXPECT_THROW(add_depth(gated, wanted, 5), Error);
}

TEST(AddRateGate, LeavesTheRestAsItIs) {
  const LoadedWeights plain = shallow_weights();
  const LoadedWeights gated = add_rate_gate(plain, 5);
  EXPECT_TRUE(gated.config.rate_gate);
  EXPECT_GT(gated.values.size(), plain.values.size());
  EXPECT_EQ(errors(gated), errors(plain));
  EXPECT_EQ(add_rate_gate(gated, 6).values, gated.values);
}

TEST(Deepen, RefusesMoreBlocksThanANetworkMayHave) { EXPECT_THROW(deepen(shallow_weights(), 3, 0, 5), Error); }

}  // namespace
}  // namespace semlink::train
