#include <semlink/core/profile.h>

#include <gtest/gtest.h>

#include <thread>

namespace semlink {
namespace {

using namespace std::chrono_literals;

const Profile::Stage* find(const Profile::Stage& stage, const std::string& name) {
  for (const auto& inner : stage.inside)
    if (inner->name == name) return inner.get();
  return nullptr;
}

void run_stages(Profile& profile) {
  MacLedger ledger{.profile = &profile};
  ProfileSequence stage(&profile);
  stage.next("encode", ledger);
  for (int block = 1; block <= 2; ++block) {
    const ProfileScope scope(ledger, "block", block);
    ledger.macs += 100 * block;
  }
  ledger.macs += 7;
  stage.next("channel");
  std::this_thread::sleep_for(1ms);
}

TEST(Profile, StagesHoldTheirTimeAndMacs) {
  Profile profile;
  run_stages(profile);
  const Profile::Stage* encode = find(profile.root(), "encode");
  const Profile::Stage* channel = find(profile.root(), "channel");
  ASSERT_TRUE(encode && channel);
  EXPECT_EQ(encode->macs, 307);
  ASSERT_EQ(encode->inside.size(), 2U);
  EXPECT_EQ(find(*encode, "block 1")->macs, 100);
  EXPECT_EQ(find(*encode, "block 2")->macs, 200);
  EXPECT_EQ(channel->macs, 0);
  EXPECT_TRUE(channel->inside.empty());
  EXPECT_GE(channel->nanoseconds, 1'000'000);
  EXPECT_GE(encode->nanoseconds, encode->inside[0]->nanoseconds + encode->inside[1]->nanoseconds);
}

TEST(Profile, RepeatedStagesAddUp) {
  Profile profile, other, total;
  run_stages(profile);
  run_stages(profile);
  run_stages(other);
  total.merge(profile);
  total.merge(other);
  ASSERT_EQ(total.root().inside.size(), 2U);
  EXPECT_EQ(find(total.root(), "encode")->calls, 3);
  EXPECT_EQ(find(total.root(), "encode")->macs, 3 * 307);
  EXPECT_EQ(find(*find(total.root(), "encode"), "block 2")->calls, 3);
}

TEST(Profile, NumberedStagesStayTogether) {
  Profile profile;
  for (const int blocks : {1, 3}) {
    MacLedger ledger{.profile = &profile};
    for (int block = 1; block <= blocks; ++block) const ProfileScope scope(ledger, "block", block);
    const ProfileScope last(ledger, "pixels");
  }
  ASSERT_EQ(profile.root().inside.size(), 4U);
  EXPECT_EQ(profile.root().inside[2]->name, "block 3");
  EXPECT_EQ(profile.root().inside[3]->name, "pixels");
}

TEST(Profile, NoProfileNoEffect) {
  MacLedger ledger;
  const ProfileScope scope(ledger, "block", 1);
  ProfileSequence stage(nullptr);
  stage.next("encode", ledger);
  EXPECT_EQ(ledger.profile, nullptr);
}

TEST(Profile, ThousandBlocksKeepTheirNumbers) {
  Profile profile;
  MacLedger ledger{.profile = &profile};
  for (int round = 0; round < 2; ++round)
    for (int block = 0; block < 1000; ++block) const ProfileScope scope(ledger, "block", block);
  ASSERT_EQ(profile.root().inside.size(), 1000U);
  for (const auto& stage : profile.root().inside) EXPECT_EQ(stage->calls, 2);
}

}  // namespace
}  // namespace semlink
