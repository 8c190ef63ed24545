#include <gtest/gtest.h>
#include <semlink/core/rng.h>
#include <semlink/sweep/statistics.h>

#include <cmath>

#include "support/errors.h"
#include "support/trials.h"

namespace semlink {
namespace {

const ClusterVariance kIndependent;
const std::size_t kSsim = column_index("ssim");
const std::size_t kPsnr = column_index("psnr_db");
const std::size_t kHeader = column_index("header_error_rate");

TrialResult with_ssim(double ssim, std::int64_t sample_id = 0) {
  TrialResult result;
  result.ssim = ssim;
  result.sample_id = sample_id;
  return result;
}

TEST(Moments, VarianceOfTheMeanEqualsTheTextbook) {
  Moments moments;
  for (const double value : {1.0, 2.0, 4.0, 9.0}) moments.add(value);
  EXPECT_DOUBLE_EQ(moments.mean(), 4);
  EXPECT_DOUBLE_EQ(moments.mean_var(), (9.0 + 4 + 0 + 25) / 3 / 4);
}

TEST(Moments, EqualValuesDoNotScatter) {
  Moments moments;
  for (int i = 0; i < 1000; ++i) moments.add(1.0 / 12);
  EXPECT_EQ(moments.mean_var(), 0);
}

TEST(TrialSums, MergedBlocksEqualOneSumWhenSumsAreExact) {
  TrialSums whole, first, second;
  for (int i = 0; i < 20; ++i) {
    TrialResult result = with_ssim(i / 16.0);
    result.power.payload_energy = i;
    whole.add(result);
    (i < 13 ? first : second).add(result);
  }
  first.merge(second);
  EXPECT_EQ(first.num_trials, 20);
  EXPECT_EQ(first.columns[kSsim].sum, whole.columns[kSsim].sum);
  EXPECT_EQ(first.columns[kSsim].sum_squares, whole.columns[kSsim].sum_squares);
  EXPECT_EQ(first.ledger.products, whole.ledger.products);
}

TEST(TrialSums, NotMeasuredIsNotCounted) {
  TrialSums sums;
  sums.add(with_ssim(0.5));
  sums.add(with_ssim(std::nan("")));
  EXPECT_EQ(sums.num_trials, 2);
  EXPECT_EQ(sums.columns[kSsim].count, 1);
  EXPECT_EQ(estimate_column(kSsim, sums, kIndependent).value, 0.5);
}

TEST(TrialSums, NonFiniteValuesAreErrors) {
  TrialSums sums;
  EXPECT_NE(message_of(ErrorCode::non_finite, [&] { sums.add(with_ssim(HUGE_VAL)); }).find("ssim = inf"), std::string::npos);
  TrialResult result;
  result.decoder_depth = std::nan("");
  EXPECT_NE(message_of(ErrorCode::non_finite, [&] { sums.add(result); }).find("decoder_depth"), std::string::npos);
  TrialResult power;
  power.power.noise_energy = HUGE_VAL;
  message_of(ErrorCode::non_finite, [&] { sums.add(power); });
}

TEST(Estimates, NothingMeasuredIsNan) {
  EXPECT_TRUE(std::isnan(estimate_column(kSsim, TrialSums(), kIndependent).value));
  EXPECT_TRUE(std::isnan(estimate_psnr_mean_mse_db(TrialSums(), kIndependent).value));
  EXPECT_TRUE(std::isnan(estimate_snr_measured_db(TrialSums()).value));
}

TEST(Estimates, OneTrialHasAnUnboundedInterval) {
  TrialSums sums;
  sums.add(with_ssim(0.5));
  EXPECT_EQ(estimate_column(kSsim, sums, kIndependent).low, -HUGE_VAL);
  EXPECT_EQ(estimate_column(kSsim, sums, kIndependent).high, HUGE_VAL);
}

TEST(Estimates, CappedImagesAreCounted) {
  TrialSums sums;
  for (const double psnr : {100.0, 30.0, 100.0}) {
    TrialResult result;
    result.psnr_db = psnr;
    sums.add(result);
  }
  EXPECT_EQ(estimate_column(column_index("psnr_num_capped"), sums, kIndependent).value, 2);
}

TEST(PsnrOfMeanMse, EqualsTheFormulaWithIntervalByTheDeltaMethod) {
  TrialSums sums;
  TrialResult result;
  for (const double mse : {50.0, 60.0, 70.0}) {
    result.mse = mse;
    sums.add(result);
  }
  const Estimate psnr = estimate_psnr_mean_mse_db(sums, kIndependent);
  EXPECT_DOUBLE_EQ(psnr.value, 10 * std::log10(65025.0 / 60));
  const double std_error = std::sqrt(100.0 / 3);  // of the mean
  EXPECT_NEAR(psnr.high - psnr.value, t_quantile_975(2) * 10 / std::log(10.0) * std_error / 60, 1e-9);
}

TEST(PsnrOfMeanMse, IsCappedForPerfectImages) {
  TrialSums sums;
  sums.add(TrialResult());
  EXPECT_EQ(estimate_psnr_mean_mse_db(sums, kIndependent).value, 100);
}

// Share of 2000 repetitions whose interval holds the truth, against a promise of 95 %.
constexpr int kRepetitions = 2000;
const double kCoverageError = 5 * std::sqrt(0.95 * 0.05 / kRepetitions);

TEST(Estimates, TIntervalOfAFewNormalsCoversAsPromised) {
  Stream stream(7, Purpose::user, 0);
  int covered = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    TrialSums sums;
    for (int k = 0; k < 6; ++k) sums.add(with_ssim(0.5 + stream.normal()));
    const Estimate estimate = estimate_column(kSsim, sums, kIndependent);
    covered += estimate.low <= 0.5 && 0.5 <= estimate.high;
  }
  EXPECT_NEAR(covered / double(kRepetitions), 0.95, kCoverageError);
}

TEST(Estimates, ClusteringBySampleCoversWhereIndependenceFails) {
  Stream stream(8, Purpose::user, 0);
  int covered = 0, covered_naively = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    TrialSums sums;
    ClusterSums clusters(10);
    for (int sample = 0; sample < 10; ++sample) {
      const double level = stream.normal();  // how hard the sample is
      for (int draw = 0; draw < 8; ++draw) {
        const TrialResult result = with_ssim(level + 0.3 * stream.normal(), sample);
        sums.add(result);
        clusters.add(result);
      }
    }
    const Estimate estimate = estimate_column(kSsim, sums, clusters.variance());
    const Estimate naive = estimate_column(kSsim, sums, kIndependent);
    covered += estimate.low <= 0 && 0 <= estimate.high;
    covered_naively += naive.low <= 0 && 0 <= naive.high;
  }
  EXPECT_NEAR(covered / double(kRepetitions), 0.95, kCoverageError);
  EXPECT_LT(covered_naively / double(kRepetitions), 0.7);
}

