#include <semlink/codecs/nn/shared_experts.h>

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include <semlink/codecs/nn/experts.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

using test::expect_gradients;
using test::random_matrix;
using Inputs = std::vector<Var<double>>;
using C = Context<double>;

RowGroups two_samples() {
  RowGroups groups;
  groups.append(4);
  groups.append(3);
  return groups;
}

TEST(Gradient, SoftmaxColumns) {
  expect_gradients({}, {random_matrix(7, 3, 1)},
                   [](C& c, const Inputs& in) { return softmax_columns(c, in[0], two_samples()); });
}

TEST(Gradient, GroupGram) {
  expect_gradients({}, {random_matrix(7, 3, 1), random_matrix(7, 2, 2)},
                   [](C& c, const Inputs& in) { return group_gram(c, in[0], in[1], two_samples()); });
}

TEST(Gradient, GroupProduct) {
  expect_gradients({}, {random_matrix(7, 3, 1), random_matrix(6, 2, 2)},
                   [](C& c, const Inputs& in) { return group_product(c, in[0], in[1], two_samples()); });
}

TEST(Gradient, MergedLinear) {
  ParameterLayout layout;
  std::vector<Index> weights, biases;
  for (const std::string name : {"a", "b", "c"}) {
    weights.push_back(layout.add(name + ".weight", 3, 2, Init::zeros));
    biases.push_back(layout.add(name + ".bias", 1, 2, Init::zeros));
  }
  expect_gradients(layout, {random_matrix(7, 3, 1), random_matrix(2, 3, 2)}, [&](C& c, const Inputs& in) {
    return merged_linear(c, in[0], in[1], weights, biases, two_samples());
  });
}

TEST(SoftmaxColumns, SumToOneInEveryGroupAtAnyScale) {
  const ParameterLayout none;
  const FlatVector<double> parameters;
  Tape<double> tape(false);
  C context{tape, none, parameters};
  const Var<double> out = softmax_columns(context, input<double>(context, random_matrix(7, 3, 1, 1e3)), two_samples());
  for (Index col = 0; col < 3; ++col) {
    EXPECT_NEAR(out.value().col(col).head(4).sum(), 1, 1e-12);
    EXPECT_NEAR(out.value().col(col).tail(3).sum(), 1, 1e-12);
  }
}

/// A layer of three experts, its parameters, and what came out for two samples.
struct Mixture {
  explicit Mixture(const std::string& router, Index slots = 2)
      : experts(layout, "block", 4, {3, 2, 1, 1, 0, router, slots}), values(FlatVector<double>::Zero(layout.size())) {
    Stream stream(6, Purpose::user, 0);
    for (double& value : values) value = 0.5 * static_cast<double>(stream.normal());
  }
  RowMatrix<double> run() {
    const Var<double> rows = input<double>(context, x);
    Windows windows;
    windows.rows = two_samples();
    return experts(context, rows, input<double>(context, residual), two_samples(), windows).value();
  }
  RowMatrix<double> apply(const Mlp& mlp, const RowMatrix<double>& rows) {
    return mlp(context, input<double>(context, rows)).value();
  }
  RowMatrix<double> scores(const RowMatrix<double>& rows) {
    return experts.score(context, input<double>(context, rows)).value();
  }

  ParameterLayout layout;
  Experts experts;
  FlatVector<double> values;
  RowMatrix<double> x = random_matrix(7, 4, 1), residual = random_matrix(7, 4, 2);
  Tape<double> tape{false};
  std::vector<Routing> routings;
  C context{tape, layout, values, nullptr, nullptr, kernels::Precision::f32, nullptr, nullptr, &routings};
};

RowMatrix<double> row_softmax(const RowMatrix<double>& scores) {
  RowMatrix<double> out = scores.array().exp();
  for (Index r = 0; r < out.rows(); ++r) out.row(r) /= out.row(r).sum();
  return out;
}

TEST(SoftExperts, WorkOnWeightedMeansOfASample) {
  Mixture mixture("soft");
  const RowMatrix<double> got = mixture.run();
  RowMatrix<double> expected = mixture.residual + mixture.apply(*mixture.experts.shared, mixture.x);
  for (const auto& [first, count] : {std::pair<Index, Index>(0, 4), std::pair<Index, Index>(4, 3)}) {
    const RowMatrix<double> x = mixture.x.middleRows(first, count), scores = mixture.scores(x);
    const RowMatrix<double> dispatch = row_softmax(scores.transpose());  // over the tokens
    const RowMatrix<double> slots = dispatch * x;
    RowMatrix<double> outputs(6, 4);
    for (Index e = 0; e < 3; ++e)
      outputs.middleRows(2 * e, 2) = mixture.apply(mixture.experts.expert(e), slots.middleRows(2 * e, 2));
    expected.middleRows(first, count) += row_softmax(scores) * outputs;
  }
  EXPECT_LT((got - expected).cwiseAbs().maxCoeff(), 1e-12);
  const std::vector<double> visits = mixture.routings.front().visits();
  EXPECT_NEAR(visits[0] + visits[1] + visits[2], 7, 1e-12);  // every token is served once, in parts
}

TEST(SoftExperts, CostDoesNotFollowTheTokens) {
  const Mixture few("soft", 1), many("soft", 4);
  const auto feed_forward = [](const Mixture& mixture) {
    RowGroups none;
    none.append(0);
    return mixture.experts.macs(none);
  };
  EXPECT_EQ(feed_forward(few), 3 * 1 * 2 * 4 * 8);
  EXPECT_EQ(feed_forward(many), 3 * 4 * 2 * 4 * 8);
}

TEST(MergedExperts, RunOnceWithTheMeanOfTheWeights) {
  Mixture mixture("merge");
  const RowMatrix<double> got = mixture.run();
  RowMatrix<double> expected = mixture.residual + mixture.apply(*mixture.experts.shared, mixture.x);
  for (const auto& [first, count] : {std::pair<Index, Index>(0, 4), std::pair<Index, Index>(4, 3)}) {
    const RowMatrix<double> x = mixture.x.middleRows(first, count);
    const RowMatrix<double> gates = row_softmax(mixture.scores(x.colwise().mean()));
    FlatVector<double> merged = mixture.values;
    const Mlp slot = mixture.experts.expert(0);  // takes the mean's place
    for (const auto member : {&Mlp::up, &Mlp::down})
      for (const auto part : {&Linear::weight, &Linear::bias}) {
        auto mean = view(merged, mixture.layout.slot(slot.*member.*part));
        mean.setZero();
        for (Index e = 0; e < 3; ++e)
          mean += gates(0, e) *
                  view(std::as_const(mixture.values), mixture.layout.slot(mixture.experts.expert(e).*member.*part));
      }
    Tape<double> tape(false);
    C context{tape, mixture.layout, merged};
    expected.middleRows(first, count) += slot(context, input<double>(context, x)).value();
  }
  EXPECT_LT((got - expected).cwiseAbs().maxCoeff(), 1e-12);
  const std::vector<double> load = mixture.routings.front().load();
  EXPECT_NEAR(load[0] + load[1] + load[2], 1, 1e-12);
}

TEST(MergedExperts, CostOneExpertAndTheMean) {
  const Mixture mixture("merge");
  const std::int64_t expert = 2 * 4 * 8, shared = 2 * 4 * 4;
  EXPECT_EQ(mixture.experts.macs(two_samples()), 2 * 4 * 3 + (7 + 2 * 3) * expert + 7 * shared);
}

}  // namespace
}  // namespace semlink::nn
