#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/routers/router.h>
#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/weights.h>
#include <semlink/train/deepen.h>
#include <semlink/train/trainer.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace semlink::train {
namespace {

/// A training of six steps on a network small enough for a test.
TrainRequest small_request(const Source& images, const Source& large, const std::filesystem::path& output) {
  TrainRequest request;
  request.network.dim = 16;
  request.network.num_heads = 2;
  request.network.condition_dim = 8;
  request.network.encoder_blocks = 2;
  request.network.decoder_blocks = 2;
  request.settings.num_images = 48;
  request.settings.batch = 8;
  request.settings.chunk = 2;
  request.settings.large_share = 0.3;
  request.settings.validate_every = 3;
  request.settings.validation_images = 2;
  request.settings.precision = "f32";
  request.output = output;
  request.train = {nullptr, &images, &large};
  request.validation = &images;
  request.scenario = "small";
  request.program_version = "test";
  return request;
}

class TrainerTest : public testing::Test {
 protected:
  TrainRequest request(const std::string& name) { return small_request(images_, large_, folder_ / name); }
  static void run(const TrainRequest& request) {
    const std::atomic<bool> stop = false;
    EXPECT_TRUE(train(
        request, [](const TrainProgress&) {}, stop));
  }
  /// Trains until `steps` steps are done, then asks to stop.
  static void run_steps(const TrainRequest& request, std::int64_t steps) {
    std::atomic<bool> stop = false;
    EXPECT_FALSE(train(
        request, [&](const TrainProgress& progress) { stop = progress.step >= steps; }, stop));
  }
  nn::FlatVector<float> weights(const std::string& name) { return read_weights(folder_ / name).values; }