TEST(Estimates, ClusteredShareIsWiderThanBinomialAndNeverEmpty) {
  TrialSums sums;
  ClusterSums clusters(40);
  for (int trial = 0; trial < 400; ++trial) {
    TrialResult result;
    result.sample_id = trial % 40;
    result.header_failed = result.sample_id < 4;  // the sample decides
    sums.add(result);
    clusters.add(result);
  }
  const Estimate clustered = estimate_column(kHeader, sums, clusters.variance());
  const Estimate binomial = estimate_column(kHeader, sums, kIndependent);
  EXPECT_EQ(clustered.value, 0.1);
  EXPECT_LT(clustered.low, binomial.low);
  EXPECT_GT(clustered.high, binomial.high);
  // Ten equal trials of a sample are worth about one: 40 independent trials.
  EXPECT_NEAR(clustered.high, clopper_pearson(4, 40).high, 0.02);
}

TEST(Estimates, ClusteredShareWithoutErrorsCountsSamples) {
  TrialSums sums;
  ClusterSums clusters(40);
  for (int trial = 0; trial < 400; ++trial) {
    TrialResult result;
    result.sample_id = trial % 40;
    sums.add(result);
    clusters.add(result);
  }
  EXPECT_DOUBLE_EQ(estimate_column(kHeader, sums, clusters.variance()).high, clopper_pearson(0, 40).high);
}

