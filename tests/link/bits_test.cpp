#include <gtest/gtest.h>

#include <limits>

#include <semlink/channel/flat_fading.h>
#include <semlink/channel/mimo_channel.h>
#include <semlink/channel/mimo_front_ends.h>
#include <semlink/codecs/none/raw_bits.h>
#include <semlink/core/error.h>
#include <semlink/data/random_bits.h>
#include <semlink/link/bit_energy.h>
#include <semlink/link/bit_errors.h>
#include <semlink/sweep/statistics.h>

#include "link/test_link.h"
#include "support/link_theory.h"
#include "support/statistics.h"

namespace semlink {
namespace {

constexpr double kNoFading = std::numeric_limits<double>::infinity();

std::unique_ptr<const Channel> channel_of(double rician_k, Fading fading) {
  if (rician_k == kNoFading) return std::make_unique<AwgnChannel>();
  return std::make_unique<FlatFading>(fading, rician_k);
}

Link bit_link(const std::string& constellation, double ebn0_db, double rician_k, Index num_bits,
              Fading fading = Fading::symbol) {
  Link link = uncoded_awgn_link(0);
  link.source = std::make_unique<RandomBits>(num_bits);
  link.codec = std::make_unique<RawBitsCodec>();
  BitTransport::Settings settings;
  settings.modem.constellation = constellation;
  link.transport = std::make_unique<BitTransport>(settings);
  link.point.snr_db = ebn0_db + link.transport->esn0_over_ebn0_db();
  link.channel = channel_of(rician_k, fading);
  return link;
}

struct TheoryCase {
  const char* constellation;
  int order;
  double rician_k;
  double ebn0_db;
};

class UncodedBits : public testing::TestWithParam<TheoryCase> {};

// Independent trials: 3.29 standard errors of the scatter between them hold 99.9 %.
TEST_P(UncodedBits, ErrorRateIsThatOfTheClosedForm) {
  const TheoryCase& at = GetParam();
  const Link link = bit_link(at.constellation, at.ebn0_db, at.rician_k, 4080);
  test::Average rate;
  for (std::uint64_t trial = 0; trial < 100; ++trial) {
    const TrialResult result = run_trial(
        link, {7, trial, static_cast<std::uint64_t>(1000 * at.ebn0_db) + static_cast<std::uint64_t>(at.order)});
    rate.add(static_cast<double>(result.bit_errors) / static_cast<double>(result.num_bits));
  }
  const double expected = test::qam_bit_error_rate(at.order, at.ebn0_db, at.rician_k);
  EXPECT_GT(rate.mean(), 0);
  EXPECT_NEAR(rate.mean(), expected, 3.29 * rate.std_error());
}

INSTANTIATE_TEST_SUITE_P(Awgn, UncodedBits,
                         testing::Values(TheoryCase{"qpsk", 4, kNoFading, 0}, TheoryCase{"qpsk", 4, kNoFading, 6},
                                         TheoryCase{"16qam", 16, kNoFading, 0}, TheoryCase{"16qam", 16, kNoFading, 9},
                                         TheoryCase{"64qam", 64, kNoFading, 2}, TheoryCase{"64qam", 64, kNoFading, 13},
                                         TheoryCase{"256qam", 256, kNoFading, 0},
                                         TheoryCase{"256qam", 256, kNoFading, 18}));
INSTANTIATE_TEST_SUITE_P(Rayleigh, UncodedBits,
                         testing::Values(TheoryCase{"qpsk", 4, 0, 5}, TheoryCase{"qpsk", 4, 0, 20},
                                         TheoryCase{"16qam", 16, 0, 10}, TheoryCase{"64qam", 64, 0, 20},
                                         TheoryCase{"256qam", 256, 0, 15}));
INSTANTIATE_TEST_SUITE_P(Rician, UncodedBits,
                         testing::Values(TheoryCase{"qpsk", 4, 1, 10}, TheoryCase{"16qam", 16, 4, 12},
                                         TheoryCase{"64qam", 64, 10, 14}, TheoryCase{"256qam", 256, 4, 20}));

TEST(QamTheory, EqualsThePublishedTable) {
  // anchors/link.md 3a: computed by another program, five digits.
  EXPECT_NEAR(test::qam_bit_error_rate(4, 4, kNoFading) / 1.2501e-2, 1, 5e-5);
  EXPECT_NEAR(test::qam_bit_error_rate(16, 8, kNoFading) / 9.2472e-3, 1, 5e-5);
  EXPECT_NEAR(test::qam_bit_error_rate(64, 14, kNoFading) / 2.1540e-3, 1, 5e-5);
  EXPECT_NEAR(test::qam_bit_error_rate(256, 20, kNoFading) / 5.0531e-4, 1, 5e-5);
  EXPECT_NEAR(test::qam_bit_error_rate(256, 30, 0) / 2.7133e-3, 1, 5e-5);
  EXPECT_NEAR(test::qam_bit_error_rate(4, 10, 4) / 4.9375e-3, 1, 5e-5);
}

TEST(Bits, BlockFadingKeepsTheErrorRateOfItsMean) {
  const Link link = bit_link("16qam", 12, 0, 64, Fading::block);
  test::Average rate;
  for (std::uint64_t trial = 0; trial < 6000; ++trial)
    rate.add(static_cast<double>(run_trial(link, {3, trial, 5}).bit_errors) / 64);
  EXPECT_NEAR(rate.mean(), test::qam_bit_error_rate(16, 12, 0), 3.29 * rate.std_error());
}

TEST(Bits, CapacityAndOutageOfBlockRayleighAreThoseOfTheory) {
  const Link link = bit_link("qpsk", 7, 0, 16, Fading::block);
  test::Average capacity, outage;
  for (std::uint64_t trial = 0; trial < 6000; ++trial) {
    const TrialResult result = run_trial(link, {4, trial, 9});
    capacity.add(result.capacity);
    outage.add(result.outage);
  }
  const double snr = std::pow(10, link.point.snr_db / 10);
  EXPECT_NEAR(capacity.mean(), test::rayleigh_capacity(snr), 5 * capacity.std_error());
  EXPECT_NEAR(outage.mean(), test::rayleigh_outage(snr, 2), 5 * outage.std_error());
}

TEST(Bits, FailedHeadersStandBesideTheOutageOfTheFade) {
  Link link = uncoded_awgn_link(5);
  link.channel = std::make_unique<FlatFading>(Fading::block, 0.0);
  test::Average outage;
  double failures = 0;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const TrialResult result = run_trial(link, {6, trial});
    outage.add(result.header_outage);
    failures += result.header_failed;
  }
  const double rate = 24.0 / static_cast<double>(link.framer->uses(24, 5.0));
  EXPECT_NEAR(outage.mean(), test::rayleigh_outage(std::pow(10, 0.5), rate), 5 * outage.std_error());
  EXPECT_GT(failures / 4000, outage.mean() - 5 * outage.std_error()) << "no code beats the outage";
  EXPECT_LT(failures / 4000, 3 * outage.mean());
}

TEST(Bits, ErrorsAreCountedByBlock) {
  TrialResult result;
  const Bits sent = {0, 1, 0, 1, 1, 1};
  measure_bits(sent, {1, 1, 1, 1, 1, 1}, 2, {.block_ok = {1, 0, 1}, .iterations = 4}, result);
  EXPECT_EQ(result.num_bits, 6);
  EXPECT_EQ(result.bit_errors, 2);
  EXPECT_EQ(result.num_blocks, 3);
  EXPECT_EQ(result.block_errors, 2);
  EXPECT_EQ(result.undetected_blocks, 1);
}

TEST(Bits, WhatNeverArrivedCountsAsZeros) {
  TrialResult result;
  measure_bits({1, 0, 1, 1}, {}, 4, {}, result);
  EXPECT_EQ(result.bit_errors, 3);
  EXPECT_FALSE(result.has_block_check);
}

TEST(Bits, APayloadOfBitsNeedsATransport) {
  Link link = bit_link("qpsk", 5, kNoFading, 16);
  link.transport = nullptr;
  EXPECT_THROW(run_trial(link, {1, 0}), Error);
}

TEST(Bits, TheLedgerHoldsForConstellationsWithRings) {
  const Link link = bit_link("64qam", 10, 0, 600);
  TrialSums sums;
  for (std::uint64_t trial = 0; trial < 300; ++trial) sums.add(run_trial(link, {2, trial, 3}));
  const LedgerReport report = measure_ledger(sums.ledger, link.point.snr_db);
  EXPECT_TRUE(report.ok);
  EXPECT_GT(report.parts[0].std_error, 0) << "a frame's power differs from frame to frame";
}

/// Blocks of 100 bits at rate 0.83 over block Rayleigh fading.
Link harq_link(const std::string& harq, std::int64_t max_transmissions, double snr_db, Index num_blocks = 1,
               const std::string& redundancy_order = "0231") {
  BitTransport::Settings settings;
  settings.code = "nr_ldpc";
  settings.info_bits = 100;
  settings.coded_bits = 120;
  settings.crc = true;
  settings.harq = harq;
  settings.max_transmissions = max_transmissions;
  settings.redundancy_order = redundancy_order;
  Link link = bit_link("qpsk", 0, 0, num_blocks * 84, Fading::block);
  link.transport = std::make_unique<BitTransport>(settings);
  link.point.snr_db = snr_db;
  return link;
}

TEST(Harq, OneTransmissionIsNoHarqToTheBit) {
  const Link with = harq_link("incremental", 1, 8, 3), without = harq_link("none", 4, 8, 3);
  Index errors = 0;
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const TrialResult a = run_trial(with, {1, trial}), b = run_trial(without, {1, trial});
    EXPECT_EQ(a.bit_errors, b.bit_errors);
    EXPECT_EQ(a.block_errors, b.block_errors);
    EXPECT_EQ(a.fec_iterations, b.fec_iterations);
    EXPECT_EQ(a.power.noise_energy, b.power.noise_energy);
    EXPECT_EQ(a.power.total_uses(), b.power.total_uses());
    EXPECT_EQ(a.transmissions, 1);
    EXPECT_EQ(b.transmissions, 0) << "not measured";
    errors += b.block_errors;
  }
  EXPECT_GT(errors, 0);
}

