#include <semlink/codecs/nn/samplers/sampler.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/codecs/nn/samplers/budget.h>
#include <semlink/codecs/nn/samplers/top_k.h>
#include <semlink/core/error.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

using test::expect_gradients;
using test::random_matrix;
using Inputs = std::vector<Var<double>>;
using C = Context<double>;

TEST(Gradient, Sigmoid) {
  expect_gradients({}, {random_matrix(3, 2, 1)}, [](C& c, const Inputs& in) { return sigmoid(c, in[0]); });
}

TEST(Gradient, Multiply) {
  expect_gradients({}, {random_matrix(3, 2, 1), random_matrix(3, 2, 2)},
                   [](C& c, const Inputs& in) { return multiply(c, in[0], in[1]); });
}

TEST(Gradient, WeightedSum) {
  expect_gradients({}, {random_matrix(3, 2, 1)}, [](C& c, const Inputs& in) {
    return weighted_sum(c, in[0], {1, -2, 0, 3, 0.5, 4});
  });
}

TEST(Gradient, BernoulliEntropy) {
  expect_gradients({}, {random_matrix(3, 2, 1)}, [](C& c, const Inputs& in) { return bernoulli_entropy(c, in[0]); });
}

TEST(Gradient, DivergenceTerm) {
  expect_gradients({}, {random_matrix(3, 1, 1).cwiseAbs()},
                   [](C& c, const Inputs& in) { return divergence_term(c, in[0], 0.3); });
}

TEST(Gradient, BlendRows) {
  expect_gradients({}, {random_matrix(4, 3, 1), random_matrix(2, 3, 2), random_matrix(2, 1, 3)},
                   [](C& c, const Inputs& in) {
                     return blend_rows(c, in[0], in[1], in[2], {3, 1});
                   });
}

TEST(Gradient, Branch) {
  expect_gradients({}, {random_matrix(4, 1, 1), random_matrix(4, 3, 2), random_matrix(4, 3, 3)},
                   [](C& c, const Inputs& in) { return branch(c, in[0], in[1], in[2]); });
}

TEST(Gradient, Thermometer) {
  expect_gradients({}, {random_matrix(3, 4, 1)}, [](C& c, const Inputs& in) { return thermometer(c, in[0]); });
}

TEST(Gradient, ExpectedError) {
  const RowMatrix<double> target = random_matrix(4, 3, 5);
  expect_gradients({}, {random_matrix(4, 3, 1), random_matrix(4, 1, 2)}, [&](C& c, const Inputs& in) {
    return expected_error<double>(c, in[0], {target.data(), 12}, in[1]);
  });
}

TEST(Gradient, BudgetPenalties) {
  for (const double usage : {0.2, 0.8}) {
    const RowMatrix<double> at = RowMatrix<double>::Constant(1, 1, usage);
    expect_gradients({}, {at}, [](C& c, const Inputs& in) { return budget_hinge(c, in[0], 0.5); });
    expect_gradients({}, {at}, [](C& c, const Inputs& in) { return budget_square(c, in[0], 0.5); });
  }
}

/// Values of one draw in double, and gradients of <functional, value> at the logits.
struct Drawn {
  RowMatrix<double> value;
  RowMatrix<double> usage;
  RowMatrix<double> log_probability;
  RowMatrix<double> gradient;
};

Drawn draw(const Sampler& sampler, const RowMatrix<double>& logits, SampleQuery query,
           const RowMatrix<double>& functional = {}) {
  Tape<double> tape(true);
  ParameterLayout layout;
  FlatVector<double> none;
  C context{tape, layout, none, &none};
  const Var<double> leaf = tape.result(logits.rows(), logits.cols(), {}, true);
  leaf.value() = logits;
  const Decision<double> decision = sampler.draw(context, leaf, query);
  Drawn drawn{decision.value.value(), decision.usage.value(), {}, {}};
  if (!decision.log_probability.empty()) drawn.log_probability = decision.log_probability.value();
  const Var<double>& slope = decision.log_probability.empty() ? decision.value : decision.log_probability;
  if (functional.size() > 0) {
    const std::vector<double> weights(functional.data(), functional.data() + functional.size());
    tape.backward(weighted_sum(context, slope, weights));
  }
  drawn.gradient = leaf.grad();
  return drawn;
}

