#include <gtest/gtest.h>
#include <semlink/codecs/adaptive/selection.h>

#include <algorithm>

namespace semlink::adaptive {
namespace {

TEST(Highest, PrefersTheEarlierOfEquals) {
  const std::vector<float> values = {1, 3, 3, 3, 0};
  EXPECT_EQ(highest(values, 2), (std::vector<Index>{1, 2}));
  EXPECT_EQ(highest(values, 0), std::vector<Index>{});
}

/// Scores that rise along the raster: without spreading, the lower part of the image would take everything.
std::vector<float> rising(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i);
  return values;
}

TEST(HighestSpread, LeavesNoCellEmpty) {
  const auto places = raster_places({{16, 24}});
  const std::vector<Index> kept = highest_spread(rising(384), places, 192);
  ASSERT_EQ(kept.size(), 192U);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  std::vector<int> per_cell(8 * 12, 0);
  for (const Index i : kept) {
    const TokenPlace& place = places[static_cast<std::size_t>(i)];
    ++per_cell[static_cast<std::size_t>(place.y / 2 * 12 + place.x / 2)];
  }
  EXPECT_EQ(*std::min_element(per_cell.begin(), per_cell.end()), 1);
  EXPECT_EQ(*std::max_element(per_cell.begin(), per_cell.end()), 4) << "the other half goes where the scores are";
}

TEST(HighestSpread, TakesTheHighestOfEveryCell) {
  const auto places = raster_places({{2, 4}});
  // Cells of 2x2; the second cell is worth more throughout.
  const std::vector<float> values = {0, 1, 7, 4,  //
                                     3, 2, 6, 5};
  EXPECT_EQ(highest_spread(values, places, 4), (std::vector<Index>{2, 4, 6, 7}));
}

TEST(HighestSpread, KeepsTheCountWhateverTheShape) {
  for (const nn::Grid& grid : {nn::Grid{1, 9}, nn::Grid{9, 1}, nn::Grid{8, 8}, nn::Grid{5, 13}}) {
    const auto places = raster_places({grid});
    for (Index count = 1; count <= grid.num_tokens(); ++count) {
      const auto kept = highest_spread(rising(places.size()), places, count);
      ASSERT_EQ(static_cast<Index>(kept.size()), count);
      ASSERT_EQ(kept.back(), grid.num_tokens() - 1) << "the highest of all is always among them";
    }
  }
}

TEST(HighestSpread, FewTokensOfALongStripStillCoverIt) {
  const auto kept = highest_spread(rising(64), raster_places({{1, 64}}), 8);
  EXPECT_EQ(kept, (std::vector<Index>{15, 31, 47, 59, 60, 61, 62, 63}));
}

}  // namespace
}  // namespace semlink::adaptive
