// What is known to go wrong when discrete decisions are trained, each with the figure that says that it did not. Toy
// problems: a tape per step, the trainings' own samplers, penalties and optimiser.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/experts.h>
#include <semlink/codecs/nn/samplers/sampler.h>
#include <semlink/train/depth_training.h>
#include <semlink/train/optimizer.h>

namespace semlink::train {
namespace {

TrainSettings settings_of(int num_steps) {
  TrainSettings settings;
  settings.optimizer = "adamw";
  settings.batch = 1;
  settings.num_images = num_steps;
  return settings;
}

/// A pass without a network: what it decides hangs on one leaf.
class Pass {
 public:
  explicit Pass(const RowMatrix<float>& value) : leaf_(tape_.result(value.rows(), value.cols(), {}, true)) {
    leaf_.value() = value;
  }
  nn::Context<float>& context() { return context_; }
  const nn::Var<float>& leaf() const { return leaf_; }
  /// The gradient of `loss` at the leaf.
  RowMatrix<float> slope(const nn::Var<float>& loss) {
    tape_.backward(loss);
    return leaf_.grad();
  }

 private:
  nn::Tape<float> tape_{true};
  nn::ParameterLayout layout_;
  nn::FlatVector<float> none_;
  nn::Context<float> context_{tape_, layout_, none_, &none_};
  nn::Var<float> leaf_;
};

/// Least entropy in nats, over the first third of a training, of a choice among four that are all as good: what images
/// lose with each is noise. Steps down a noisy slope let the logits walk, until one option has all and none learns.
double least_entropy(double temperature_start, double temperature_end, std::uint64_t seed) {
  constexpr int kSteps = 500, kImages = 16, kOptions = 4;
  Eigen::RowVector4f logits = Eigen::RowVector4f::Zero();
  double least = std::log(kOptions);
  for (int step = 0; step < kSteps / 3; ++step) {
    Pass pass(logits.replicate(kImages, 1));
    Stream noise(seed, Purpose::user, static_cast<std::uint64_t>(step)),
        losses(seed, Purpose::user, static_cast<std::uint64_t>(step), 1);
    const double temperature =
        nn::temperature_at(temperature_start, temperature_end, static_cast<double>(step) / kSteps);
    const nn::Decision<float> choice =
        nn::find_sampler("gumbel_softmax").draw(pass.context(), pass.leaf(), {temperature, &noise, 1});
    std::vector<float> lost;
    for (int i = 0; i < kImages * kOptions; ++i) lost.push_back(losses.normal());
    constexpr float kRate = 2.0F / kImages;
    logits -= kRate * pass.slope(nn::weighted_sum(pass.context(), choice.value, lost)).colwise().sum();
    Eigen::RowVector4d p = logits.cast<double>().array().exp();
    p /= p.sum();
    least = std::min(least, -(p.array() * p.array().max(1e-300).log()).sum());
  }
  return least;
}

TEST(GumbelSoftmax, ChoicesStayOpenEarlyAtTheDefaultTemperature) {
  const TrainSettings settings;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    EXPECT_GT(least_entropy(settings.sampler_temperature, settings.sampler_temperature_end, seed), 0.2) << seed;
    EXPECT_LT(least_entropy(0.1, 0.1, seed), 0.2) << seed;  // cold from the start: choices are dead
  }
}

/// Gates of a hundred kinds of image, each worth another gain, under the hinge penalty: the share of open gates over
/// the last tenth of the training, as receivers decide.
double share_of_open_gates(const std::string& sampler, double target) {
  constexpr Index kKinds = 100;
  constexpr int kSteps = 2000;
  TrainSettings settings = settings_of(kSteps);
  settings.gate_budget = target;
  nn::ParameterLayout layout;
  layout.add("gates", kKinds, 1, nn::Init::zeros);
  settings.weight_decay = 0;
  nn::FlatVector<float> values = nn::FlatVector<float>::Zero(kKinds), gradient = values;
  Optimizer optimizer(layout, settings, {true});
  BudgetControl control;
  std::vector<float> lost_when_open;
  for (Index kind = 0; kind < kKinds; ++kind)
    lost_when_open.push_back(-static_cast<float>(kind) / static_cast<float>(kKinds * kKinds));
  double sum = 0;
  for (int step = 0; step < kSteps; ++step) {
    const RowMatrix<float> logits = 10 * values.array() + 5;  // open at the start, as in `SampleGate`
    Pass pass(logits);
    Stream noise(1, Purpose::user, static_cast<std::uint64_t>(step));
    const double temperature = nn::temperature_at(settings.sampler_temperature, settings.sampler_temperature_end,
                                                  static_cast<double>(step) / kSteps);
    const nn::Decision<float> gates =
        nn::find_sampler(sampler).draw(pass.context(), pass.leaf(), {temperature, &noise, 1});
    const nn::Var<float> usage =
        nn::weighted_sum(pass.context(), gates.usage, std::vector<float>(kKinds, 1.0F / kKinds));
    const nn::Var<float> penalty = nn::scaled(pass.context(), control.loss(pass.context(), usage, settings),
                                              static_cast<float>(settings.budget_weight));
    const nn::Var<float> benefit = nn::weighted_sum(pass.context(), gates.value, lost_when_open);
    gradient = 10 * pass.slope(nn::add(pass.context(), benefit, penalty));
    optimizer.step(step, gradient, values, 1);
    const double share = (logits.array() > 0).cast<double>().mean();
    control.add(share, settings);
    if (step >= kSteps * 9 / 10) sum += share / (kSteps / 10);
  }
  return sum;
}

TEST(Budget, MeanGateIsWithinTwoHundredthsOfItsTargetWithEverySampler) {
  for (const char* sampler : {"straight_through", "binary_concrete", "gumbel_binary"})
    EXPECT_NEAR(share_of_open_gates(sampler, 0.7), 0.7, 0.02) << sampler;
}

TEST(Budget, EveryTargetIsMet) {
  for (const double target : {0.15, 0.25, 0.5, 0.75, 0.9})
    EXPECT_NEAR(share_of_open_gates("gumbel_binary", target), target, 0.03) << target;
}

/// One gate whose last part is worth less and less, under dual ascent to 0.7, and how often its use then swings from
/// one side of 0.7 +- 0.03 to the other.
struct Ascent {
  double end = 0;  ///< use in the last step
  int swings = 0;
};

Ascent ascend(double budget_rate) {
  constexpr int kSteps = 4000;
  constexpr double kTarget = 0.7, kBand = 0.03;
  TrainSettings settings = settings_of(kSteps);
  settings.budget_rule = "dual";
  settings.gate_budget = kTarget;
  settings.budget_rate = budget_rate;
  nn::ParameterLayout layout;
  layout.add("gate", 1, 1, nn::Init::zeros);
  nn::FlatVector<float> value = nn::FlatVector<float>::Zero(1), gradient = value;
  Optimizer optimizer(layout, settings, {true});
  BudgetControl control;
  Ascent ascent;
  int side = 1;
  for (int step = 0; step < kSteps; ++step) {
    Pass pass(RowMatrix<float>::Constant(1, 1, 5 + 10 * value[0]));
    const nn::Var<float> usage = nn::sigmoid(pass.context(), pass.leaf());
    ascent.end = static_cast<double>(usage.data()[0]);
    // Opening it takes from an error of (1 - usage)^2 / 2, by a batch's noisy account.
    Stream noise(1, Purpose::user, static_cast<std::uint64_t>(step));
    const nn::Var<float> benefit =
        nn::scaled(pass.context(), usage, static_cast<float>(ascent.end - 1) + 0.3F * noise.normal());
    gradient[0] =
        10 * pass.slope(nn::add(pass.context(), benefit, control.loss(pass.context(), usage, settings)))(0, 0);
    optimizer.step(step, gradient, value, 1);
    control.add(ascent.end, settings);
    const int now = ascent.end > kTarget + kBand ? 1 : ascent.end < kTarget - kBand ? -1 : side;
    ascent.swings += now != side ? 1 : 0;
    side = now;
  }
  return ascent;
}

TEST(DualAscent, ComesToItsTargetWithoutSwingingAtTheDefaultStep) {
  const Ascent usual = ascend(TrainSettings().budget_rate), fast = ascend(0.1);
  EXPECT_NEAR(usual.end, 0.7, 0.02);
  EXPECT_EQ(usual.swings, 0);
  EXPECT_GT(fast.swings, 10);
}

/// Before `budget_start` no penalty and no price reaches the gates of any mechanism that has a budget.
TEST(Budget, CountsFromItsStartOnAndNotBefore) {
  const TrainSettings defaults;
  EXPECT_EQ(defaults.budget_start, 0.3);
  adaptive::NetworkConfig config;
  config.depth = "halting";
  const adaptive::Network network(config);
  const nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  ChunkPlan plan;
  plan.images.emplace_back();
  const auto charges = [&](const std::string& rule, double progress) {
    TrainSettings settings;
    settings.budget_rule = rule;
    BudgetControl control;
    nn::Tape<float> tape(true);
    nn::FlatVector<float> gradients = nn::FlatVector<float>::Zero(values.size());
    nn::Context<float> context{tape, network.layout(), values, &gradients};
    const std::vector<nn::Grid> grids = {{2, 2}};
    const nn::Var<float> condition = network.decoder_condition(context, {{7.0, 2, 1, 1}});
    const nn::Var<float> received = nn::input<float>(context, RowMatrix<float>::Ones(4, 3 * config.max_width));
    const DepthLosses losses(settings, config, plan, progress);
    const auto way =
        adaptive::start_depth<float>({context, network, condition, grids, {}, &losses.training()},
                                     network.receive(context, received, adaptive::raster_places(grids), grids));
    while (!way->finished()) way->advance();
    control.add(1, settings);  // far above the budget, so that every rule has something to say
    return !losses.budget(context, *way, control).empty();
  };
  for (const std::string rule : {"hinge", "square", "dual", "price"}) {
    EXPECT_FALSE(charges(rule, 0.29)) << rule;
    EXPECT_TRUE(charges(rule, 0.31)) << rule;
  }
  EXPECT_FALSE(charges("none", 0.31));
}

/// Coefficient of variation of four experts' loads after a training that starts with nearly all tokens at the first
/// one.
double load_variation(const std::string& balance, double balance_weight = 0) {
  constexpr Index kDim = 8, kTokens = 64, kExperts = 4;
  constexpr int kSteps = 2000;
  const TrainSettings settings = settings_of(kSteps);
  nn::ParameterLayout layout;
  const nn::Experts experts(layout, "block", kDim, {kExperts, 2, 0, 1, 0, "token_choice"});
  nn::FlatVector<float> values = nn::initial_parameters(layout, 3);
  nn::view(values, layout.slot(experts.score.bias)) << 2, 0, 0, 0;
  Optimizer optimizer(layout, settings, std::vector<bool>(layout.slots().size(), true));
  std::vector<double> load;
  for (int step = 0; step < kSteps; ++step) {
    Stream stream(5, Purpose::user, static_cast<std::uint64_t>(step));
    RowMatrix<float> x(kTokens, kDim);
    for (float& one : x.reshaped()) one = stream.normal();
    nn::FlatVector<float> gradient = nn::FlatVector<float>::Zero(layout.size());
    nn::Tape<float> tape(true);
    nn::Context<float> context{tape, layout, values, &gradient};
    nn::RouterTraining<float> training;
    training.balances_by_bias = balance == "bias";
    training.balance_weight = balance_weight;
    training.bias_scale = 1e-3;
    context.router_training = &training;
    std::vector<nn::Routing> routings;
    context.routings = &routings;
    nn::Windows windows;
    windows.rows.append(kTokens);
    for (Index i = 0; i < kTokens; ++i) windows.place.push_back(static_cast<std::uint8_t>(i));
    const nn::Var<float> rows = nn::input<float>(context, x);
    const nn::Var<float> y = experts(context, rows, rows, windows.rows, windows);
    // A target that no linear map gives: |x|.
    const RowMatrix<float> target = x.cwiseAbs();
    nn::Var<float> loss = nn::squared_error<float>(context, y, {target.data(), static_cast<std::size_t>(target.size())},
                                                   std::vector<float>(kTokens, 1.0F / kTokens / kDim));
    for (const nn::Var<float>& one : training.losses) loss = nn::add(context, loss, one);
    tape.backward(loss);
    optimizer.step(step, gradient, values, 1);
    load = routings.front().load();
  }
  double variance = 0;
  for (const double share : load) variance += std::pow(share - 1.0 / kExperts, 2) / kExperts;
  return std::sqrt(variance) * kExperts;
}

/// At a weight of 0.01, the default, the loss only slows the collapse of so small a network.
TEST(RouterBalance, KeepsTokenChoiceFromCollapsing) {
  EXPECT_GT(load_variation("none"), 1);
  EXPECT_LT(load_variation("loss", 0.3), 0.5);
  EXPECT_LT(load_variation("bias"), 0.5);
}

}  // namespace
}  // namespace semlink::train