TEST(Harq, NewCodeBitsBeatTheSameAgainAtHighRate) {
  const Link chase = harq_link("chase", 2, 5), incremental = harq_link("incremental", 2, 5);
  test::Average saved, errors;
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    const TrialResult a = run_trial(chase, {2, trial}), b = run_trial(incremental, {2, trial});
    EXPECT_EQ(a.transmissions, b.transmissions) << "the first transmission is the same, and so is its answer";
    saved.add(static_cast<double>(a.block_errors - b.block_errors));
    errors.add(static_cast<double>(b.block_errors));
  }
  EXPECT_GT(saved.mean(), 5 * saved.std_error());
  EXPECT_GT(errors.mean(), 0);
}

TEST(Harq, EveryTransmissionIsChargedAndHasAFadeOfItsOwn) {
  const Link link = harq_link("chase", 3, -30, 2);
  const TrialResult once = run_trial(harq_link("chase", 1, -30, 2), {3, 1}), all = run_trial(link, {3, 1});
  EXPECT_EQ(all.transmissions, 3);
  EXPECT_EQ(all.power.payload_uses, 3 * once.power.payload_uses);
  EXPECT_NEAR(all.power.payload_energy, 3.0 * static_cast<double>(once.power.payload_uses), 1e-2);
  EXPECT_GT(std::abs(all.power.gain_energy / (3 * once.power.gain_energy) - 1), 0.01);
}