  TemporaryFolder folder_;
  BuiltinImages images_{32, 32, Split::train};
  BuiltinImages large_{64, 64, Split::train};
};

TEST_F(TrainerTest, RoundedWeightsAreTheOthersToEightBitsInAShorterFile) {
  run(request("whole.h5"));
  TrainRequest rounded = request("rounded.h5");
  rounded.settings.weight_bits = 8;
  run(rounded);
  const nn::FlatVector<float> whole = weights("whole.h5"), eight = weights("rounded.h5");
  EXPECT_NE(whole, eight);
  for (Index i = 0; i < whole.size(); ++i) {
    EXPECT_LE(std::abs(eight(i) - whole(i)), std::abs(whole(i)) / 256) << i;
    EXPECT_EQ(std::bit_cast<std::uint32_t>(eight(i)) & 0xffff, 0) << i;
  }
  EXPECT_LT(std::filesystem::file_size(folder_ / "rounded.h5"), std::filesystem::file_size(folder_ / "whole.h5"));
}

TEST_F(TrainerTest, OneAndThreeThreadsGiveTheSameWeights) {
  TrainRequest three = request("three.h5");
  three.num_threads = 3;
  run(three);
  run(request("one.h5"));
  EXPECT_EQ(weights("one.h5"), weights("three.h5"));
}

TEST_F(TrainerTest, PrecisionFollowsTheProcessorUnlessItIsSaid) {
  for (const char* precision : {"f32", "bf16", "auto"}) {
    TrainRequest request = this->request(std::string(precision) + ".h5");
    request.settings.precision = precision;
    request.settings.num_images = 16;
    run(request);
  }
  EXPECT_NE(weights("f32.h5"), weights("bf16.h5"));
  EXPECT_EQ(weights("auto.h5"), weights(kernels::has_bf16() ? "bf16.h5" : "f32.h5"));
}

TEST_F(TrainerTest, StoppedAndResumedEqualsUndisturbed) {
  run(request("whole.h5"));
  TrainRequest parts = request("parts.h5");
  run_steps(parts, 2);
  parts.resume = true;
  run_steps(parts, 5);
  run(parts);
  EXPECT_EQ(weights("whole.h5"), weights("parts.h5"));
}

TEST_F(TrainerTest, ResumeRefusesAnotherScenario) {
  TrainRequest first = request("first.h5");
  run_steps(first, 2);
  first.resume = true;
  first.scenario = "other";
  const std::atomic<bool> stop = false;
  EXPECT_THROW(train(
                   first, [](const TrainProgress&) {}, stop),
               Error);
}

TEST_F(TrainerTest, LearnsSomething) {
  TrainRequest longer = request("longer.h5");
  longer.settings.num_images = 1600;
  longer.settings.validate_every = 100;
  longer.settings.validation_images = 16;
  std::vector<double> psnr_db;
  const std::atomic<bool> stop = false;
  train(
      longer,
      [&](const TrainProgress& p) {
        if (p.validation) psnr_db.push_back(p.validation->validation_psnr_db[6]);
      },
      stop);
  // The linear code it starts from gives about 17 dB at 16 dB and width 8; two hundred steps bring much more.
  ASSERT_EQ(psnr_db.size(), 2U);
  EXPECT_GT(psnr_db.back(), 20);
}

TEST_F(TrainerTest, GatesPhaseMovesNothingButGates) {
  run(request("backbone.h5"));
  TrainRequest gates = request("gates.h5");
  gates.settings.phase = "gates";
  gates.start = weights("backbone.h5");
  run(gates);
  const nn::FlatVector<float> before = weights("backbone.h5"), after = weights("gates.h5");
  const adaptive::Network network(gates.network);
  for (const nn::Slot& slot : network.layout().slots()) {
    const bool moved = nn::view(before, slot) != nn::view(after, slot);
    const bool is_gate = slot.name.find(".gate") != std::string::npos;
    if (!is_gate) {
      EXPECT_FALSE(moved) << slot.name;
    } else if (slot.name.ends_with("down.bias")) {
      EXPECT_TRUE(moved) << slot.name;
    }
  }
}

TEST_F(TrainerTest, RateGatePhaseMovesNothingElseAndLearns) {
  run(request("backbone.h5"));
  TrainRequest gated = request("rate.h5");
  gated.settings.phase = "rate_gate";
  gated.settings.rate = 0.01;
  gated.settings.ema = 0.5;
  gated.settings.num_images = 320;
  const LoadedWeights start = add_rate_gate(read_weights(folder_ / "backbone.h5"), 7);
  gated.network = start.config;
  gated.start = start.values;
  std::vector<double> losses;
  const std::atomic<bool> stop = false;
  train(
      gated, [&](const TrainProgress& progress) { losses.push_back(progress.loss); }, stop);
  const nn::FlatVector<float> after = weights("rate.h5");
  const adaptive::Network network(gated.network);
  for (const nn::Slot& slot : network.layout().slots()) {
    const bool moved = nn::view(start.values, slot) != nn::view(after, slot);
    EXPECT_EQ(moved, slot.name.starts_with("encoder.rate.gate")) << slot.name;
  }
  const auto mean = [&](std::size_t first) {
    return std::accumulate(losses.begin() + static_cast<std::ptrdiff_t>(first),
                           losses.begin() + static_cast<std::ptrdiff_t>(first) + 10, 0.0);
  };
  EXPECT_LT(mean(losses.size() - 10), 0.5 * mean(0));
}

TEST_F(TrainerTest, ExpertsTrainWithEveryRouterOnAnyNumberOfThreads) {
  for (const nn::Router& router : nn::routers()) {
    SCOPED_TRACE(router.name);
    TrainRequest three = request("three.h5");
    three.network.experts = 4;
    three.network.shared_ratio = 1;
    three.network.router = router.name;
    three.settings.router_noise = 0.5;
    three.num_threads = 3;
    run(three);
    TrainRequest one = three;
    one.num_threads = 1;
    one.output = folder_ / "one.h5";
    run(one);
    EXPECT_EQ(weights("one.h5"), weights("three.h5"));
    EXPECT_EQ(read_weights(folder_ / "one.h5").config.router, router.name);
  }
}

TEST_F(TrainerTest, PooledNetworksTrainInEveryPhase) {
  TrainRequest three = request("three.h5");
  three.network.pooled_tokens = 12;
  three.network.pool_after = 0;
  three.network.rate_gate = true;
  three.settings.drop_share = 0;
  three.num_threads = 3;
  run(three);
  TrainRequest one = three;
  one.num_threads = 1;
  one.output = folder_ / "one.h5";
  run(one);
  EXPECT_EQ(weights("one.h5"), weights("three.h5"));

  const LoadedWeights trained = read_weights(folder_ / "one.h5");
  EXPECT_EQ(trained.config.pooled_tokens, 12);
  EXPECT_EQ(trained.config.pool_after, 0);
  const adaptive::Network network(trained.config);
  const nn::FlatVector<float> start = nn::initial_parameters(network.layout(), one.seed);
  for (const nn::Slot& slot : network.layout().slots())
    if (slot.name.find(".pool.") != std::string::npos) {
      EXPECT_NE(nn::view(start, slot), nn::view(trained.values, slot)) << slot.name;
    }

  for (const std::string phase : {"gates", "rate_gate"}) {
    TrainRequest gated = one;
    gated.output = folder_ / (phase + ".h5");
    gated.settings.phase = phase;
    gated.network = trained.config;
    gated.start = trained.values;
    run(gated);
    EXPECT_NE(weights(phase + ".h5"), trained.values);
  }
}

TEST_F(TrainerTest, PooledNetworksDropNoTokens) {
  TrainRequest dropping = request("dropping.h5");
  dropping.network.pooled_tokens = 16;
  dropping.settings.drop_share = 0.1;
  const std::atomic<bool> stop = false;
  expect_error(ErrorCode::bad_scenario, "train.drop_share", [&] {
    train(
        dropping, [](const TrainProgress&) {}, stop);
  });
}

TEST_F(TrainerTest, OnlyTheBiasBalanceMovesTheBias) {
  for (const std::string balance : {"loss", "bias", "none"}) {
    SCOPED_TRACE(balance);
    TrainRequest experts = request(balance + ".h5");
    experts.network.experts = 4;
    experts.settings.router_balance = balance;
    run(experts);
    const adaptive::Network network(experts.network);
    const nn::FlatVector<float> values = weights(balance + ".h5");
    const nn::Slot& bias = network.layout().slot(network.layout().find("decoder.1.router.balance"));
    EXPECT_EQ((nn::view(values, bias).array() != 0).any(), balance == "bias");
  }
}

TEST_F(TrainerTest, WeightsFileRefusesWhatDoesNotFit) {
  run(request("good.h5"));
  const std::string bytes = folder_.bytes("good.h5");
  folder_.write("cut.h5", bytes.substr(0, bytes.size() / 2));
  folder_.write("text.h5", "this is no HDF5 file");
  EXPECT_THROW(read_weights(folder_ / "cut.h5"), Error);
  EXPECT_THROW(read_weights(folder_ / "text.h5"), Error);
  EXPECT_THROW(read_weights(folder_ / "absent.h5"), Error);
}

}  // namespace
}  // namespace semlink::train