TEST(ClusterSums, RefusesMoreSamplesThanTheSourceHas) {
  ClusterSums clusters(1);
  clusters.add(with_ssim(1, 5));
  clusters.add(with_ssim(1, 5));
  message_of(ErrorCode::bad_argument, [&] { clusters.add(with_ssim(1, 6)); });
}

TEST(ClusterSums, SaysWhatIntervalsAreOver) {
  EXPECT_EQ(interval_over(kIndependent), IntervalOver::trials);
  ClusterSums one(1);
  one.add(with_ssim(1, 5));
  EXPECT_EQ(interval_over(one.variance()), IntervalOver::draws);
  ClusterSums two(2);
  two.add(with_ssim(1, 5));
  two.add(with_ssim(1, 6));
  EXPECT_EQ(interval_over(two.variance()), IntervalOver::samples);
}

LedgerSums ledger_of(int num_trials, double power = 1, double snr_db = 10) {
  LedgerSums sums;
  for (int trial = 0; trial < num_trials; ++trial) {
    PowerLedger ledger = example_trial(snr_db, static_cast<std::uint64_t>(trial)).power;
    ledger.header_energy *= power;
    sums.add(ledger);
  }
  return sums;
}

TEST(Ledger, HealthyLinkIsOk) {
  const LedgerReport report = measure_ledger(ledger_of(4000), 10.0);
  EXPECT_TRUE(report.ok);
  EXPECT_NEAR(report.parts[0].measured, 1, 1e-12);
  EXPECT_EQ(report.parts[0].std_error, 0);
  EXPECT_NEAR(report.parts[3].measured, 1, 5 * report.parts[3].std_error);
  EXPECT_NEAR(report.parts[3].std_error, 1 / std::sqrt(4000.0), 0.1 / std::sqrt(4000.0));  // |h|^2 is exponential
  EXPECT_NEAR(10 * std::log10(report.effective_snr().measured), 10, 0.3);
}

TEST(Ledger, WrongLabelIsFound) {
  EXPECT_FALSE(measure_ledger(ledger_of(4000), 13.0103).ok);
  EXPECT_TRUE(measure_ledger(ledger_of(4000), std::nullopt).ok);
}

TEST(Ledger, AFadeThatIsOffByThreeDbIsFound) {
  LedgerSums sums;
  for (int trial = 0; trial < 4000; ++trial) {
    PowerLedger ledger = example_trial(10, static_cast<std::uint64_t>(trial)).power;
    ledger.gain_energy *= 2;
    sums.add(ledger);
  }
  const LedgerReport report = measure_ledger(sums, 10.0);
  EXPECT_FALSE(report.parts[3].ok);
  EXPECT_FALSE(report.effective_snr().ok);
  EXPECT_TRUE(report.parts[4].ok);
}

TEST(Ledger, HeaderPowerMayBeOffByATwentiethOfADecibel) {
  EXPECT_TRUE(measure_ledger(ledger_of(100, std::pow(10, 0.004)), 10.0).ok);
  EXPECT_FALSE(measure_ledger(ledger_of(100, std::pow(10, 0.006)), 10.0).ok);
}

TEST(Ledger, EveryPayloadMustHaveUnitPower) {
  LedgerSums sums = ledger_of(4000);
  PowerLedger loud = example_trial(10, 0).power;
  loud.payload_energy *= 1 + 1e-4;
  sums.add(loud);
  EXPECT_FALSE(measure_ledger(sums, 10.0).ok);
}

TEST(Ledger, FewFadesRaiseNoFalseAlarm) {
  int alarms = 0;
  for (std::uint64_t run = 0; run < 2000; ++run) {
    LedgerSums sums;
    for (std::uint64_t trial = 0; trial < 8; ++trial) sums.add(example_trial(10, trial, run).power);
    alarms += !measure_ledger(sums, 10.0).ok;
  }
  EXPECT_EQ(alarms, 0);
}

TEST(Ledger, MissingPartsAreNanAndOk) {
  LedgerSums sums;
  for (int i = 0; i < 3; ++i) sums.add(PowerLedger());
  const LedgerReport report = measure_ledger(sums, 10.0);
  EXPECT_TRUE(report.ok);
  EXPECT_TRUE(std::isnan(report.parts[2].measured));
}