TEST(Harq, OnlyBlocksThatFailedAreSentAgain) {
  Link link = harq_link("incremental", 4, 5, 20);
  link.channel = std::make_unique<AwgnChannel>();
  const TrialResult result = run_trial(link, {4, 0});
  EXPECT_GT(result.transmissions, 1);
  EXPECT_LT(result.transmissions, 2) << "most blocks arrive at once";
  EXPECT_EQ(result.block_errors, 0);
  EXPECT_NEAR(result.transmissions * 20 * 60, static_cast<double>(result.power.payload_uses), 1e-6);
}

TEST(Harq, LaterFadesSaveWhatOneFadeLoses) {
  const Link link = harq_link("incremental", 4, 10);
  TrialSums sums;
  for (std::uint64_t trial = 0; trial < 600; ++trial) sums.add(run_trial(link, {5, trial}));
  EXPECT_TRUE(measure_ledger(sums.ledger, link.point.snr_db).ok);
  const double outage = test::rayleigh_outage(10, 100.0 / 60);
  const double errors = estimate_column(column_index("block_error_rate"), sums, {}).value;
  EXPECT_LT(errors, outage / 4);
  const Estimate throughput = estimate_throughput(sums, {});
  const double uses = sums.columns[column_index("payload_uses")].mean();
  EXPECT_DOUBLE_EQ(throughput.value, 84 * (1 - errors) / uses);
  EXPECT_NEAR(uses, 60 * sums.columns[column_index("transmissions")].mean(), 1e-6);
  EXPECT_LT(throughput.low, throughput.value);
}

