#include <gtest/gtest.h>

#include <semlink/codecs/adaptive/header.h>
#include <semlink/codecs/adaptive/maps/cells.h>
#include <semlink/codecs/adaptive/selectors/matching.h>
#include <semlink/codecs/adaptive/token_choice.h>

#include <numeric>
#include <set>

namespace semlink::adaptive {
namespace {

/// Keys of seeded standard normals.
RowMatrix<float> random_keys(Index rows, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 0);
  RowMatrix<float> keys(rows, 8);
  for (Index i = 0; i < keys.size(); ++i) keys.data()[i] = stream.normal();
  return keys;
}

/// Scores of seeded normals around ln(0.001), where the default threshold is.
std::vector<float> random_scores(Index rows, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 1);
  std::vector<float> scores(static_cast<std::size_t>(rows));
  for (float& score : scores) score = -6.9F + stream.normal();
  return scores;
}

/// What a selector makes of `count` tokens of a grid, rows in raster order.
struct Choice {
  Choice(const Selector& selector, const nn::Grid& choice_grid, Index count, double threshold = 1e-3)
      : grid(choice_grid), keys(random_keys(grid.num_tokens(), 3)), scores(random_scores(grid.num_tokens(), 4)) {
    attention.resize(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) attention[i] = std::exp(scores[i]);
    const TrialRng rng{1, 2, 0};
    MacLedger ledger;
    const auto order = sort_into_windows(raster_places({grid}), 1, 0);
    const SelectQuery query{.grid = grid,
                            .places = order.layout.places,
                            .scores = scores,
                            .attention = attention,
                            .keys = keys,
                            .keep_threshold = threshold,
                            .rng = rng,
                            .ledger = ledger};
    chosen = choose_tokens(selector, query, {count, 4}, [](Index most) { return RatePlan{most, 4}; });
    macs = ledger.macs;
  }
  nn::Grid grid;
  RowMatrix<float> keys;
  std::vector<float> scores, attention;
  ChosenTokens chosen;
  std::int64_t macs = 0;
};

/// Pieces as a receiver collects them.
std::vector<Bits> receive(const std::vector<SideInfo>& sent, const Selector& selector) {
  std::vector<Bits> pieces;
  for (const SideInfo& piece : sent) {
    EXPECT_EQ(next_header_bits(pieces, selector), static_cast<Index>(piece.bits.size()));
    pieces.push_back(piece.bits);
  }
  EXPECT_EQ(next_header_bits(pieces, selector), 0);
  return pieces;
}

class EverySelector : public testing::TestWithParam<std::string> {};

/// Whatever it chooses reaches the receiver, in no more bits than were planned.
TEST_P(EverySelector, ChoiceReachesTheReceiver) {
  const Selector& selector = find_selector(GetParam());
  for (const nn::Grid grid : {nn::Grid{8, 8}, nn::Grid{5, 9}, nn::Grid{17, 16}})
    for (const double share : {0.3, 0.5, 0.75, 0.95}) {
      const Index count =
          std::max(static_cast<Index>(share * static_cast<double>(grid.num_tokens())), selector.map.fewest(grid));
      const ChosenTokens chosen = Choice(selector, grid, count).chosen;
      const Header header{grid, 1, 4, chosen.map};
      const std::vector<SideInfo> sent = write_header(header, selector);
      Index bits = 0;
      for (const SideInfo& piece : sent)
        if (piece.positions) bits += static_cast<Index>(piece.bits.size());
      EXPECT_LE(bits, map_bits(grid, static_cast<Index>(chosen.map.tokens.size()), selector)) << count;
      const auto back = read_header(receive(sent, selector), selector, {1, 2, 0});
      ASSERT_TRUE(back.has_value()) << grid.height << " " << count;
      EXPECT_EQ(back->map.tokens, chosen.map.tokens);
      EXPECT_EQ(back->map.source, chosen.map.source);
      EXPECT_EQ(back->map.rest_rows, chosen.map.rest_rows);
    }
}