TEST(SnrMeasured, IntervalCoversTheLabel) {
  int covered = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    TrialSums sums;
    for (std::uint64_t trial = 0; trial < 100; ++trial) sums.add(example_trial(3, trial, run));
    const Estimate snr = estimate_snr_measured_db(sums);
    covered += snr.low <= 3 && 3 <= snr.high;
  }
  EXPECT_NEAR(covered / 400.0, 0.95, 5 * std::sqrt(0.95 * 0.05 / 400));
}

TrialResult with_bits(Index errors, Index bits) {
  TrialResult result;
  result.num_bits = bits;
  result.num_blocks = 1;
  result.bit_errors = errors;
  result.block_errors = errors > 0;
  return result;
}

TEST(BitErrorRate, IndependentBitsAreWorthAsManyTrials) {
  TrialSums sums;
  Stream stream(1, Purpose::user, 0);
  Index total = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Index errors = 0;
    for (int bit = 0; bit < 200; ++bit) errors += stream.below(50) == 0;
    total += errors;
    sums.add(with_bits(errors, 200));
  }
  const Estimate rate = estimate_column(column_index("bit_error_rate"), sums, kIndependent);
  const Estimate exact = clopper_pearson(static_cast<double>(total), 400 * 200);
  EXPECT_NEAR(rate.value, exact.value, 1e-12);
  // The scatter of 400 trials is itself known to 1 / sqrt(800), 3.5 %.
  EXPECT_NEAR((rate.high - rate.low) / (exact.high - exact.low), 1, 5 * 0.035);
}

TEST(BitErrorRate, ErrorsThatComeTogetherCountAsOne) {
  TrialSums sums;
  for (int trial = 0; trial < 100; ++trial) sums.add(with_bits(trial < 10 ? 200 : 0, 200));
  const Estimate rate = estimate_column(column_index("bit_error_rate"), sums, kIndependent);
  const Estimate exact = clopper_pearson(10, 100);
  EXPECT_DOUBLE_EQ(rate.low, exact.low);
  EXPECT_DOUBLE_EQ(rate.high, exact.high);
}

TEST(BitErrorRate, WithoutAnErrorEveryTrialCountsOnce) {
  TrialSums sums;
  for (int trial = 0; trial < 50; ++trial) sums.add(with_bits(0, 1000));
  const Estimate rate = estimate_column(column_index("bit_error_rate"), sums, kIndependent);
  EXPECT_EQ(rate.low, 0);
  EXPECT_DOUBLE_EQ(rate.high, clopper_pearson(0, 50).high);
}

/// Share of runs of `num_trials` trials whose interval of the bit error rate holds the truth.
double coverage_of_bits(int num_trials, Index num_bits, double error_rate) {
  const std::size_t rate = column_index("bit_error_rate");
  Stream stream(12, Purpose::user, 0);
  int covered = 0;
  for (int run = 0; run < kRepetitions; ++run) {
    TrialSums sums;
    for (int trial = 0; trial < num_trials; ++trial) {
      Index errors = 0;
      for (Index bit = 0; bit < num_bits; ++bit) errors += stream.uniform() < error_rate;
      sums.add(with_bits(errors, num_bits));
    }
    const Estimate estimate = estimate_column(rate, sums, kIndependent);
    covered += estimate.low <= error_rate && error_rate <= estimate.high;
  }
  return covered / double(kRepetitions);
}

TEST(BitErrorRate, AFewTrialsCoverAsPromised) {
  for (const int num_trials : {2, 4, 8, 16})
    EXPECT_GE(coverage_of_bits(num_trials, 200, 0.05), 0.95 - kCoverageError) << num_trials;
}

TEST(BitErrorRate, BitsAreWorthNoMoreThanTheyAre) {
  TrialSums sums;
  for (const Index errors : {20, 20, 21}) sums.add(with_bits(errors, 200));  // less scatter than independent bits have
  const Estimate rate = estimate_column(column_index("bit_error_rate"), sums, kIndependent);
  const Estimate exact = clopper_pearson(61, 600);
  EXPECT_NEAR(rate.low, exact.low, 1e-12);
  EXPECT_NEAR(rate.high, exact.high, 1e-12);
}