/// Share of trials in outage, 84 bits over 60 uses.
test::Average outage_of(const Link& link) {
  test::Average outage;
  for (std::uint64_t trial = 0; trial < 3000; ++trial) outage.add(run_trial(link, {8, trial}).outage);
  return outage;
}

TEST(Harq, OutageIsThatOfAllFadesTogether) {
  const double rate = 84.0 / 60, snr = std::pow(10, 0.2);
  const test::Average once = outage_of(harq_link("chase", 1, 2)), added = outage_of(harq_link("chase", 2, 2)),
                      joined = outage_of(harq_link("incremental", 2, 2));
  EXPECT_NEAR(once.mean(), test::rayleigh_outage(snr, rate), 4 * once.std_error());
  EXPECT_NEAR(added.mean(), test::rayleigh_outage_of_two_added(snr, rate), 4 * added.std_error());
  EXPECT_NEAR(joined.mean(), test::rayleigh_outage_of_two_joined(snr, rate), 4 * joined.std_error());
  EXPECT_LT(joined.mean() + 4 * joined.std_error(), added.mean()) << "new code bits carry more than the same again";
}

TEST(Harq, FadesOfOneRedundancyVersionAddUp) {
  const Link chase = harq_link("chase", 3, -2), same = harq_link("incremental", 3, -2, 1, "0"),
             other = harq_link("incremental", 3, -2, 1, "0231");
  double worse = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const double outage = run_trial(chase, {8, trial}).outage;
    EXPECT_EQ(run_trial(same, {8, trial}).outage, outage);
    EXPECT_LE(run_trial(other, {8, trial}).outage, outage);
    worse += outage - run_trial(other, {8, trial}).outage;
  }
  EXPECT_GT(worse, 0);
}

TEST(Harq, CapacityIsThatOfOneTransmission) {
  const Link once = harq_link("chase", 1, -5), often = harq_link("chase", 4, -5);
  for (std::uint64_t trial = 0; trial < 20; ++trial)
    EXPECT_EQ(run_trial(often, {9, trial}).capacity, run_trial(once, {9, trial}).capacity);
}

/// A receiver that finds no frame.
class DeafFrontEnd final : public FrontEnd {
 public:
  Symbols frame(const Symbols& x) const override { return x; }
  Symbols frame_pullback(const Symbols& g_y) const override { return g_y; }
  Index num_pilots(Index) const override { return 0; }
  Equalized equalize(const Symbols&, const ChannelState&) const override {
    Equalized equalized;
    equalized.detected = false;
    return equalized;
  }
  Symbols pullback(const Symbols& g_x_hat, const Symbols&, const ChannelState&) const override { return g_x_hat; }
};

TEST(LostFrames, CountAsBlocksWhoseCrcDisagreesAndAsNoIterations) {
  for (const char* harq : {"none", "chase"}) {
    Link link = harq_link(harq, 2, 20, 3);
    link.front_end = std::make_unique<DeafFrontEnd>();
    const TrialResult result = run_trial(link, {1, 0});
    EXPECT_EQ(result.missed, 1);
    EXPECT_EQ(result.block_errors, 3);
    EXPECT_TRUE(result.has_block_check) << harq;
    EXPECT_EQ(result.undetected_blocks, 0);
    EXPECT_TRUE(std::isnan(result.fec_iterations)) << harq;
  }
}

