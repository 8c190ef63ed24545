#include <gtest/gtest.h>

#include <semlink/codecs/nn/class_operations.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

RowMatrix<double> soft_targets() {
  RowMatrix<double> targets(3, 4);
  targets << 0, 1, 0, 0, 0.1, 0.2, 0.3, 0.4, 1, 0, 0, 0;
  return targets;
}

TEST(CrossEntropy, HasTheRightGradient) {
  const ParameterLayout none;
  test::expect_gradients(none, {test::random_matrix(3, 4, 1, 2)},
                         [](Context<double>& context, const std::vector<Var<double>>& in) {
                           return cross_entropy<double>(context, in[0], soft_targets(), {0.5, 2, 0});
                         });
}

TEST(CrossEntropy, OfEqualLogitsIsTheLogarithmOfTheirNumber) {
  const ParameterLayout none;
  const FlatVector<double> parameters;
  Tape<double> tape(false);
  Context<double> context{tape, none, parameters};
  const Var<double> logits = input<double>(context, RowMatrix<double>::Constant(3, 4, 700));  // exp of it overflows
  const Var<double> loss = cross_entropy<double>(context, logits, soft_targets(), {1, 2, 0});
  EXPECT_NEAR(loss.data()[0], 3 * std::log(4), 1e-12 * 3 * 700);
}

TEST(SoftmaxPool, HasTheRightGradient) {
  const ParameterLayout none;
  RowGroups groups;
  groups.append(1);
  groups.append(3);
  test::expect_gradients(none, {test::random_matrix(4, 3, 1), test::random_matrix(4, 1, 2, 2)},
                         [&](Context<double>& context, const std::vector<Var<double>>& in) {
                           return softmax_pool(context, in[0], in[1], groups);
                         });
}

TEST(SoftmaxPool, IsTheMeanForEqualScoresAndTheBestRowForOne) {
  const ParameterLayout none;
  const FlatVector<double> parameters;
  Tape<double> tape(false);
  Context<double> context{tape, none, parameters};
  RowGroups groups;
  groups.append(3);
  const RowMatrix<double> rows = test::random_matrix(3, 2, 5);
  const Var<double> x = input<double>(context, rows);
  RowMatrix<double> scores = RowMatrix<double>::Constant(3, 1, 0.7);
  EXPECT_LT((softmax_pool(context, x, input<double>(context, scores), groups).value() - rows.colwise().mean()).norm(),
            1e-14);
  scores(1, 0) = 1e3;
  EXPECT_EQ(softmax_pool(context, x, input<double>(context, scores), groups).value(), rows.row(1));
}

}  // namespace
}  // namespace semlink::nn