/// No more tokens than were allowed, each row of the payload from a place of its own, all groups averages.
TEST_P(EverySelector, KeepsToItsNumber) {
  const Selector& selector = find_selector(GetParam());
  for (const Index count : {16, 33, 48, 63}) {
    const ChosenTokens chosen = Choice(selector, {8, 8}, count).chosen;
    EXPECT_LE(static_cast<Index>(chosen.map.tokens.size()), count);
    EXPECT_GE(static_cast<Index>(chosen.map.tokens.size()), selector.count_varies ? 1 : count - 2);
    EXPECT_LE(chosen.map.rest_rows, selector.map.rest_rows({8, 8}));
    EXPECT_EQ(static_cast<Index>(chosen.places.size()), chosen.map.num_rows());
    EXPECT_EQ(std::set<Index>(chosen.places.begin(), chosen.places.end()).size(), chosen.places.size());
    for (const TokenGroup& group : chosen.groups) {
      if (group.members.empty()) continue;
      EXPECT_NEAR(std::accumulate(group.weights.begin(), group.weights.end(), 0.0F), 1, 1e-5);
      EXPECT_EQ(std::count(group.members.begin(), group.members.end(), group.row), 1);
    }
    EXPECT_EQ(chosen.map.share(64) == 1, selector.map.covers_grid);
  }
}

