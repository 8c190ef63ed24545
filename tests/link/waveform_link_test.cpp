#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <semlink/channel/waveform/settings.h>
#include <semlink/codecs/none/raw_bits.h>
#include <semlink/data/random_bits.h>

#include "link/test_link.h"
#include "support/link_theory.h"
#include "support/statistics.h"

namespace semlink {
namespace {

/// Uncoded bits over a waveform in AWGN.
Link waveform_link(const WaveformSettings& waveform, const std::string& constellation, double ebn0_db, Index num_bits) {
  Link link = uncoded_awgn_link(0);
  link.source = std::make_unique<RandomBits>(num_bits);
  link.codec = std::make_unique<RawBitsCodec>();
  BitTransport::Settings settings;
  settings.modem.constellation = constellation;
  link.transport = std::make_unique<BitTransport>(settings);
  link.point.snr_db = ebn0_db + link.transport->esn0_over_ebn0_db();
  link.channel = waveform.wrap(std::move(link.channel), ImpairmentSettings{});
  link.front_end = waveform.wrap(std::move(link.front_end));
  return link;
}

struct Totals {
  test::Average bit_error_rate;
  PowerLedger power;
  int missed = 0, header_failed = 0;
};

Totals run(const Link& link, std::uint64_t num_trials) {
  Totals totals;
  for (std::uint64_t trial = 0; trial < num_trials; ++trial) {
    const TrialResult result = run_trial(link, {11, trial, 0});
    totals.bit_error_rate.add(static_cast<double>(result.bit_errors) / static_cast<double>(result.num_bits));
    totals.power.gain_energy += result.power.gain_energy;
    totals.power.noise_energy += result.power.noise_energy;
    totals.power.payload_uses += result.power.payload_uses;
    totals.power.pilot_uses += result.power.pilot_uses;
    totals.missed += result.missed == 1;
    totals.header_failed += result.header_failed;
  }
  return totals;
}

struct TheoryCase {
  const char* constellation;
  int order;
  double ebn0_db;
};

class WaveformBits : public testing::TestWithParam<TheoryCase> {};
INSTANTIATE_TEST_SUITE_P(Table, WaveformBits,
                         testing::Values(TheoryCase{"qpsk", 4, 2}, TheoryCase{"qpsk", 4, 6}, TheoryCase{"16qam", 16, 8},
                                         TheoryCase{"64qam", 64, 14}));

// Independent trials: 3.29 standard errors of the scatter between them hold 99.9 %.
TEST_P(WaveformBits, WithAGenieErrorsAreThoseOfTheClosedForm) {
  const TheoryCase& at = GetParam();
  WaveformSettings waveform;
  waveform.kind = "rrc";
  const Totals totals = run(waveform_link(waveform, at.constellation, at.ebn0_db, 4080), 100);
  EXPECT_NEAR(totals.bit_error_rate.mean(), test::qam_bit_error_rate(at.order, at.ebn0_db, INFINITY),
              3.29 * totals.bit_error_rate.std_error());
  EXPECT_EQ(totals.power.pilot_uses, 0);
  EXPECT_EQ(totals.missed, 0);
}

class BlindBits : public testing::Test {
 protected:
  BlindBits() {
    waveform_.kind = "rrc";
    waveform_.sync = "liquid";
  }
  WaveformSettings waveform_;
};

TEST_F(BlindBits, CostsErrorsAndChannelUses) {
  const Totals totals = run(waveform_link(waveform_, "qpsk", 4, 1000), 200);
  const double theory = test::qam_bit_error_rate(4, 4, INFINITY);
  EXPECT_GT(totals.bit_error_rate.mean(), theory);
  EXPECT_LT(totals.bit_error_rate.mean(), 1.5 * theory);  // 0.5 dB at this slope
  EXPECT_EQ(totals.power.pilot_uses, 200 * (64 + 34));    // 500 symbols, a pilot to every 15
  EXPECT_EQ(totals.missed, 0);
}

TEST_F(BlindBits, TheMeasuredSnrIsTheLabel) {
  const Link link = waveform_link(waveform_, "qpsk", 4, 1000);
  const Totals totals = run(link, 100);
  const double measured_db = 10 * std::log10(totals.power.gain_energy / totals.power.noise_energy);
  EXPECT_NEAR(measured_db, link.point.snr_db, 0.05);
}

TEST_F(BlindBits, AMissedFrameIsALostHeader) {
  waveform_.threshold = 1;  // reached by no frame in noise
  const Totals totals = run(waveform_link(waveform_, "qpsk", 0, 200), 20);
  EXPECT_EQ(totals.missed, 20);
  EXPECT_EQ(totals.header_failed, 20);
  EXPECT_NEAR(totals.bit_error_rate.mean(), 0.5, 5 * totals.bit_error_rate.std_error());
}

TEST(WaveformLink, AnalogSymbolsArriveToo) {
  WaveformSettings waveform;
  waveform.kind = "rrc";
  for (const char* sync : {"genie", "liquid"}) {
    waveform.sync = sync;
    Link link = uncoded_awgn_link(20), plain = uncoded_awgn_link(20);
    link.channel = waveform.wrap(std::move(link.channel), ImpairmentSettings{});
    link.front_end = waveform.wrap(std::move(link.front_end));
    test::Average loss_db;
    for (std::uint64_t trial = 0; trial < 60; ++trial) {
      const TrialRng rng{5, trial, 0};
      const TrialResult over_waveform = run_trial(link, rng);
      loss_db.add(run_trial(plain, rng).psnr_db - over_waveform.psnr_db);
      EXPECT_EQ(std::isnan(over_waveform.missed), waveform.sync == "genie");
    }
    // Only the noise differs with a genie; blind synchronisation costs a few tenths of a decibel.
    const double expected = waveform.sync == "genie" ? 0 : 0.3;
    EXPECT_NEAR(loss_db.mean(), expected, expected + 5 * loss_db.std_error());
  }
}

TEST(WaveformLink, CarriesPacketsOfLiquid) {
  WaveformSettings waveform;
  waveform.kind = "flexframe";
  Link link = waveform_link(waveform, "qpsk", 10, 1000);
  link.packets = std::make_unique<FlexFrame>("qpsk", "golay2412");
  const TrialResult good = run_trial(link, {5, 1, 0});
  EXPECT_EQ(good.bit_errors, 0);
  EXPECT_EQ(good.num_blocks, 1);
  EXPECT_FALSE(good.header_failed);
  EXPECT_EQ(good.missed, 0);
  EXPECT_EQ(good.power.payload_uses, link.packets->payload_uses(1000));
  EXPECT_EQ(good.power.total_uses(), link.packets->uses(1000));
  link.point.snr_db = -12;
  const TrialResult bad = run_trial(link, {5, 1, 0});
  EXPECT_EQ(bad.missed, 1);
  EXPECT_TRUE(bad.header_failed);
  EXPECT_EQ(bad.block_errors, 1);
}

TEST(WaveformLink, PaprIsThatOfTheWaveform) {
  WaveformSettings waveform;
  waveform.kind = "rrc";
  const TrialResult result = run_trial(waveform_link(waveform, "qpsk", 4, 1000), {5, 1, 0});
  EXPECT_GT(result.papr_db, 2.5);  // 0 for the symbols
  EXPECT_LT(result.papr_db, 7);
}

}  // namespace
}  // namespace semlink
