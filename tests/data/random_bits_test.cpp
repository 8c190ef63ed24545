#include <semlink/data/random_bits.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include <semlink/core/error.h>

namespace semlink {
namespace {

TEST(RandomBits, AreFairAndAFunctionOfTheirAddress) {
  const RandomBits source(100001);
  const Bits bits = source.sample({1, 2}).bits;
  ASSERT_EQ(bits.size(), 100001u);
  EXPECT_NEAR(std::accumulate(bits.begin(), bits.end(), 0.0), 50000.5, 5 * std::sqrt(100001) / 2);
  EXPECT_EQ(source.sample({1, 2}).bits, bits);
  EXPECT_NE(source.sample({1, 3}).bits, bits);
  EXPECT_EQ(source.bits_per_sample(), 100001);
}

TEST(RandomBits, NeighboursAreIndependent) {
  const Bits bits = RandomBits(100000).sample({1, 0}).bits;
  double equal = 0;
  for (std::size_t i = 1; i < bits.size(); ++i) equal += bits[i] == bits[i - 1];
  EXPECT_NEAR(equal, 50000, 5 * std::sqrt(100000) / 2);
}

TEST(RandomBits, RefusesFramesWithoutBits) {
  EXPECT_THROW(RandomBits(0), Error);
  EXPECT_THROW(RandomBits((1 << 24) + 1), Error);
}

}  // namespace
}  // namespace semlink