TEST(BitErrorRate, TrialsAreWorthNoLessThanOneOutcomeEach) {
  TrialSums sums;
  for (const Index errors : {0, 0, 199, 200}) sums.add(with_bits(errors, 200));
  const Estimate rate = estimate_column(column_index("bit_error_rate"), sums, kIndependent);
  const Estimate exact = clopper_pearson(4 * 399.0 / 800, 4);
  EXPECT_NEAR(rate.low, exact.low, 1e-12);
  EXPECT_NEAR(rate.high, exact.high, 1e-12);
}

TEST(BlockErrorRate, OfOneBlockToATrialIsAShareOfTrials) {
  TrialSums sums;
  for (int trial = 0; trial < 80; ++trial) sums.add(with_bits(trial % 20 == 0, 1000));
  const Estimate rate = estimate_column(column_index("block_error_rate"), sums, kIndependent);
  EXPECT_DOUBLE_EQ(rate.high, clopper_pearson(4, 80).high);
}

/// A frame of 100 bits in one block that took 50 uses for each transmission.
TrialResult with_transmissions(int transmissions, bool failed = false) {
  TrialResult result = with_bits(failed, 100);
  result.transmissions = transmissions;
  result.power.payload_uses = 50 * transmissions;
  return result;
}

TEST(BitsPerUse, AreAllBitsOverAllUses) {
  TrialSums sums;
  for (const int transmissions : {1, 1, 1, 5}) sums.add(with_transmissions(transmissions));
  const Estimate rate = estimate_column(column_index("bits_per_use"), sums, kIndependent);
  EXPECT_DOUBLE_EQ(rate.value, 4 * 100.0 / (8 * 50));
  EXPECT_DOUBLE_EQ(rate.value, estimate_throughput(sums, kIndependent).value) << "no block failed";
  EXPECT_LT(rate.low, rate.value);
  EXPECT_GT(rate.high, rate.value);
}

TEST(BitsPerUse, IntervalCoversAsPromised) {
  Stream stream(13, Purpose::user, 0);
  int covered = 0;
  for (int run = 0; run < kRepetitions; ++run) {
    TrialSums sums;
    for (int trial = 0; trial < 64; ++trial) sums.add(with_transmissions(1 + static_cast<int>(stream.below(4))));
    const Estimate rate = estimate_column(column_index("bits_per_use"), sums, kIndependent);
    covered += rate.low <= 0.8 && 0.8 <= rate.high;  // 100 bits over 50 uses of 2.5 transmissions on average
  }
  EXPECT_NEAR(covered / double(kRepetitions), 0.95, kCoverageError);
}

TEST(BitsPerUse, AreExactWhereEveryTrialTakesAsMany) {
  TrialSums sums;
  for (int trial = 0; trial < 10; ++trial) sums.add(with_transmissions(1));
  const Estimate rate = estimate_column(column_index("bits_per_use"), sums, kIndependent);
  EXPECT_EQ(rate.low, 2);
  EXPECT_EQ(rate.high, 2);
}

TEST(Throughput, IsNoSurerThanTheBlocksAre) {
  TrialSums sums;
  for (int trial = 0; trial < 32; ++trial) sums.add(with_transmissions(1));
  const Estimate none_failed = estimate_throughput(sums, kIndependent);
  EXPECT_EQ(none_failed.value, 2);
  EXPECT_DOUBLE_EQ(none_failed.low, 2 * (1 - clopper_pearson(0, 32).high));
  EXPECT_DOUBLE_EQ(none_failed.high, 2);
  sums.add(with_transmissions(1, true));
  const Estimate one_failed = estimate_throughput(sums, kIndependent);
  EXPECT_DOUBLE_EQ(one_failed.low, 2 * (1 - clopper_pearson(1, 33).high));
  EXPECT_DOUBLE_EQ(one_failed.high, 2 * (1 - clopper_pearson(1, 33).low));
}

TEST(Throughput, OfOneTrialIsUnbounded) {
  for (const bool failed : {false, true}) {
    TrialSums sums;
    sums.add(with_transmissions(1, failed));
    EXPECT_EQ(estimate_throughput(sums, kIndependent).low, -HUGE_VAL);
    EXPECT_EQ(estimate_throughput(sums, kIndependent).high, HUGE_VAL);
  }
}

}  // namespace
}  // namespace semlink
