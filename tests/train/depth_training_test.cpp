#include <semlink/train/depth_training.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <utility>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/budget.h>
#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/weights.h>
#include <semlink/train/chunk_way.h>
#include <semlink/train/pass.h>
#include <semlink/train/trainer.h>
#include <semlink/train/validation.h>

#include "support/temporary_folder.h"

namespace semlink::train {
namespace {

/// One gate without an image: opening it takes from an error of (1 - usage)^2 / 2. Returns the mean over the last
/// thousand steps of what a receiver would use, here the probability of an open gate.
double usage_under(const std::string& rule) {
  TrainSettings settings;
  settings.budget_rule = rule;
  settings.gate_budget = 0.7;
  settings.budget_rate = 1e-2;
  BudgetControl control;
  double logit = 5, sum = 0;
  for (int step = 0; step < 4000; ++step) {
    nn::Tape<float> tape(true);
    nn::ParameterLayout layout;
    nn::FlatVector<float> none;
    nn::Context<float> context{tape, layout, none, &none};
    Stream stream(3, Purpose::user, static_cast<std::uint64_t>(step));
    const nn::Var<float> leaf = tape.result(16, 1, {}, true);
    leaf.value().setConstant(static_cast<float>(logit));
    const nn::Decision<float> gates = nn::find_sampler("gumbel_binary").draw(context, leaf, {1, &stream, 1});
    const nn::Var<float> usage = nn::weighted_sum(context, gates.usage, std::vector<float>(16, 1.0F / 16));
    const double open = 1 / (1 + std::exp(-logit));
    const nn::Var<float> benefit = nn::scaled(context, usage, static_cast<float>(open - 1));
    tape.backward(nn::add(context, benefit, nn::scaled(context, control.loss(context, usage, settings), 2.0F)));
    logit -= 0.1 * static_cast<double>(leaf.grad().sum());
    control.add(open, settings);
    if (step >= 3000) sum += open / 1000;
  }
  return sum;
}

TEST(BudgetControl, MeanGateComesToItsTargetUnderEveryRule) {
  for (const std::string rule : {"hinge", "square", "dual"}) EXPECT_NEAR(usage_under(rule), 0.7, 0.05) << rule;
  EXPECT_NEAR(usage_under("hinge"), 0.7, 0.02);
  EXPECT_NEAR(usage_under("dual"), 0.7, 0.02);
}

TEST(GeometricPrior, SumsToOneAndFallsByItsProbability) {
  const std::vector<double> prior = geometric_prior(0.2, 5);
  EXPECT_NEAR(std::accumulate(prior.begin(), prior.end(), 0.0), 1, 1e-12);
  for (std::size_t n = 1; n < 5; ++n) EXPECT_NEAR(prior[n] / prior[n - 1], 0.8, 1e-12);
}

TEST(NormalPrior, SumsToOneAndFallsOffBothWays) {
  const std::vector<double> prior = normal_prior(2, 65);
  EXPECT_NEAR(std::accumulate(prior.begin(), prior.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(prior[1] / prior[2], std::exp(-0.5), 1e-5);
  EXPECT_EQ(prior[1], prior[3]);
  EXPECT_GT(prior[64], 0);
}

TEST(CheckHaltingDepth, RefusesOtherNetworks) {
  TrainSettings settings;
  adaptive::NetworkConfig network;
  network.decoder_blocks = 4;
  EXPECT_NO_THROW(check_halting_depth(settings, network));
  settings.halting_depth = 4;
  EXPECT_THROW(check_halting_depth(settings, network), Error);
  network.depth = "halting";
  EXPECT_NO_THROW(check_halting_depth(settings, network));
  settings.halting_depth = 4.5;
  EXPECT_THROW(check_halting_depth(settings, network), Error);
}

TEST(CheckSampler, RefusesWhatTheMechanismCannotUse) {
  TrainSettings settings;
  adaptive::NetworkConfig network;
  const auto allows = [&](const std::string& sampler, const std::string& depth) {
    settings.sampler = sampler;
    network.depth = depth;
    EXPECT_NO_THROW(check_sampler(settings, network));
  };
  const auto refuses = [&](const std::string& sampler, const std::string& depth) {
    settings.sampler = sampler;
    network.depth = depth;
    EXPECT_THROW(check_sampler(settings, network), Error);
  };
  allows("auto", "exits");
  allows("hard_concrete", "skip");
  allows("perturbed_top_k", "mod");
  allows("gumbel_softmax", "planned");
  refuses("hard_concrete", "mod");
  refuses("top_k", "skip");
  refuses("gumbel_binary", "exits");
  refuses("gumbel_binary", "halting");
}

/// Trainings of a few seconds.
class DepthTrainingTest : public testing::Test {
 protected:
  TrainRequest request(const std::string& name, const std::string& depth) {
    TrainRequest request;
    request.network.dim = 16;
    request.network.num_heads = 2;
    request.network.mlp_ratio = 2;
    request.network.condition_dim = 8;
    request.network.encoder_blocks = 1;
    request.network.select_after = 0;
    request.network.decoder_blocks = 3;
    request.network.depth = depth;
    request.settings.num_images = 1600;
    request.settings.batch = 8;
    request.settings.chunk = 4;
    request.settings.large_share = 0;
    request.settings.rate = 4e-3;
    request.settings.ema = 0.9;
    request.settings.budget_start = 0.2;
    request.settings.gate_budget = 0.5;
    request.settings.validate_every = 50;
    request.settings.validation_images = 2;
    request.settings.precision = "f32";
    request.output = folder_ / name;
    request.train = {nullptr, &images_, nullptr};
    request.validation = &images_;
    request.scenario = name;
    request.program_version = "test";
    return request;
  }

  /// The curve of a whole training.
  static std::vector<CurvePoint> run(const TrainRequest& request) {
    std::vector<CurvePoint> curve;
    const std::atomic<bool> stop = false;
    EXPECT_TRUE(train(
        request,
        [&](const TrainProgress& progress) {
          if (progress.validation != nullptr) curve.push_back(*progress.validation);
        },
        stop));
    return curve;
  }

  TemporaryFolder folder_;
  BuiltinImages images_{32, 32, Split::train};
};

TEST_F(DepthTrainingTest, SkipGatesComeToTheirBudgetAndTheImageIsLearned) {
  const std::vector<CurvePoint> curve = run(request("skip.h5", "skip"));
  EXPECT_GT(curve.front().decoder_share, 0.6);  // gates begin open
  EXPECT_NEAR(curve.back().decoder_share, 0.5, 0.1);
  EXPECT_GT(curve.back().validation_psnr_db[5], 19);
}

/// Shows `look` the decoder of a trained network that has received 16 images at 7 dB, and what they were; with gates as
/// shares at a temperature, or, at 0, as receivers decide.
template <typename Look>
void receive(const TrainRequest& request, double temperature, const Look& look) {
  const LoadedWeights weights = read_weights(request.output);
  const adaptive::Network network(weights.config);
  const TrainChannels channels = make_train_channels();
  const LossBalance balance;
  const PassInputs inputs{network, request.settings, channels, balance};
  const ChunkPlan plan = validation_chunk(weights.config, {"", 4, 7}, *request.validation, 1, 0, 16);
  nn::Tape<float> tape(false);
  nn::Context<float> context = training_context(inputs, weights.values, nullptr, tape);
  const Halfway halfway = encode_and_send(context, inputs, plan, false);
  const adaptive::DepthTraining soft{&nn::find_sampler("binary_concrete"), {temperature, nullptr, 1}};
  Decoder decoder(context, network, halfway, temperature > 0 ? &soft : nullptr);
  look(decoder, plan);
}

/// PSNR in dB of what every exit of the trained network shows, the last one's at the end.
std::vector<double> trained_psnr_db(const TrainRequest& request, double temperature = 0) {
  std::vector<double> psnr_db;
  receive(request, temperature, [&](Decoder& decoder, const ChunkPlan& plan) {
    for (Index exit = 0; exit <= request.network.decoder_blocks; ++exit) {
      const std::vector<double> mse = image_errors(plan, decoder.pixels(exit), stack_targets(plan));
      psnr_db.push_back(-10 * std::log10(std::accumulate(mse.begin(), mse.end(), 0.0) / 16));
    }
  });
  return psnr_db;
}

/// How far the soft gates of a training's end are from the hard ones of receivers, in dB.
double soft_hard_gap_db(const TrainRequest& request) {
  return std::abs(trained_psnr_db(request, request.settings.sampler_temperature_end).back() -
                  trained_psnr_db(request).back());
}

TEST_F(DepthTrainingTest, StraightThroughGatesAreWhatTheyWereTrainedAs) {
  TrainRequest skip = request("straight.h5", "skip");
  skip.settings.sampler = "straight_through";
  run(skip);
  EXPECT_LT(soft_hard_gap_db(skip), 0.1);
}

TEST_F(DepthTrainingTest, AnnealedGatesAreWhatTheyWereTrainedAs) {
  TrainRequest skip = request("annealed.h5", "skip");
  skip.settings.sampler = "binary_concrete";
  run(skip);
  EXPECT_LT(soft_hard_gap_db(skip), 0.1);
}

/// The figure that annealing is for: gates that stay soft to the end are no gates.
TEST_F(DepthTrainingTest, GatesThatWereNeverAnnealedAreNot) {
  TrainRequest skip = request("warm.h5", "skip");
  skip.settings.sampler = "binary_concrete";
  skip.settings.sampler_temperature = skip.settings.sampler_temperature_end = 20;
  run(skip);
  EXPECT_GT(soft_hard_gap_db(skip), 0.1);
}

TEST_F(DepthTrainingTest, APlannedDepthComesToItsBudget) {
  TrainRequest planned = request("planned.h5", "planned");
  planned.settings.gate_budget = 2.0 / 3;  // two of three blocks
  const std::vector<CurvePoint> curve = run(planned);
  EXPECT_NEAR(curve.back().decoder_share, 2.0 / 3, 0.1);
}

TEST_F(DepthTrainingTest, HaltingAndPonderingComeToTheirBudget) {
  for (const std::string depth : {"halting", "pondering"}) {
    SCOPED_TRACE(depth);
    TrainRequest halting = request(depth + ".h5", depth);
    halting.settings.gate_budget = 0.7;
    const std::vector<CurvePoint> curve = run(halting);
    EXPECT_NEAR(curve.back().decoder_share, 0.7, 0.1);
    EXPECT_GT(curve.back().validation_psnr_db[5], 19);
  }
}

/// Mean of a distribution over exits.
double mean_exit(const std::vector<double>& shares) {
  double mean = 0;
  for (std::size_t exit = 0; exit < shares.size(); ++exit) mean += static_cast<double>(exit) * shares[exit];
  return mean;
}

/// The mean is that of tokens' shares; a token runs on until its shares sum to 0.99, so that receivers run more blocks.
TEST_F(DepthTrainingTest, HaltingFollowsTheCentreOfItsPrior) {
  double fewer_blocks = 0;
  for (const double centre : {1.0, 2.0, 3.0}) {
    SCOPED_TRACE(centre);
    TrainRequest halting = request("prior.h5", "halting");
    halting.network.decoder_blocks = 4;
    halting.settings.budget_rule = "none";
    halting.settings.halting_depth = centre;
    halting.settings.halting_weight = 1;
    const double blocks = 4 * run(halting).back().decoder_share;
    std::vector<double> shares;
    receive(halting, 1, [&](Decoder& decoder, const ChunkPlan&) {
      decoder.pixels(4);
      for (const nn::Var<float>& share : decoder.way().state_shares()) shares.push_back(share.data()[0]);
    });
    EXPECT_NEAR(mean_exit(shares), mean_exit(normal_prior(centre, 5)), 0.3);  // 0.2 at most with five seeds
    EXPECT_GT(blocks, fewer_blocks + 0.5);
    fewer_blocks = blocks;
  }
}

TEST_F(DepthTrainingTest, MixtureOfDepthsLearns) {
  TrainRequest mod = request("mod.h5", "mod");
  mod.network.mod_share = 0.25;
  mod.network.aggregate = true;
  const std::vector<CurvePoint> curve = run(mod);
  EXPECT_EQ(curve.back().decoder_share, 0.25);
  EXPECT_GT(curve.back().validation_psnr_db[5], 19);
}

/// What one chunk adds to the gradient of a slot, with a network of small random values.
class ChunkGradient {
 public:
  ChunkGradient(const adaptive::NetworkConfig& config, TrainSettings settings, const Source& images,
                double progress = 1)
      : network_(config),
        settings_(std::move(settings)),
        progress_(progress),
        values_(nn::initial_parameters(network_.layout(), 1)) {
    Stream stream(5, Purpose::init, 0, 0);
    for (float& value : values_) value += 0.05F * stream.normal();
    plan_ = draw_chunk(settings_, config, {nullptr, &images, nullptr}, 1, 0, 0);
    plan_.decoder_exit = 2;
  }

  float norm(const std::string& slot) {
    const nn::FlatVector<float> gradients = of_all();
    return nn::view(gradients, network_.layout().slot(network_.layout().find(slot))).norm();
  }

  /// Names of the slots whose gradients differ from those of another chunk of the same network, to the bit.
  std::vector<std::string> slots_unlike(ChunkGradient& other) {
    const nn::FlatVector<float> here = of_all(), there = other.of_all();
    std::vector<std::string> names;
    for (const nn::Slot& slot : network_.layout().slots())
      if (nn::view(here, slot) != nn::view(there, slot)) names.push_back(slot.name);
    return names;
  }

 private:
  nn::FlatVector<float> of_all() {
    const TrainChannels channels = make_train_channels();
    const LossBalance balance;
    nn::FlatVector<float> gradients = nn::FlatVector<float>::Zero(values_.size());
    nn::Tape<float> tape(true);
    backbone_pass({network_, settings_, channels, balance, {}, progress_}, plan_, values_, gradients, tape);
    EXPECT_TRUE(gradients.allFinite());
    return gradients;
  }

  adaptive::Network network_;
  TrainSettings settings_;
  double progress_;
  nn::FlatVector<float> values_;
  ChunkPlan plan_;
};

TEST_F(DepthTrainingTest, EverySamplerTeachesItsGates) {
  for (const nn::Sampler& sampler : nn::samplers()) {
    SCOPED_TRACE(sampler.name);
    const auto choice = static_cast<std::size_t>(sampler.choice);
    const std::string depth[] = {"skip", "planned", "mod"};
    const std::string slot[] = {"decoder.2.skip.down.weight", "decoder.plan.down.weight",
                                "decoder.2.depth_router.weight"};
    TrainRequest one = request("", depth[choice]);
    one.settings.sampler = sampler.name;
    ChunkGradient chunk(one.network, one.settings, images_);
    EXPECT_GT(chunk.norm(slot[choice]), 0);
  }
}

TEST_F(DepthTrainingTest, TheAggregateTeachesItsGates) {
  TrainRequest one = request("", "exits");
  one.network.aggregate = true;
  ChunkGradient chunk(one.network, one.settings, images_);
  EXPECT_GT(chunk.norm("decoder.1.aggregate.down.weight"), 0);
}

/// Nothing is held back before the ponder cost would be.
TEST_F(DepthTrainingTest, TheHaltingPriorCountsFromTheBudgetsStartOn) {
  TrainRequest one = request("", "halting");
  one.settings.budget_rule = "none";
  const auto reaches = [&](double depth, double progress) {
    one.settings.halting_depth = depth;
    return ChunkGradient(one.network, one.settings, images_, progress).norm("decoder.0.halt.bias");
  };
  EXPECT_EQ(reaches(1, 0.19), reaches(0, 0.19));
  EXPECT_NE(reaches(1, 0.21), reaches(0, 0.21));
}

TEST_F(DepthTrainingTest, OneAndTwoThreadsGiveTheSameWeights) {
  TrainRequest one = request("one.h5", "skip");
  one.settings.sampler = "reinforce";
  one.settings.num_images = 24;
  one.settings.budget_start = 0;
  TrainRequest two = one;
  two.num_threads = 2;
  two.output = folder_ / "two.h5";
  run(one);
  run(two);
  EXPECT_EQ(read_weights(one.output).values, read_weights(two.output).values);
}

TEST_F(DepthTrainingTest, ResumedEqualsUndisturbed) {
  TrainRequest whole = request("whole.h5", "skip");
  whole.settings.num_images = 48;
  whole.settings.budget_start = 0;
  whole.settings.budget_rule = "dual";
  whole.settings.budget_rate = 1;
  whole.scenario = "resumed";
  TrainRequest parts = whole;
  parts.output = folder_ / "parts.h5";
  run(whole);
  std::atomic<bool> stop = false;
  EXPECT_FALSE(train(
      parts, [&](const TrainProgress& progress) { stop = progress.step >= 3; }, stop));
  parts.resume = true;
  run(parts);
  EXPECT_EQ(read_weights(whole.output).values, read_weights(parts.output).values);
}

/// The earlier exit's loss is made a thousand times the last one's: what reaches a block below it is its share.
TEST_F(DepthTrainingTest, ExitGradientScalesWhatReachesTheBlocks) {
  const auto reaches = [&](const std::string& gradient) {
    TrainRequest exits = request("", "exits");
    exits.network.decoder_blocks = 4;
    exits.settings.exit_gradient = gradient;
    exits.settings.exit_weight = exits.settings.exit_weight_high_snr = 1000;
    return ChunkGradient(exits.network, exits.settings, images_).norm("decoder.1.qkv.weight");
  };
  const float full = reaches("full");
  EXPECT_LT(reaches("stop"), 0.1F * full);
  EXPECT_NEAR(reaches("by_position"), full / 2, 0.1F * full);  // the exit after 2 of 4 blocks
}

/// Of what an earlier exit loses, a training that stops it shows the last exit's blocks, and all else that this one
/// reads, nothing.
TEST_F(DepthTrainingTest, AStoppedExitTeachesItsHeadAlone) {
  const auto chunk = [&](const std::string& task, double weight) {
    TrainRequest exits = request("", "exits");
    exits.network.task = task;
    exits.network.num_classes = 4;
    exits.settings.exit_gradient = "stop";
    exits.settings.exit_weight = exits.settings.exit_weight_high_snr = weight;
    return ChunkGradient(exits.network, exits.settings, images_);
  };
  for (const std::string task : {"reconstruction", "both"}) {
    ChunkGradient with = chunk(task, 1000), without = chunk(task, 0);
    const std::vector<std::string> taught = with.slots_unlike(without);
    EXPECT_EQ(taught.size(), task == "both" ? 8 : 4);
    for (const std::string& slot : taught)
      EXPECT_TRUE(slot.starts_with("decoder.2.pixels") || slot.starts_with("decoder.2.classes")) << slot;
  }
}

/// Joint exits (row D1 of the survey's taxonomy): every exit is trained, and the last one pays at most 0.2 dB for it
/// (0.02 dB at most with six seeds; with weights of 10, between nothing and 0.5 dB).
TEST_F(DepthTrainingTest, JointExitsAreAllTrainedAndCostTheLastOneLittle) {
  const auto with_weights = [&](double low_snr, double high_snr) {
    TrainRequest exits = request("exits.h5", "exits");
    exits.settings.num_images = 12800;
    exits.settings.batch = 16;
    exits.settings.exit_weight = low_snr;
    exits.settings.exit_weight_high_snr = high_snr;
    run(exits);
    return trained_psnr_db(exits);
  };
  const TrainSettings defaults;
  const std::vector<double> alone = with_weights(0, 0);
  const std::vector<double> joint = with_weights(defaults.exit_weight, defaults.exit_weight_high_snr);
  for (std::size_t exit = 0; exit < 3; ++exit) EXPECT_GT(joint[exit], alone[exit] + 2) << exit;
  EXPECT_GT(joint[1], joint[0] + 0.5);  // and an exit behind a block shows what the block did
  EXPECT_LE(alone[3] - joint[3], 0.2);
}

}  // namespace
}  // namespace semlink::train