std::vector<std::string> selector_names() {
  std::vector<std::string> names;
  for (const Selector& selector : selectors()) names.emplace_back(selector.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, EverySelector, testing::ValuesIn(selector_names()),
                         [](const auto& info) { return info.param; });

TEST(Threshold, NumberFollowsTheScores) {
  const Selector& selector = find_selector("threshold");
  const Choice low(selector, {8, 8}, 64, 1e-4), middle(selector, {8, 8}, 64, 1e-3), high(selector, {8, 8}, 64, 1.0);
  const auto above = std::count_if(middle.scores.begin(), middle.scores.end(),
                                   [](float score) { return std::exp(static_cast<double>(score)) > 1e-3; });
  EXPECT_GT(low.chosen.map.tokens.size(), middle.chosen.map.tokens.size());
  EXPECT_EQ(static_cast<std::ptrdiff_t>(middle.chosen.map.tokens.size()), above);
  EXPECT_EQ(high.chosen.map.tokens.size(), 1U);
  EXPECT_EQ(Choice(selector, {8, 8}, 10, 1e-3).chosen.map.tokens.size(), 10U);  // the budget's cap
}

TEST(Attention, RestIsWeighedByAttention) {
  const Choice choice(find_selector("attention"), {8, 8}, 40);
  const auto rest = std::find_if(choice.chosen.groups.begin(), choice.chosen.groups.end(),
                                 [](const TokenGroup& group) { return group.is_rest; });
  ASSERT_NE(rest, choice.chosen.groups.end());
  ASSERT_EQ(rest->members.size(), 24U);
  const auto attention = [&](std::size_t member) {
    return choice.attention[static_cast<std::size_t>(rest->members[member])];
  };
  for (std::size_t i = 1; i < rest->members.size(); ++i)
    EXPECT_NEAR(rest->weights[i] / rest->weights[0], attention(i) / attention(0), 1e-4);
}

TEST(MixedScale, FineRegionsAreThoseOfLargestError) {
  const Choice choice(find_selector("mixed_scale"), {8, 8}, 34);  // six fine regions, ten coarse ones
  double least_fine = 1e9, largest_coarse = 0;
  for (const auto& region : cell_members({8, 8}, 2)) {
    double error = 0;
    for (const Index token : region) error += std::exp(choice.scores[static_cast<std::size_t>(token)]);
    const auto& source = choice.chosen.map.source;
    if (source[static_cast<std::size_t>(region[0])] == source[static_cast<std::size_t>(region[3])])
      largest_coarse = std::max(largest_coarse, error);
    else
      least_fine = std::min(least_fine, error);
  }
  EXPECT_GT(least_fine, largest_coarse);
  EXPECT_EQ(choice.chosen.map.tokens.size(), 34U);
}

TEST(Matching, MergesTheMostAlikeFirst) {
  RowMatrix<float> keys = RowMatrix<float>::Identity(4, 4);
  keys.row(3) = 2 * keys.row(0) + 0.1F * keys.row(1);
  const std::vector<TokenPlace> places = {{0, 0, 0}, {0, 1, 1}, {0, 2, 2}, {0, 0, 1}};
  MacLedger ledger;
  const auto groups = match_and_merge({keys, places, ledger}, {0, 1, 2, 3}, 3, false);
  EXPECT_EQ(groups, (std::vector<std::vector<Index>>{{0, 3}, {1}, {2}}));
  EXPECT_GT(ledger.macs, 0);
}

TEST(Matching, NeighboursOnlyStaysConnected) {
  const std::vector<TokenPlace> places = raster_places({{8, 8}});
  std::vector<Index> rows(64);
  std::iota(rows.begin(), rows.end(), Index(0));
  MacLedger ledger;
  for (const Index count : {48, 20, 5, 1}) {
    const auto groups = match_and_merge({random_keys(64, 5), places, ledger}, rows, count, true);
    EXPECT_EQ(static_cast<Index>(groups.size()), count);
    for (const std::vector<Index>& group : groups) {
      std::set<Index> left(group.begin(), group.end());
      std::vector<Index> open{group.front()};
      left.erase(group.front());
      while (!open.empty()) {
        const Index at = open.back();
        open.pop_back();
        for (const Index next : {at - 8, at + 8, at % 8 > 0 ? at - 1 : -1, at % 8 < 7 ? at + 1 : -1})
          if (left.erase(next) > 0) open.push_back(next);
      }
      EXPECT_TRUE(left.empty());
    }
  }
}

TEST(TokenMap, MergesOfNeighboursTakeTwoBitsEach) {
  EXPECT_EQ(map_bits({8, 8}, 48, find_selector("merge")), 49 + 2 * 16);           // log2 C(64, 48) = 48.8
  EXPECT_EQ(map_bits({8, 8}, 48, find_selector("merge_anywhere")), 49 + 6 * 16);  // one of 48 groups
  EXPECT_EQ(map_bits({8, 8}, 40, find_selector("mixed_scale")), 16);
}

/// One group of 64 whose tokens step up, in the first row to the left, but for what is said of token 1. Two bits each,
/// behind the six of the first token's number: 0 up, 1 left, 2 right, 3 down.
std::optional<Header> read_steps(std::uint8_t step_of_1) {
  Bits bits(6 + 2 * 63, 0);
  for (std::size_t token = 1; token < 8; ++token) bits[6 + 2 * token - 1] = 1;
  bits[6] = step_of_1 >> 1;
  bits[7] = step_of_1 & 1;
  const Selector& merge = find_selector("merge");
  std::vector<SideInfo> sent = write_header({{8, 8}, 1, 4, {{0}, std::vector<Index>(64, 0), 0}}, merge);
  EXPECT_EQ(sent.size(), 2U);
  return read_header(std::vector<Bits>{sent[0].bits, bits}, merge, {});
}

TEST(TokenMap, CirclesAndStepsBeyondTheWindowAreRefused) {
  ASSERT_TRUE(read_steps(1).has_value());
  EXPECT_EQ(read_steps(1)->map.source, std::vector<Index>(64, 0));
  EXPECT_FALSE(read_steps(0).has_value());  // up and out
  EXPECT_FALSE(read_steps(2).has_value());  // right, from where token 2 steps back
}

}  // namespace
}  // namespace semlink::adaptive
