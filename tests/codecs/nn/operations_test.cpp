#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include <semlink/codecs/nn/block.h>

#include "support/gradient_check.h"

namespace semlink::nn {
namespace {

using test::expect_gradients;
using test::random_matrix;
using Inputs = std::vector<Var<double>>;
using C = Context<double>;

/// Two groups of 2 and 3 rows.
RowGroups two_groups() {
  RowGroups groups;
  groups.append(2);
  groups.append(3);
  return groups;
}

TEST(Gradient, Linear) {
  ParameterLayout layout;
  const Linear layer(layout, "layer", 3, 4);
  expect_gradients(layout, {random_matrix(5, 3, 1), random_matrix(5, 4, 2)},
                   [&](C& c, const Inputs& in) { return layer(c, in[0], &in[1]); });
}

TEST(Gradient, GroupedLinear) {
  ParameterLayout layout;
  std::vector<Index> weights, biases;
  for (const char* name : {"first", "second", "third"}) {
    const Linear layer(layout, name, 3, 4);
    weights.push_back(layer.weight);
    biases.push_back(layer.bias);
  }
  RowGroups groups;
  for (const Index count : {2, 0, 3}) groups.append(count);
  expect_gradients(layout, {random_matrix(5, 3, 1)},
                   [&](C& c, const Inputs& in) { return grouped_linear(c, in[0], groups, weights, biases); });
}

TEST(Gradient, Gelu) {
  expect_gradients({}, {random_matrix(4, 3, 1, 2)}, [](C& c, const Inputs& in) { return gelu(c, in[0]); });
}

TEST(Gradient, Add) {
  expect_gradients({}, {random_matrix(4, 3, 1), random_matrix(4, 3, 2)},
                   [](C& c, const Inputs& in) { return add(c, in[0], in[1]); });
}

TEST(Gradient, AddParameterRow) {
  ParameterLayout layout;
  const Index row = layout.add("row", 1, 3, Init::zeros);
  expect_gradients(layout, {random_matrix(4, 3, 1)},
                   [&](C& c, const Inputs& in) { return add_parameter_row(c, in[0], row); });
}

TEST(Gradient, ModulatedNorm) {
  const RowGroups groups = two_groups();
  expect_gradients({}, {random_matrix(5, 6, 1), random_matrix(2, 14, 2)},
                   [&](C& c, const Inputs& in) { return modulated_norm(c, in[0], in[1], 1, 7, groups); });
}

TEST(Gradient, ScaleGroups) {
  const RowGroups groups = two_groups();
  expect_gradients({}, {random_matrix(5, 3, 1), random_matrix(2, 3, 2)},
                   [&](C& c, const Inputs& in) { return scale_groups(c, in[0], in[1], groups); });
}

TEST(Gradient, LayerNorm) {
  ParameterLayout layout;
  const Index gain = layout.add("gain", 1, 6, Init::ones), bias = layout.add("bias", 1, 6, Init::zeros);
  expect_gradients(layout, {random_matrix(4, 6, 1)},
                   [&](C& c, const Inputs& in) { return layer_norm(c, in[0], gain, bias); });
}

TEST(Gradient, GatherRows) {
  expect_gradients({}, {random_matrix(4, 3, 1)}, [](C& c, const Inputs& in) {
    return gather_rows(c, in[0], {3, 0, 3});
  });
}

TEST(Gradient, ScatterRows) {
  ParameterLayout layout;
  const Index filler = layout.add("filler", 1, 3, Init::zeros);
  expect_gradients(layout, {random_matrix(2, 3, 1)}, [&](C& c, const Inputs& in) {
    return scatter_rows(c, in[0], {4, 1}, 5, filler);
  });
}

TEST(Gradient, ConcatRows) {
  expect_gradients({}, {random_matrix(2, 3, 1), random_matrix(1, 3, 2)}, [](C& c, const Inputs& in) {
    return concat_rows(c, {in[0], in[1], in[0]});
  });
}

TEST(Gradient, KeepPrefix) {
  expect_gradients({}, {random_matrix(3, 4, 1)}, [](C& c, const Inputs& in) {
    return keep_prefix(c, in[0], {4, 0, 2});
  });
}

TEST(Gradient, UnitPower) {
  const RowGroups groups = two_groups();
  expect_gradients({}, {random_matrix(5, 4, 1)}, [&](C& c, const Inputs& in) {
    return unit_power(c, in[0], groups, {4, 6});
  });
}

TEST(Gradient, GroupMean) {
  const RowGroups groups = two_groups();
  expect_gradients({}, {random_matrix(5, 4, 1)}, [&](C& c, const Inputs& in) { return group_mean(c, in[0], groups); });
}

TEST(Gradient, SquaredError) {
  const RowMatrix<double> target = random_matrix(3, 2, 5);
  expect_gradients({}, {random_matrix(3, 2, 1)}, [&](C& c, const Inputs& in) {
    return squared_error<double>(c, in[0], {target.data(), 6}, {1, 0, 0.5});
  });
}

TEST(Gradient, Shifted) {
  expect_gradients({}, {random_matrix(3, 2, 1)}, [](C& c, const Inputs& in) { return shifted(c, in[0], 0.5); });
}

TEST(Gradient, OverlapAdd) {
  const std::vector<Grid> grids = {{2, 2}, {1, 3}};
  expect_gradients({}, {random_matrix(7, 48, 1)},
                   [&](C& c, const Inputs& in) { return overlap_add(c, in[0], grids, 2, 1); });
}

/// A full window and one with three tokens.
std::shared_ptr<const Windows> full_and_partial() {
  auto windows = std::make_shared<Windows>();
  windows->rows.append(Windows::kTokens);
  for (Index i = 0; i < Windows::kTokens; ++i) windows->place.push_back(static_cast<std::uint8_t>(i));
  windows->rows.append(3);
  for (const int place : {5, 9, 62}) windows->place.push_back(static_cast<std::uint8_t>(place));
  return windows;
}

TEST(Gradient, WindowAttention) {
  ParameterLayout layout;
  const Index table = layout.add("bias", 2, Windows::kOffsets, Init::zeros);
  auto windows = std::make_shared<Windows>();
  windows->rows.append(4);
  windows->rows.append(3);
  for (const int place : {0, 1, 8, 9, 5, 9, 62}) windows->place.push_back(static_cast<std::uint8_t>(place));
  expect_gradients(layout, {random_matrix(7, 12, 1)},
                   [&](C& c, const Inputs& in) { return window_attention<double>(c, in[0], 2, table, windows); });
}

TEST(Gradient, WindowAttentionOfAFullWindow) {
  ParameterLayout layout;
  const Index table = layout.add("bias", 1, Windows::kOffsets, Init::zeros);
  expect_gradients(layout, {random_matrix(67, 6, 1)}, [&](C& c, const Inputs& in) {
    return window_attention<double>(c, in[0], 1, table, full_and_partial());
  });
}

/// Queries of zero attend by the biases alone, which stand in the table from the key furthest down and right of its
/// query to the one furthest up and left: weights files depend on that order.
TEST(WindowAttention, BiasIsThatOfTheRelativePlace) {
  ParameterLayout layout;
  layout.add("bias", 1, Windows::kOffsets, Init::zeros);
  const FlatVector<double> table = random_matrix(Windows::kOffsets, 1, 3).reshaped();
  RowMatrix<double> qkv = random_matrix(Windows::kTokens + 3, 3, 4);
  qkv.col(0).setZero();
  const auto windows = full_and_partial();
  Tape<double> tape(false);
  Context<double> context{tape, layout, table};
  const Var<double> out = window_attention(context, input<double>(context, qkv), 1, 0, windows);
  for (Index window = 0; window < 2; ++window) {
    const Index first = windows->rows.first(window), end = windows->rows.first(window + 1);
    for (Index query = first; query < end; ++query) {
      double sum = 0, weights = 0;
      for (Index key = first; key < end; ++key) {
        const int from = windows->place[query], to = windows->place[key];
        const double weight = std::exp(table[(from / 8 - to / 8 + 7) * 15 + from % 8 - to % 8 + 7]);
        weights += weight;
        sum += weight * qkv(key, 2);
      }
      EXPECT_NEAR(out.value()(query, 0), sum / weights, 1e-12) << query;
    }
  }
}

TEST(Gradient, Block) {
  ParameterLayout layout;
  const Block block(layout, "block", {.dim = 8, .num_heads = 2, .mlp_ratio = 2, .condition_dim = 3});
  auto windows = std::make_shared<Windows>();
  windows->rows.append(2);
  windows->rows.append(3);
  for (const int place : {0, 9, 1, 2, 10}) windows->place.push_back(static_cast<std::uint8_t>(place));
  const RowGroups samples = two_groups();
  expect_gradients(layout, {random_matrix(5, 8, 1), random_matrix(2, 3, 2)},
                   [&](C& c, const Inputs& in) { return block(c, in[0], in[1], samples, windows); });
}

TEST(Detach, PassesNoGradient) {
  Tape<double> tape(true);
  const ParameterLayout layout;
  const FlatVector<double> parameters;
  FlatVector<double> gradients;
  C context{tape, layout, parameters, &gradients};
  const Var<double> x = tape.result(1, 1, {}, true);
  x.value()(0, 0) = 3;
  tape.backward(add(context, x, detach(context, x)));
  EXPECT_EQ(x.grad()(0, 0), 1);
}

/// The same forward code in float (kernels) and double (plain loops).
TEST(Block, FloatAgreesWithDouble) {
  ParameterLayout layout;
  const Block block(layout, "block", {.dim = 128, .num_heads = 4, .mlp_ratio = 4, .condition_dim = 16});
  FlatVector<float> parameters(layout.size());
  Stream(1, Purpose::user, 0).normals({parameters.data(), static_cast<std::size_t>(parameters.size())});
  parameters *= 0.08F;
  const FlatVector<double> wide = parameters.cast<double>();
  RowGroups samples;
  samples.append(67);
  const RowMatrix<double> x = random_matrix(67, 128, 3), condition = random_matrix(1, 16, 4);

  Tape<double> tape(false);
  C context{tape, layout, wide};
  const Var<double> expected =
      block(context, input<double>(context, x), input<double>(context, condition), samples, full_and_partial());
  Tape<float> narrow_tape(false);
  Context<float> narrow{narrow_tape, layout, parameters};
  const RowMatrix<float> xf = x.cast<float>(), cf = condition.cast<float>();
  const Var<float> got = block(narrow, input<float>(narrow, xf), input<float>(narrow, cf), samples, full_and_partial());
  // Sums of up to 512 products of order one in float.
  const double tolerance = 512 * 6e-8 * expected.value().cwiseAbs().maxCoeff();
  EXPECT_LT((got.value().cast<double>() - expected.value()).cwiseAbs().maxCoeff(), tolerance);
}

/// Where nothing is recorded a few windows at a time run through the block: here windows that keep between none and all
/// of their tokens, and samples that begin within such a panel.
TEST(Block, WindowsTakenInPanelsGiveWhatAllTogetherGive) {
  ParameterLayout layout;
  const Block block(layout, "block", {.dim = 8, .num_heads = 2, .mlp_ratio = 4, .condition_dim = 3});
  FlatVector<float> parameters(layout.size()), gradients = FlatVector<float>::Zero(layout.size());
  Stream(2, Purpose::user, 0).normals({parameters.data(), static_cast<std::size_t>(parameters.size())});
  const auto windows = std::make_shared<Windows>();
  RowGroups samples;
  for (const Index count : {64, 20, 64, 64, 0, 1, 64, 33, 64}) {
    windows->rows.append(count);
    for (Index i = 0; i < count; ++i) windows->place.push_back(static_cast<std::uint8_t>(63 - i));
  }
  for (const Index count : {84, 129, 161}) samples.append(count);
  const Index rows = windows->rows.begin.back();
  ASSERT_EQ(samples.begin.back(), rows);
  for (Index i = 0; i < rows; ++i) windows->log_size.push_back(0.01F * static_cast<float>(i % 7));
  const RowMatrix<float> x = random_matrix(rows, 8, 1).cast<float>(), condition = random_matrix(3, 3, 2).cast<float>();
  const auto run = [&](bool records) {
    Tape<float> tape(records);
    MacLedger ledger;
    Context<float> context{tape, layout, parameters, records ? &gradients : nullptr, &ledger};
    const Var<float> out = block(context, input<float>(context, x), input<float>(context, condition), samples, windows);
    return std::tuple(RowMatrix<float>(out.value()), ledger.macs, ledger.scalar_ops);
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(Block, LedgerCountsWhatTheFormulaSays) {
  ParameterLayout layout;
  const Block block(layout, "block", {.dim = 8, .num_heads = 2, .mlp_ratio = 4, .condition_dim = 3});
  const FlatVector<float> parameters = initial_parameters(layout, 1);
  RowGroups samples;
  samples.append(67);
  Tape<float> tape(false);
  MacLedger ledger;
  Context<float> context{tape, layout, parameters, nullptr, &ledger};
  const RowMatrix<float> x = RowMatrix<float>::Ones(67, 8), condition = RowMatrix<float>::Ones(1, 3);
  block(context, input<float>(context, x), input<float>(context, condition), samples, full_and_partial());
  EXPECT_EQ(ledger.macs, 3 * 32 + 67 * 12 * 64 + 2 * (64 * 64 + 9) * 8);
  EXPECT_EQ(ledger.macs, block.macs(*full_and_partial(), samples));
}

TEST(Tape, GivesMemoryBackWithTheLastHandle) {
  Tape<float> tape(false);
  const auto make = [&] { tape.constant(100, 100); };
  make();
  const std::size_t after_one = tape.pool_bytes();
  for (int i = 0; i < 50; ++i) make();
  EXPECT_EQ(tape.pool_bytes(), after_one);
}

}  // namespace
}  // namespace semlink::nn