constexpr double kTemperature = 0.7;

class EverySampler : public testing::TestWithParam<std::string> {
 protected:
  const Sampler& sampler() const { return find_sampler(GetParam()); }
};

TEST_P(EverySampler, DrawsWhatItsChoiceAllows) {
  const RowMatrix<double> logits = random_matrix(5, 8, 3);
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Stream stream(1, Purpose::user, trial);
    const Drawn drawn = draw(sampler(), logits, {kTemperature, &stream, 3});
    EXPECT_GE(drawn.value.minCoeff(), 0);
    const double total = sampler().choice == Choice::one ? 1 : 3;
    if (sampler().choice == Choice::each) continue;
    for (Index r = 0; r < 5; ++r) EXPECT_NEAR(drawn.value.row(r).sum(), total, 1e-9);
  }
}

TEST_P(EverySampler, RepeatsItselfWithTheSameStream) {
  const RowMatrix<double> logits = random_matrix(3, 6, 3);
  Stream first(4, Purpose::user, 1), second(4, Purpose::user, 1);
  EXPECT_EQ(draw(sampler(), logits, {kTemperature, &first, 2}).value,
            draw(sampler(), logits, {kTemperature, &second, 2}).value);
}

TEST_P(EverySampler, WithoutNoiseAtLowTemperatureTakesTheLargest) {
  RowMatrix<double> logits(1, 4);
  logits << -2, 1, 3, -1;
  RowMatrix<double> expected(1, 4);
  expected << 0, 1, 1, 0;
  if (sampler().choice == Choice::one) expected << 0, 0, 1, 0;
  const Drawn drawn = draw(sampler(), logits, {0.05, nullptr, 2});
  EXPECT_LT((drawn.value - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST_P(EverySampler, ItsUsagePushesLogitsUp) {
  const RowMatrix<double> logits = random_matrix(1, 6, 3, 0.5);
  Tape<double> tape(true);
  ParameterLayout layout;
  FlatVector<double> none;
  C context{tape, layout, none, &none};
  const Var<double> leaf = tape.result(1, 6, {}, true);
  leaf.value() = logits;
  Stream stream(4, Purpose::user, 1);
  const Decision<double> decision = sampler().draw(context, leaf, {kTemperature, &stream, 2});
  tape.backward(weighted_sum(context, decision.usage, {1, 0, 0, 0, 0, 0}));
  if (GetParam() != "perturbed_top_k") {  // its slope is a random figure, tested on average
    EXPECT_GT(leaf.grad()(0, 0), 0);
  }
}

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Sampler& sampler : samplers()) names.emplace_back(sampler.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Samplers, EverySampler, testing::ValuesIn(sampler_names()),
                         [](const auto& info) { return info.param; });

TEST(Sampler, RelaxationsHaveGradients) {
  for (const char* name : {"binary_concrete", "gumbel_softmax", "relaxed_top_k"}) {
    SCOPED_TRACE(name);
    expect_gradients({}, {random_matrix(3, 5, 1)}, [&](C& c, const Inputs& in) {
      Stream stream(2, Purpose::user, 0);
      return find_sampler(name).draw(c, in[0], {kTemperature, &stream, 2}).value;
    });
  }
}

TEST(Sampler, HardForwardPassesHaveTheGradientOfTheirRelaxation) {
  const std::pair<const char*, const char*> pairs[] = {
      {"gumbel_binary", "binary_concrete"}, {"gumbel_one_hot", "gumbel_softmax"}, {"gumbel_top_k", "relaxed_top_k"}};
  const RowMatrix<double> logits = random_matrix(3, 5, 1), functional = random_matrix(3, 5, 2);
  for (const auto& [hard, soft] : pairs) {
    SCOPED_TRACE(hard);
    Stream one(2, Purpose::user, 0), two(2, Purpose::user, 0);
    const Drawn forward = draw(find_sampler(hard), logits, {kTemperature, &one, 2}, functional);
    const Drawn relaxed = draw(find_sampler(soft), logits, {kTemperature, &two, 2}, functional);
    EXPECT_EQ(forward.gradient, relaxed.gradient);
    for (Index i = 0; i < forward.value.size(); ++i)
      EXPECT_TRUE(forward.value.data()[i] == 0 || forward.value.data()[i] == 1);
  }
}

/// Mean over many draws of a column of equal logits, and its standard error.
struct Mean {
  double value = 0;
  double std_error = 0;
};
template <typename Figure>
Mean mean_of(Index count, Figure figure) {
  double sum = 0, squares = 0;
  for (Index i = 0; i < count; ++i) {
    const double x = figure(i);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / static_cast<double>(count);
  return {mean, std::sqrt((squares / static_cast<double>(count) - mean * mean) / static_cast<double>(count))};
}

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Sampler, GatesOpenWithTheProbabilityOfTheirLogit) {
  for (const char* name : {"gumbel_binary", "reinforce"})
    for (const double logit : {-1.5, 0.4, 5.0}) {
      SCOPED_TRACE(name);
      Stream stream(8, Purpose::user, 0);
      const Drawn drawn = draw(find_sampler(name), RowMatrix<double>::Constant(4000, 1, logit), {2.0, &stream, 1});
      const double p = sigmoid_of(logit);
      EXPECT_NEAR(drawn.value.mean(), p, 5 * std::sqrt(p * (1 - p) / 4000));
    }
}

TEST(Sampler, GumbelSoftmaxPicksByTheSoftmax) {
  Stream stream(8, Purpose::user, 0);
  RowMatrix<double> logits(4000, 3);
  logits.rowwise() = Eigen::RowVector3d(0, 1, -1);
  const Drawn drawn = draw(find_sampler("gumbel_one_hot"), logits, {2.0, &stream, 1});
  const double sum = 1 + std::exp(1) + std::exp(-1);
  for (Index c = 0; c < 3; ++c) {
    const double p = std::exp(logits(0, c)) / sum;
    EXPECT_NEAR(drawn.value.col(c).mean(), p, 5 * std::sqrt(p * (1 - p) / 4000));
  }
}

TEST(Sampler, HardConcreteHasNoGradientWhereItIsCutButItsPenaltyHas) {
  RowMatrix<double> logits(1, 3);
  logits << -9, 0.1, 9;
  const Drawn drawn =
      draw(find_sampler("hard_concrete"), logits, {kTemperature, nullptr, 1}, RowMatrix<double>::Ones(1, 3));
  EXPECT_EQ(drawn.value(0, 0), 0);
  EXPECT_EQ(drawn.value(0, 2), 1);
  EXPECT_EQ(drawn.gradient(0, 0), 0);
  EXPECT_EQ(drawn.gradient(0, 2), 0);
  EXPECT_GT(drawn.gradient(0, 1), 0);
  expect_gradients({}, {logits}, [](C& c, const Inputs& in) {
    return find_sampler("hard_concrete").draw(c, in[0], {kTemperature, nullptr, 1}).usage;
  });
}

TEST(Sampler, PenaltyOfHardConcreteIsTheShareThatIsNotZero) {
  Stream stream(8, Purpose::user, 0);
  const Drawn drawn =
      draw(find_sampler("hard_concrete"), RowMatrix<double>::Constant(4000, 1, -0.3), {kTemperature, &stream, 1});
  const double share = (drawn.value.array() > 0).cast<double>().mean();
  EXPECT_NEAR(share, drawn.usage(0, 0), 5 * std::sqrt(share * (1 - share) / 4000));
}

/// d/dx of E[R], R = 3 when open and 1 when closed, is 2 p (1 - p); a baseline leaves the mean and takes variance away.
TEST(Sampler, ScoreFunctionIsUnbiasedAndABaselineCalmsIt) {
  const double logit = 0.4, p = sigmoid_of(logit);
  const auto slope = [&](double baseline) {
    return mean_of(4000, [&](Index i) {
      Stream stream(8, Purpose::user, static_cast<std::uint64_t>(i));
      const RowMatrix<double> one = RowMatrix<double>::Constant(1, 1, logit);
      const Drawn drawn = draw(find_sampler("reinforce"), one, {1, &stream, 1}, RowMatrix<double>::Ones(1, 1));
      return ((drawn.value(0, 0) > 0 ? 3.0 : 1.0) - baseline) * drawn.gradient(0, 0);
    });
  };
  const Mean plain = slope(0), calm = slope(1 + 2 * p);
  EXPECT_NEAR(plain.value, 2 * p * (1 - p), 5 * plain.std_error);
  EXPECT_NEAR(calm.value, 2 * p * (1 - p), 5 * calm.std_error);
  EXPECT_LT(calm.std_error, plain.std_error / 4);
}

/// One of two: P(first) = Phi((a - b) / (s sqrt 2)), whose slope in a is phi(.) / (s sqrt 2).
TEST(Sampler, PerturbedTopKHasTheSlopeOfItsMean) {
  const double s = 0.8, z = 0.5 / (s * std::sqrt(2.0));
  RowMatrix<double> logits(1, 2), first(1, 2);
  logits << 0.7, 0.2;
  first << 1, 0;
  const auto figure = [&](bool value) {
    return mean_of(200, [&](Index i) {
      Stream stream(8, Purpose::user, static_cast<std::uint64_t>(i));
      const Drawn drawn = draw(find_sampler("perturbed_top_k"), logits, {s, &stream, 1}, first);
      return value ? drawn.value(0, 0) : drawn.gradient(0, 0);
    });
  };
  const Mean value = figure(true), slope = figure(false);
  EXPECT_NEAR(value.value, 0.5 * std::erfc(-z / std::sqrt(2.0)), 5 * value.std_error);
  EXPECT_NEAR(slope.value, std::exp(-z * z / 2) / std::sqrt(2 * M_PI) / (s * std::sqrt(2.0)), 5 * slope.std_error);
}

TEST(Sampler, GumbelTopKIsADrawWithoutReplacement) {
  // Three weights 1 : 2 : 3, two of them drawn: the last one is missing with P(1 then 2) + P(2 then 1).
  RowMatrix<double> logits(4000, 3);
  logits.rowwise() = Eigen::RowVector3d(0, std::log(2), std::log(3));
  Stream stream(8, Purpose::user, 0);
  const Drawn drawn = draw(find_sampler("gumbel_top_k"), logits, {1, &stream, 2});
  const double missing = 1.0 / 6 * 2.0 / 5 + 2.0 / 6 * 1.0 / 4;
  EXPECT_NEAR(1 - drawn.value.col(2).mean(), missing, 5 * std::sqrt(missing / 4000));
}

TEST(Thermometer, OneHotOpensThatManyGroups) {
  Tape<double> tape(false);
  ParameterLayout layout;
  FlatVector<double> none;
  C context{tape, layout, none};
  RowMatrix<double> one_hot(2, 4), expected(2, 4);
  one_hot << 0, 0, 1, 0, 1, 0, 0, 0;
  expected << 1, 1, 1, 0, 1, 0, 0, 0;
  EXPECT_EQ(RowMatrix<double>(thermometer(context, input<double>(context, one_hot)).value()), expected);
}

TEST(Largest, TakesTheLowerIndexOfEqualOnes) {
  const std::vector<double> x = {1, 3, 1, 3, 0};
  EXPECT_EQ(largest(x.data(), 5, 3), (std::vector<Index>{0, 1, 3}));
  EXPECT_EQ(largest(x.data(), 5, 9).size(), 5U);
}

TEST(Temperature, FallsExponentiallyToItsFloor) {
  EXPECT_DOUBLE_EQ(temperature_at(5, 0.5, 0), 5);
  EXPECT_NEAR(temperature_at(5, 0.5, 0.5), std::sqrt(2.5), 1e-12);
  EXPECT_NEAR(temperature_at(5, 0.5, 1), 0.5, 1e-12);
  EXPECT_EQ(temperature_at(5, 0.01, 1), 0.1);
}

TEST(Sampler, UnknownNameIsRefused) { EXPECT_THROW(find_sampler("oracle"), Error); }

}  // namespace
}  // namespace semlink::nn
