#include <gtest/gtest.h>

#include "support/coverage.h"

namespace semlink {
namespace {

// The long version in tests/reliability asks for 93 to 97.5 %; this one sees intervals that are plainly wrong.
class Coverage : public testing::TestWithParam<CoverageCase> {};

TEST_P(Coverage, IsThatOfTheIntervalHoweverTrialsAreSpent) {
  constexpr int kRepeats = 100;
  const double margin = 5 * std::sqrt(0.95 * 0.05 / kRepeats);
  for (const SpendingRule& rule : spending_rules(GetParam()))
    for (const double covered : measure_coverage(GetParam(), rule.settings, kRepeats))
      EXPECT_GE(covered, 0.95 - margin) << rule.name;
}

INSTANTIATE_TEST_SUITE_P(Table, Coverage, testing::Values(bpsk_in_awgn(), bpsk_in_block_fading(), normal_psnr()),
                         [](const auto& info) {
                           return std::string(info.index == 0 ? "awgn" : info.index == 1 ? "fading" : "psnr");
                         });

}  // namespace
}  // namespace semlink
