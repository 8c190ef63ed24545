#include <semlink/data/sample_order.h>

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include <support/expect_error.h>

namespace semlink {
namespace {

std::vector<Index> visited(SampleOrder order, Index size, std::uint64_t epoch, std::uint64_t seed = 1) {
  std::vector<Index> indices;
  for (Index i = 0; i < size; ++i) indices.push_back(sample_index(order, size, {seed, epoch * size + i, 0}));
  return indices;
}

TEST(SampleOrder, FileOrderRepeatsAfterTheLastSample) {
  EXPECT_EQ(visited(SampleOrder::file, 5, 3), (std::vector<Index>{0, 1, 2, 3, 4}));
}

TEST(SampleOrder, ShuffledVisitsEverySampleOncePerEpoch) {
  for (const Index size : {1, 2, 3, 12, 1000}) {
    const std::vector<Index> indices = visited(SampleOrder::shuffled, size, 7);
    const std::set<Index> distinct(indices.begin(), indices.end());
    EXPECT_EQ(distinct.size(), static_cast<std::size_t>(size));
    EXPECT_EQ(*distinct.begin(), 0);
    EXPECT_EQ(*distinct.rbegin(), size - 1);
  }
}

TEST(SampleOrder, ShuffledChangesWithEpochAndSeed) {
  const std::vector<Index> first = visited(SampleOrder::shuffled, 1000, 0);
  EXPECT_NE(first, visited(SampleOrder::shuffled, 1000, 1));
  EXPECT_NE(first, visited(SampleOrder::shuffled, 1000, 0, 2));
  EXPECT_EQ(first, visited(SampleOrder::shuffled, 1000, 0));
}

TEST(SampleOrder, AllOrdersOfThreeAreEquallyLikely) {
  const int num_epochs = 6000;
  std::vector<int> counts(27, 0);
  for (int epoch = 0; epoch < num_epochs; ++epoch) {
    const std::vector<Index> order = visited(SampleOrder::shuffled, 3, epoch);
    ++counts[9 * order[0] + 3 * order[1] + order[2]];
  }
  const double expected = num_epochs / 6.0;
  const double std_error = std::sqrt(expected * (1 - 1 / 6.0));
  for (const int index : {5, 7, 11, 15, 19, 21}) EXPECT_NEAR(counts[index], expected, 5 * std_error);
}

TEST(SampleOrder, RejectsUnknownNames) {
  expect_error(ErrorCode::bad_scenario, "source.order = random", [] { parse_sample_order("random"); });
}

}  // namespace
}  // namespace semlink
