#include <gtest/gtest.h>

#include <semlink/codecs/nn/convolution.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

using test::expect_gradients;
using test::random_matrix;
using Inputs = std::vector<Var<double>>;
using C = Context<double>;

TEST(Gradient, Prelu) {
  ParameterLayout layout;
  const Index slope = layout.add("slope", 1, 1, Init::zeros);
  expect_gradients(layout, {random_matrix(4, 3, 1, 2)}, [&](C& c, const Inputs& in) { return prelu(c, in[0], slope); });
}

TEST(Gradient, ConvolutionsOfEveryStrideAndKernel) {
  for (const bool is_transposed : {false, true})
    for (const Index stride : {1, 2})
      for (const Index kernel : {1, 3, 5}) {
        SCOPED_TRACE(testing::PrintToString(std::tuple(is_transposed, stride, kernel)));
        ParameterLayout layout;
        const Convolution layer(layout, "layer", 2, 3, kernel, stride, is_transposed);
        expect_gradients(layout, {random_matrix(2 * 4 * 3, 2, 1)}, [&](C& c, const Inputs& in) {
          return layer(c, in[0], {4, 3});
        });
      }
}

TEST(Gradient, ConvolutionWithoutBias) {
  ParameterLayout layout;
  const Index weight = layout.add("weight", 9 * 2, 3, Init::zeros);
  expect_gradients(layout, {random_matrix(12, 2, 1)}, [&](C& c, const Inputs& in) {
    return conv2d(c, in[0], {4, 3}, weight, -1, 3, 2);
  });
  expect_gradients(layout, {random_matrix(12, 2, 1)}, [&](C& c, const Inputs& in) {
    return conv_transpose2d(c, in[0], {4, 3}, weight, -1, 3, 2);
  });
}

/// The layer under test, once in float (kernels) and once in double (plain loops).
TEST(Convolution, FloatAgreesWithDouble) {
  for (const bool is_transposed : {false, true})
    for (const Index stride : {1, 2}) {
      ParameterLayout layout;
      const Convolution layer(layout, "layer", 32, 16, 5, stride, is_transposed);
      const FlatVector<float> parameters = initial_parameters(layout, 3);
      const FlatVector<double> wide = parameters.cast<double>();
      const RowMatrix<double> x = random_matrix(2 * 64, 32, 1);
      const RowMatrix<float> xf = x.cast<float>();
      Tape<double> tape(false);
      C context{tape, layout, wide};
      Tape<float> narrow_tape(false);
      Context<float> narrow{narrow_tape, layout, parameters};
      const Var<double> expected = layer(context, input<double>(context, x), {8, 8});
      const Var<float> got = layer(narrow, input<float>(narrow, xf), {8, 8});
      // Sums of up to 800 products of order 1 / 30 in float.
      const double tolerance = 800 * 6e-8 * expected.value().cwiseAbs().maxCoeff();
      EXPECT_LT((got.value().cast<double>() - expected.value()).cwiseAbs().maxCoeff(), tolerance);
    }
}

TEST(Convolution, LedgerCountsAllTaps) {
  ParameterLayout layout;
  const Convolution down(layout, "down", 3, 16, 5, 2), up(layout, "up", 16, 3, 5, 2, true);
  const FlatVector<float> parameters = initial_parameters(layout, 3);
  Tape<float> tape(false);
  MacLedger ledger;
  Context<float> context{tape, layout, parameters, nullptr, &ledger};
  const Var<float> small = down(context, tape.constant(32 * 32, 3), {32, 32});
  EXPECT_EQ(ledger.macs, 16 * 16 * 25 * 3 * 16);
  up(context, small, down.output({32, 32}));
  EXPECT_EQ(ledger.macs, 2 * 16 * 16 * 25 * 3 * 16);
}

TEST(Convolution, OddSidesRoundUp) {
  ParameterLayout layout;
  const Convolution down(layout, "down", 1, 1, 3, 2);
  EXPECT_EQ(down.output({5, 8}).height, 3);
  EXPECT_EQ(down.output({5, 8}).width, 4);
}

}  // namespace
}  // namespace semlink::nn
