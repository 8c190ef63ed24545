#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/token_choice.h>
#include <semlink/codecs/nn/average_rows.h>

#include "support/gradient_check.h"

namespace semlink::adaptive {
namespace {

NetworkConfig small_config() {
  NetworkConfig config;
  config.dim = 16;
  config.num_heads = 2;
  config.mlp_ratio = 2;
  config.condition_dim = 4;
  config.encoder_blocks = 2;
  config.decoder_blocks = 1;
  config.patch = 2;
  config.margin = 1;
  config.max_width = 2;
  return config;
}

std::shared_ptr<const nn::Windows> one_window(std::vector<std::uint8_t> place, std::vector<float> log_size) {
  auto windows = std::make_shared<nn::Windows>();
  windows->rows.append(static_cast<Index>(place.size()));
  windows->place = std::move(place);
  windows->log_size = std::move(log_size);
  return windows;
}

TEST(AverageRows, Gradient) {
  test::expect_gradients({}, {test::random_matrix(5, 3, 1)},
                         [](nn::Context<double>& context, const std::vector<Var<double>>& inputs) {
                           return nn::average_rows(context, inputs[0], {{{1}, {1}}, {{0, 2, 4}, {0.5F, 0.25F, 0.25F}}});
                         });
}

TEST(WindowAttention, GradientWithSizes) {
  nn::ParameterLayout layout;
  const Index table = layout.add("table", 2, nn::Windows::kOffsets, nn::Init::zeros);
  const auto windows = one_window({0, 9, 63}, {0, std::log(3.0F), std::log(2.0F)});
  test::expect_gradients(layout, {test::random_matrix(3, 12, 1)},
                         [&](nn::Context<double>& context, const std::vector<Var<double>>& inputs) {
                           return nn::window_attention(context, inputs[0], 2, table, windows);
                         });
}

/// Proportional attention: one row of size two works on the others as two rows do.
TEST(WindowAttention, SizeCountsAsSoManyTokens) {
  nn::ParameterLayout layout;
  const Index table = layout.add("table", 2, nn::Windows::kOffsets, nn::Init::zeros);
  const nn::FlatVector<double> parameters =
      test::random_matrix(layout.size(), 1, 2).reshaped(layout.size(), 1);
  const RowMatrix<double> rows = test::random_matrix(3, 12, 1);
  RowMatrix<double> twice(4, 12);
  twice << rows, rows.row(2);
  nn::Tape<double> tape(false);
  nn::Context<double> context{tape, layout, parameters};
  const auto attend = [&](const RowMatrix<double>& qkv, const std::shared_ptr<const nn::Windows>& windows) {
    return RowMatrix<double>(
        nn::window_attention(context, nn::input<double>(context, qkv), 2, table, windows).value());
  };
  const RowMatrix<double> sized = attend(rows, one_window({0, 9, 30}, {0, 0, std::log(2.0F)}));
  const RowMatrix<double> doubled = attend(twice, one_window({0, 9, 30, 30}, {}));
  EXPECT_LT((sized - doubled.topRows(3)).cwiseAbs().maxCoeff(), 1e-7);  // ln 2 is a float
  EXPECT_GT((sized - attend(rows, one_window({0, 9, 30}, {}))).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(WindowAttention, RecordsWhatTokensReceive) {
  nn::ParameterLayout layout;
  const Index table = layout.add("table", 2, nn::Windows::kOffsets, nn::Init::zeros);
  const nn::FlatVector<double> parameters = nn::FlatVector<double>::Zero(layout.size());
  RowMatrix<double> qkv = test::random_matrix(3, 12, 1);
  qkv.leftCols(4).setZero();  // queries that see no difference: everyone gets a third
  nn::Tape<double> tape(false);
  nn::Context<double> context{tape, layout, parameters};
  nn::AttentionRecord<double> record;
  context.attention = &record;
  nn::window_attention(context, nn::input<double>(context, qkv), 2, table, one_window({0, 1, 2}, {}));
  for (const double share : record.received) EXPECT_NEAR(share, 1.0 / 3, 1e-12);
  EXPECT_EQ(record.keys, qkv.middleCols(4, 4));
  qkv.leftCols(4) = test::random_matrix(3, 4, 5);
  nn::window_attention(context, nn::input<double>(context, qkv), 2, table, one_window({0, 1, 2}, {}));
  EXPECT_NEAR(record.received[0] + record.received[1] + record.received[2], 1, 1e-12);
  EXPECT_GT(std::abs(record.received[0] - record.received[1]), 1e-3);
}

/// Encoder with groups on stacked samples, as far as the symbols.
RowMatrix<float> encode(const Network& network, const nn::FlatVector<float>& parameters, const RowMatrix<float>& patches,
                        const std::vector<nn::Grid>& grids, const std::vector<TokenGroup>& groups,
                        MacLedger* ledger = nullptr) {
  nn::Tape<float> tape(false);
  nn::Context<float> context{tape, network.layout(), parameters, nullptr, ledger};
  const std::vector<Condition> conditions(grids.size(), Condition{5.0, 2, 1});
  const Var<float> condition = network.encoder_condition(context, conditions);
  Tokens<float> tokens = network.embed<float>(context, patches, grids);
  network.encoder_block(context, 0, tokens, condition, 0);
  merge_tokens(context, network, tokens, groups);
  network.encoder_block(context, 1, tokens, condition, 0);
  return network.symbols(context, 2, tokens, condition, std::vector<Index>(grids.size(), 2)).value();
}

std::vector<TokenGroup> some_groups(Index first_row) {
  std::vector<TokenGroup> groups = {{0, {0, 1, 8}, {0.5F, 0.25F, 0.25F}, 3, false}, {2, {}, {}, 1, false}, {5, {5, 63}, {0.5F, 0.5F}, 2, false}};
  for (TokenGroup& group : groups) {
    group.row += first_row;
    for (Index& member : group.members) member += first_row;
  }
  return groups;
}

TEST(MergeTokens, StackedEqualsSingle) {
  const Network network(small_config());
  const nn::FlatVector<float> parameters = nn::initial_parameters(network.layout(), 3);
  const RowMatrix<float> patches = test::random_matrix(128, network.config().patch_reals(), 1, 0.3).cast<float>();
  std::vector<TokenGroup> groups = some_groups(0);
  for (const TokenGroup& group : some_groups(64)) groups.push_back(group);
  const RowMatrix<float> both = encode(network, parameters, patches, {{8, 8}, {8, 8}}, groups);
  EXPECT_EQ(both.topRows(3), encode(network, parameters, patches.topRows(64), {{8, 8}}, some_groups(0)));
  EXPECT_EQ(both.bottomRows(3), encode(network, parameters, patches.bottomRows(64), {{8, 8}}, some_groups(0)));
}

/// Merged tokens are gone: the next block costs what three rows cost, and the averages themselves.
TEST(MergeTokens, LeavesOnlyTheGroupsToCompute) {
  const Network network(small_config());
  const nn::FlatVector<float> parameters = nn::initial_parameters(network.layout(), 3);
  const RowMatrix<float> patches = test::random_matrix(64, network.config().patch_reals(), 1, 0.3).cast<float>();
  MacLedger merged, kept;
  encode(network, parameters, patches, {{8, 8}}, some_groups(0), &merged);
  encode(network, parameters, patches, {{8, 8}}, single_rows({0, 2, 5}), &kept);
  EXPECT_EQ(merged.macs - kept.macs, (3 + 2) * (16 + 4));  // five rows of features and of bypass are averaged
}

/// Every member of a group is made from the group's row, as if that had been sent for each of them.
TEST(Receive, UnmergesToAllPlaces) {
  const Network network(small_config());
  nn::FlatVector<float> parameters = nn::initial_parameters(network.layout(), 3);
  Stream stream(3, Purpose::init, 0);
  for (float& value : parameters) value += 0.1F * stream.normal();
  nn::Tape<float> tape(false);
  nn::Context<float> context{tape, network.layout(), parameters};
  const std::vector<nn::Grid> grids = {{2, 2}, {1, 2}};
  const RowMatrix<float> rows = test::random_matrix(3, 6, 1).cast<float>();
  const std::vector<TokenPlace> places = {{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {1, 0, 0}, {1, 0, 1}};
  const std::vector<Index> sources = {0, 1, 0, 2, 2};
  RowMatrix<float> copies(5, 6);
  for (std::size_t i = 0; i < sources.size(); ++i) copies.row(static_cast<Index>(i)) = rows.row(sources[i]);
  const Var<float> condition = network.decoder_condition(context, {{5.0, 2, 1, 1}, {9.0, 2, 1, 1}});
  const Var<float> few = nn::input<float>(context, rows), many = nn::input<float>(context, copies);
  EXPECT_EQ(network.receive(context, few, places, grids, sources).x.value(),
            network.receive(context, many, places, grids).x.value());
  EXPECT_EQ(network.linear_pixels(context, few, condition, places, grids, sources).value(),
            network.linear_pixels(context, many, condition, places, grids).value());
}

}  // namespace
}  // namespace semlink::adaptive
