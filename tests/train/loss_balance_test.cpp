#include <gtest/gtest.h>

#include <semlink/train/loss_balance.h>

namespace semlink::train {
namespace {

TEST(LossBalance, WeighsBadChannelsLess) {
  const LossBalance balance;
  const std::size_t bad = LossBalance::bin(0, 4, 1), good = LossBalance::bin(20, 8, 1);
  EXPECT_LT(bad, good);
  EXPECT_LT(balance.weight(bad, 0.5), balance.weight(good, 0.5));
  EXPECT_EQ(balance.weight(bad, 0), 1);
}

TEST(LossBalance, FollowsWhatIsMeasured) {
  LossBalance balance;
  for (int i = 0; i < 3000; ++i) balance.add(5, 0.004);
  EXPECT_NEAR(balance.weight(5, 1), 1, 1e-6);  // the reference error itself
}

TEST(LossBalance, BinsStayInRange) {
  EXPECT_EQ(LossBalance::bin(-100, 1, 0.01), 0U);
  EXPECT_EQ(LossBalance::bin(100, 12, 1), LossBalance::kBins - 1);
}

}  // namespace
}  // namespace semlink::train
