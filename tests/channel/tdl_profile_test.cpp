#include <gtest/gtest.h>

#include <cmath>

#include <semlink/channel/tdl_profile.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

// Number of rows, strongest tap over all of them, and delay spread, computed from the tables by a second program on a
// second copy of them.
struct Invariants {
  const char* name;
  std::size_t num_taps;
  double total_power;  ///< sum of 10^(dB / 10) as printed
  double first_power_db;
  double delay_spread_ns;  ///< at a nominal one of 100 ns, where it scales
};

class TdlTable : public testing::TestWithParam<Invariants> {};
INSTANTIATE_TEST_SUITE_P(
    Profiles, TdlTable,
    testing::Values(Invariants{"tdl_a", 23, 3.46766, -13.4, 100.01}, Invariants{"tdl_b", 23, 7.09303, 0, 100.00},
                    Invariants{"tdl_c", 24, 5.87450, -4.4, 100.00}, Invariants{"tdl_d", 14, 1.07564, -0.2, 99.37},
                    Invariants{"tdl_e", 15, 1.11059, -0.03, 100.02}, Invariants{"tdla30", 12, 2.1547, -15.5, 30.00},
                    Invariants{"tdlb100", 12, 7.3349, 0, 100.37}, Invariants{"tdlc300", 12, 3.2996, -6.9, 300.29}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(TdlTable, HasItsInvariants) {
  const Invariants& expected = GetParam();
  const std::vector<DelayTap> taps = tdl_taps(expected.name, 100e-9);
  EXPECT_EQ(taps.size(), expected.num_taps);
  double power = 0;
  for (const DelayTap& tap : taps) power += tap.power;
  EXPECT_NEAR(power, 1, 1e-12);
  EXPECT_NEAR(std::pow(10, expected.first_power_db / 10) / taps[0].power, expected.total_power, 1e-4);
  EXPECT_NEAR(rms_delay_spread(taps) * 1e9, expected.delay_spread_ns, 0.006);
}

TEST(TdlTables, HaveTheirDirectPaths) {
  // Power of the direct path over all the rest in dB.
  for (const auto& [name, k_db] : {std::pair{"tdl_d", 8.985}, std::pair{"tdl_e", 9.271}}) {
    const std::vector<DelayTap> taps = tdl_taps(name, 1e-7);
    ASSERT_TRUE(taps[0].direct);
    EXPECT_NEAR(10 * std::log10(taps[0].power / (1 - taps[0].power)), k_db, 0.001);
  }
  EXPECT_NEAR(10 * std::log10(tdl_taps("tdl_d", 0)[0].power / tdl_taps("tdl_d", 0)[1].power), 13.3, 1e-6);
  EXPECT_NEAR(10 * std::log10(tdl_taps("tdl_e", 0)[0].power / tdl_taps("tdl_e", 0)[1].power), 22, 1e-6);
}

TEST(TdlTables, RefuseOtherNames) {
  EXPECT_THROW(tdl_taps("tdl_f", 1e-7), Error);
  EXPECT_THROW(tdl_taps("tdl_a", -1), Error);
}

}  // namespace
}  // namespace semlink
