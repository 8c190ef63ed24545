#include <semlink/codecs/nn/experts.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <semlink/codecs/nn/block.h>
#include <semlink/core/error.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

using test::expect_gradients;
using test::random_matrix;
using Inputs = std::vector<Var<double>>;
using C = Context<double>;

TEST(Gradient, SoftmaxRows) {
  expect_gradients({}, {random_matrix(4, 5, 1)}, [](C& c, const Inputs& in) { return softmax_rows(c, in[0]); });
}

TEST(Gradient, Pick) {
  expect_gradients({}, {random_matrix(4, 3, 1)}, [](C& c, const Inputs& in) { return pick(c, in[0], {11, 5, 0}); });
}

TEST(Gradient, ScaleRows) {
  expect_gradients({}, {random_matrix(4, 3, 1), random_matrix(4, 1, 2)},
                   [](C& c, const Inputs& in) { return scale_rows(c, in[0], in[1]); });
}

TEST(Gradient, AddAtRows) {
  expect_gradients({}, {random_matrix(4, 3, 1), random_matrix(3, 3, 2)}, [](C& c, const Inputs& in) {
    return add_at_rows(c, in[0], in[1], {0, 3, 3});
  });
}

TEST(Gradient, BalanceLoss) {
  expect_gradients({}, {random_matrix(4, 3, 1)}, [](C& c, const Inputs& in) {
    return balance_loss(c, in[0], {0.5, 0.25, 0.25});
  });
}

TEST(Gradient, RouterZLoss) {
  expect_gradients({}, {random_matrix(4, 3, 1)}, [](C& c, const Inputs& in) { return router_z_loss(c, in[0]); });
}

/// Two samples of 4 and 3 tokens, each within one window.
std::shared_ptr<const Windows> two_windows() {
  auto windows = std::make_shared<Windows>();
  windows->rows.append(4);
  windows->rows.append(3);
  windows->place = {0, 1, 8, 9, 5, 9, 62};
  return windows;
}

class EveryRouter : public testing::TestWithParam<std::string> {};

TEST_P(EveryRouter, HasGradients) {
  ParameterLayout layout;
  const Experts experts(layout, "block", 4, {3, 2, 1, 2, 0, GetParam()});
  const auto windows = two_windows();
  expect_gradients(layout, {random_matrix(7, 4, 1), random_matrix(7, 4, 2)},
                   [&](C& c, const Inputs& in) { return experts(c, in[0], in[1], windows->rows, *windows); });
}

/// Floats of a mixture over these rows, and what the ledger counted.
struct MixtureRun {
  RowMatrix<float> y;
  std::vector<Routing> routings;
  std::int64_t macs = 0;
};
MixtureRun run_experts(const ParameterLayout& layout, const Experts& experts, const RowMatrix<float>& x,
                       const RowGroups& samples, const Windows& windows) {
  FlatVector<float> values = initial_parameters(layout, 3);
  Stream stream(4, Purpose::user, 0);
  for (float& value : values) value += 0.2F * stream.normal();
  Tape<float> tape(false);
  MixtureRun run;
  MacLedger ledger;
  Context<float> context{tape, layout, values, nullptr, &ledger};
  context.routings = &run.routings;
  const Var<float> rows = input<float>(context, x);
  run.y = experts(context, rows, rows, samples, windows).value();
  run.macs = ledger.macs;
  return run;
}

TEST_P(EveryRouter, ASampleDoesNotFeelItsNeighbours) {
  ParameterLayout layout;
  const Experts experts(layout, "block", 8, {4, 2, 0, 1, 1.5, GetParam()});
  const auto windows = two_windows();
  const RowMatrix<float> x = random_matrix(7, 8, 5).cast<float>();
  Windows second;
  second.rows.append(3);
  second.place = {5, 9, 62};
  const RowMatrix<float> both = run_experts(layout, experts, x, windows->rows, *windows).y;
  const RowMatrix<float> alone = run_experts(layout, experts, x.bottomRows(3), second.rows, second).y;
  EXPECT_EQ(both.bottomRows(3), alone);
}

