#include <gtest/gtest.h>

#include <semlink/channel/impaired_channel.h>
#include <semlink/sweep/ledger.h>

#include "link/test_link.h"

namespace semlink {
namespace {

LedgerReport ledger_of(const Link& link, double* transmit_power = nullptr) {
  LedgerSums sums;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const TrialResult result = run_trial(link, {1, trial});
    sums.add(result.power);
    if (transmit_power) *transmit_power += result.transmit_power / 200;
  }
  return measure_ledger(sums, link.point.snr_db);
}

class ImpairedLedger : public testing::TestWithParam<int> {};

TEST_P(ImpairedLedger, HoldsWithTheImpairmentOn) {
  ImpairmentSettings settings;
  switch (GetParam()) {
    case 0:
      settings.clip_db = 0;
      break;
    case 1:
      settings.tx_iq_gain_db = 3;
      break;
    case 2:
      settings.amplifier = "rapp";
      settings.backoff_db = 0;
      break;
    case 3:
      settings.amplifier = "saleh";
      settings.backoff_db = 3;
      break;
    case 4:
      settings.cfo = 0.1;
      break;
    case 5:
      settings.linewidth = 0.01;
      break;
    case 6:
      settings.rx_iq_gain_db = 3;
      break;
    case 7:
      settings.sampling_offset_ppm = 5000;
      break;
    default:
      settings.adc_bits = 2;
  }
  Link link = uncoded_awgn_link(8);
  link.channel = settings.wrap(std::make_unique<AwgnChannel>());
  double transmit_power = 0;
  const LedgerReport report = ledger_of(link, &transmit_power);
  EXPECT_TRUE(report.ok);
  const bool compresses = GetParam() == 0 || GetParam() == 2 || GetParam() == 3;
  EXPECT_EQ(transmit_power < 0.99, compresses) << transmit_power;
}

INSTANTIATE_TEST_SUITE_P(Each, ImpairedLedger, testing::Range(0, 9));

TEST(ImpairedLink, ACarrierOffsetTurnsAPilotlessReceiversSymbolsAway) {
  const auto psnr_with = [](double cfo) {
    ImpairmentSettings settings;
    settings.cfo = cfo;
    Link link = uncoded_awgn_link(20);
    link.channel = settings.wrap(std::make_unique<AwgnChannel>());
    return run_trial(link, {1, 0}).psnr_db;
  };
  EXPECT_LT(psnr_with(1e-3), psnr_with(0) - 3);
}

}  // namespace
}  // namespace semlink