TEST(LostFrames, WithoutACodeHaveNeitherCrcNorIterations) {
  Link link = bit_link("qpsk", 20, kNoFading, 64);
  link.front_end = std::make_unique<DeafFrontEnd>();
  const TrialResult result = run_trial(link, {1, 0});
  EXPECT_FALSE(result.has_block_check);
  EXPECT_TRUE(std::isnan(result.fec_iterations));
}

TEST(BitEnergy, CountsTheCrcInOneTransmissionAndOnlyTheMessageInAll) {
  const Link link = harq_link("chase", 3, -30, 2);
  const TrialResult result = run_trial(link, {3, 1});
  EXPECT_EQ(result.transmissions, 3);
  EXPECT_NEAR(result.bit_energy, 120 / (2 * 100.0), 1e-12) << "QPSK";
  EXPECT_NEAR(10 * std::log10(result.bit_energy), -*esn0_over_ebn0_db(link), 1e-12);
  EXPECT_DOUBLE_EQ(result.bit_energy_total, 3 * 2 * 60 / (2 * 84.0));
}

/// Zero forcing of as many streams as antennas transmit.
Link mimo_link(Index num_streams, double ebn0_db, Index num_bits) {
  Link link = bit_link("qpsk", 0, kNoFading, num_bits);
  link.channel = std::make_unique<MimoChannel>(
      MimoChannel::Options{.num_tx = num_streams, .num_rx = num_streams + 1, .num_streams = num_streams});
  link.front_end = std::make_unique<MimoFrontEnd>(MimoDetector(MimoDetector::Rule::zero_forcing));
  link.point.snr_db = ebn0_db + *esn0_over_ebn0_db(link);
  return link;
}

// A receive antenna more than streams leaves every stream two fades to be combined, however many there are.
TEST(BitEnergy, OfStreamsThatShareThePowerIsThatOfOne) {
  for (const Index num_streams : {1, 2, 4}) {
    const Link link = mimo_link(num_streams, 5, 30);  // 15 symbols: the last slot is not full
    test::Average rate;
    for (std::uint64_t trial = 0; trial < 6000; ++trial) {
      const TrialResult result = run_trial(link, {5, trial});
      rate.add(static_cast<double>(result.bit_errors) / 30);
      ASSERT_NEAR(result.bit_energy_total, result.bit_energy, 1e-12) << "nothing but the payload is sent";
    }
    // Proakis and Salehi, 5th edition, eq. 13.4-15: two branches.
    const double mu = std::sqrt(std::pow(10, 0.5) / (1 + std::pow(10, 0.5)));
    EXPECT_NEAR(rate.mean(), (1 - mu) * (1 - mu) / 4 * (2 + mu), 4 * rate.std_error()) << num_streams;
  }
}

// Sionna 1.2.1, 5G_Channel_Coding_Polar_vs_LDPC_Codes.ipynb, as anchors/link.md 3c has it: k = 64, n = 128, QPSK, 20
// iterations, 2 dB: 1547 of 10,000 blocks wrong.
TEST(CodedBits, BlockErrorRateIsThePublishedOne) {
  BitTransport::Settings settings;
  settings.code = "nr_ldpc";
  settings.info_bits = 64;
  settings.coded_bits = 128;
  settings.decoder = "bp_flooding";
  Link link = bit_link("qpsk", 0, kNoFading, 64 * 50);
  link.transport = std::make_unique<BitTransport>(settings);
  link.point.snr_db = 2 + link.transport->esn0_over_ebn0_db();
  double errors = 0, blocks = 0;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const TrialResult result = run_trial(link, {1, trial});
    errors += static_cast<double>(result.block_errors);
    blocks += static_cast<double>(result.num_blocks);
  }
  ASSERT_EQ(blocks, 2000);
  const double pooled = (errors + 1547) / (blocks + 10000);
  const double std_error = std::sqrt(pooled * (1 - pooled) * (1 / blocks + 1.0 / 10000));
  EXPECT_NEAR(errors / blocks, 0.1547, 3.89 * std_error) << "two proportions, two-sided 1e-4";
}

}  // namespace
}  // namespace semlink