TEST_P(EveryRouter, LedgerCountsWhatWasForeseen) {
  for (const Index shared : {0, 2}) {
    ParameterLayout layout;
    const Experts experts(layout, "block", 8, {4, 3, shared, 2, 0, GetParam()});
    const auto windows = two_windows();
    const MixtureRun run = run_experts(layout, experts, random_matrix(7, 8, 5).cast<float>(), windows->rows, *windows);
    EXPECT_EQ(run.macs, experts.macs(windows->rows));
  }
}

TEST_P(EveryRouter, AnExpertThatIsNotChosenCostsNothing) {
  if (find_router(GetParam()).mixing != Mixing::rows) GTEST_SKIP() << "its experts are shared by all tokens";
  ParameterLayout layout;
  const Experts experts(layout, "block", 8, {64, 3, 0, 1, 0, GetParam()});
  Windows one;
  one.rows.append(1);
  one.place = {7};
  const MixtureRun run = run_experts(layout, experts, random_matrix(1, 8, 5).cast<float>(), one.rows, one);
  std::int64_t visits = 0;
  for (const auto& rows : run.routings.front().rows) visits += static_cast<std::int64_t>(rows.size());
  const std::int64_t router = GetParam() == "hash" ? 0 : 8 * 64;
  EXPECT_EQ(run.macs, router + visits * 2 * 8 * 24);
  EXPECT_EQ(visits, GetParam() == "expert_choice" ? 64 : 1);  // every expert takes at least one token
}

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  for (const Router& router : routers()) names.emplace_back(router.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Routers, EveryRouter, testing::ValuesIn(router_names()),
                         [](const auto& info) { return info.param; });

RowGroups one_sample(Index rows) {
  RowGroups groups;
  groups.append(rows);
  return groups;
}

TEST(TokenChoice, TakesTheHighestScoresAndTheLowerExpertOfEqualOnes) {
  RowMatrix<double> scores(3, 3);
  scores << 1, 5, 3, 2, 2, 0, 0, 0, 9;
  const RowGroups samples = one_sample(3);
  const Routing routing = route_token_choice({scores, samples, {}, 2, 0});
  EXPECT_EQ(routing.rows, (std::vector<std::vector<Index>>{{1, 2}, {0, 1}, {0, 2}}));
  EXPECT_EQ(routing.overflowed, 0);
}

TEST(TokenChoice, RoomGoesToTheHighestScoresAndTheRestIsCounted) {
  RowMatrix<double> scores(4, 2);
  scores << 1, 0, 4, 0, 3, 0, 2, 0;
  const RowGroups samples = one_sample(4);
  const Routing routing = route_token_choice({scores, samples, {}, 1, 1});
  EXPECT_EQ(routing.rows, (std::vector<std::vector<Index>>{{1, 2}, {}}));
  EXPECT_EQ(routing.overflowed, 2);
  EXPECT_EQ(routing.load(), (std::vector<double>{1, 0}));
}

TEST(ExpertChoice, LoadIsEvenPerSample) {
  const RowMatrix<double> scores = random_matrix(20, 4, 3);
  RowGroups samples = one_sample(12);
  samples.append(8);
  const Routing routing = route_expert_choice({scores, samples, {}, 1, 1});
  for (const auto& rows : routing.rows) {
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](Index row) { return row < 12; }), 3);
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](Index row) { return row >= 12; }), 2);
  }
}

TEST(Hash, SpreadsAWindowOverAllExperts) {
  const RowMatrix<double> scores = RowMatrix<double>::Zero(64, 8);
  std::vector<std::uint8_t> place(64);
  std::iota(place.begin(), place.end(), std::uint8_t{0});
  const RowGroups samples = one_sample(64);
  const Routing routing = route_hash({scores, samples, place, 1, 0});
  for (const double share : routing.load()) EXPECT_NEAR(share, 1.0 / 8, 1.0 / 32);
}

