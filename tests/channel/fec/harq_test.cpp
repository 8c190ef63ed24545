#include <gtest/gtest.h>
#include <semlink/channel/fec/harq.h>

#include <array>
#include <cmath>
#include <memory>

#include <semlink/core/rng.h>

#include "support/block_errors.h"

namespace semlink {
namespace {

/// Words lost after `attempts` transmissions over BPSK in AWGN of `noise_var` per real dimension.
test::BlockErrors lose(const Code& code, std::span<const int> order, int attempts, double noise_var, long blocks,
                       std::uint64_t seed) {
  test::BlockErrors count{.blocks = blocks};
  const auto noise_std = static_cast<float>(std::sqrt(noise_var));
  for (long block = 0; block < blocks; ++block) {
    Stream stream(seed, Purpose::user, static_cast<std::uint64_t>(block));
    Bits message(static_cast<std::size_t>(code.message_bits()));
    for (auto& bit : message) bit = stream.next_u32() & 1;
    SoftBuffer buffer(code);
    for (int attempt = 0; attempt < attempts; ++attempt) {
      const int version = harq_version(order, attempt);
      Llrs llrs;
      for (const std::uint8_t bit : code.encode(message, version))
        llrs.push_back(2 / (noise_std * noise_std) * ((bit ? -1.0f : 1.0f) + noise_std * stream.normal()));
      buffer.add(llrs, version);
    }
    count.errors += buffer.decode().bits != message;
  }
  return count;
}

constexpr std::array<int, 1> kChase{0};

std::unique_ptr<const Code> high_rate() { return make_code({.info_bits = 300, .coded_bits = 400}); }

TEST(Harq, VersionsFollowTheStandardsOrder) {
  EXPECT_EQ(harq_version(kNrRedundancyOrder, 1), 2);
  EXPECT_EQ(harq_version(kNrRedundancyOrder, 3), 1);
  EXPECT_EQ(harq_version(kNrRedundancyOrder, 4), 0);
  EXPECT_EQ(harq_version(kChase, 2), 0);
}

TEST(Harq, ChaseCombiningOfTwoIsThreeDecibels) {
  const auto code = high_rate();
  const auto twice = lose(*code, kChase, 2, 0.70, 1500, 1);
  const auto once = lose(*code, kChase, 1, 0.35, 1500, 2);
  EXPECT_GT(once.errors, 50);
  EXPECT_LT(test::two_proportion_z(twice, once), test::kOnceIn10000);
}

TEST(Harq, NewCodeBitsBeatTheSameAgain) {
  const auto code = high_rate();
  const auto chase = lose(*code, kChase, 2, 0.70, 400, 3);
  const auto incremental = lose(*code, kNrRedundancyOrder, 2, 0.70, 400, 3);
  EXPECT_LT(incremental.errors, chase.errors);
  EXPECT_GT(test::two_proportion_z(chase, incremental), test::kOnceIn10000);
}

TEST(Harq, AClearedBufferForgets) {
  const auto code = high_rate();
  SoftBuffer buffer(*code);
  const Bits message(300, 1);
  Llrs llrs;
  for (const std::uint8_t bit : code->encode(message)) llrs.push_back(bit ? -9.0f : 9.0f);
  buffer.add(llrs, 0);
  EXPECT_EQ(buffer.decode().bits, message);
  buffer.clear();
  EXPECT_EQ(buffer.decode().bits, Bits(300));
}

}  // namespace
}  // namespace semlink