TEST(BalanceLoss, IsOneWhenEvenAndTheNumberOfExpertsWhenAllGoToOne) {
  Tape<double> tape(false);
  ParameterLayout layout;
  FlatVector<double> none;
  C context{tape, layout, none};
  const Var<double> even = input<double>(context, RowMatrix<double>::Constant(5, 4, 0.25));
  EXPECT_NEAR(balance_loss(context, even, {0.25, 0.25, 0.25, 0.25}).value()(0, 0), 1, 1e-12);
  RowMatrix<double> first = RowMatrix<double>::Zero(5, 4);
  first.col(0).setOnes();
  EXPECT_NEAR(balance_loss(context, input<double>(context, first), {1, 0, 0, 0}).value()(0, 0), 4, 1e-12);
}

TEST(Experts, OutputIsTheWeightedSumOfTheChosenOnes) {
  ParameterLayout layout;
  const Experts experts(layout, "block", 4, {3, 2, 1, 2, 0, "token_choice"});
  FlatVector<double> values = FlatVector<double>::Zero(layout.size());
  Stream stream(6, Purpose::user, 0);
  for (double& value : values) value = 0.5 * static_cast<double>(stream.normal());
  view(values, layout.slot(experts.bias)).setZero();
  Tape<double> tape(false);
  C context{tape, layout, values};
  const auto windows = two_windows();
  const Var<double> x = input<double>(context, random_matrix(7, 4, 1));
  const Var<double> residual = input<double>(context, random_matrix(7, 4, 2));
  const RowMatrix<double> got = experts(context, x, residual, windows->rows, *windows).value();

  const RowMatrix<double> logits = experts.score(context, x).value();
  RowMatrix<double> expected = residual.value() + (*experts.shared)(context, x).value();
  std::vector<RowMatrix<double>> outputs;
  for (Index e = 0; e < experts.shape.num_experts; ++e) outputs.emplace_back(experts.expert(e)(context, x).value());
  for (Index r = 0; r < 7; ++r) {
    Index least = 0;
    logits.row(r).minCoeff(&least);
    const double sum = logits.row(r).array().exp().sum();
    for (Index e = 0; e < 3; ++e)
      if (e != least) expected.row(r) += std::exp(logits(r, e)) / sum * outputs[static_cast<std::size_t>(e)].row(r);
  }
  EXPECT_LT((got - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(RouterTraining, BiasIsPushedAgainstTheLoad) {
  ParameterLayout layout;
  const Experts experts(layout, "block", 4, {3, 2, 0, 1, 0, "token_choice"});
  FlatVector<double> values = FlatVector<double>::Zero(layout.size()), gradients = values;
  view(values, layout.slot(experts.score.bias)) << 5, 0, 0;  // every token goes to the first expert
  Tape<double> tape(true);
  C context{tape, layout, values, &gradients};
  RouterTraining<double> training;
  training.balances_by_bias = true;
  context.router_training = &training;
  const auto windows = two_windows();
  const Var<double> x = input<double>(context, random_matrix(7, 4, 1));
  experts(context, x, x, windows->rows, *windows);
  const auto slope = view(gradients, layout.slot(experts.bias));
  EXPECT_NEAR(slope(0, 0), 2.0 / 3, 1e-12);  // a step downhill lowers its score
  EXPECT_NEAR(slope(0, 1), -1.0 / 3, 1e-12);
  EXPECT_NEAR(slope(0, 2), -1.0 / 3, 1e-12);
}

TEST(Block, WithExpertsHasGradientsAndForeseenMacs) {
  ParameterLayout layout;
  const Block block(layout, "b", {8, 2, 4, 3, {4, 2, 1, 1, 0, "token_choice"}});
  const auto windows = two_windows();
  const auto run = [&](C& c, const Inputs& in) { return block(c, in[0], in[1], windows->rows, windows); };
  expect_gradients(layout, {random_matrix(7, 8, 1), random_matrix(2, 3, 2)}, run);

  Tape<double> tape(false);
  const FlatVector<double> values = FlatVector<double>::Zero(layout.size());
  MacLedger ledger;
  C context{tape, layout, values, nullptr, &ledger};
  run(context, {input<double>(context, random_matrix(7, 8, 1)), input<double>(context, random_matrix(2, 3, 2))});
  EXPECT_EQ(ledger.macs, block.macs(*windows, windows->rows));
}

TEST(Router, UnknownNameIsRefused) { EXPECT_THROW(find_router("oracle"), Error); }

}  // namespace
}  // namespace semlink::nn
