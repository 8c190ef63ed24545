#include <gtest/gtest.h>
#include <semlink/sweep/stop_rules.h>

#include <cmath>

#include "support/errors.h"

namespace semlink {
namespace {

const std::size_t kHeader = column_index("header_error_rate");
const std::size_t kPsnr = column_index("psnr_db");

/// Header failures in the first `num_errors` trials; PSNR of 29 and 31 dB in turn.
TrialSums sums_of(int num_trials, int num_errors) {
  TrialSums sums;
  for (int i = 0; i < num_trials; ++i) {
    TrialResult result;
    result.header_failed = i < num_errors;
    result.psnr_db = 30 + (i % 2 ? 1 : -1);
    sums.add(result);
  }
  return sums;
}

StopReason ask(const RunSettings& settings, const TrialSums& sums, double seconds = 0) {
  return ask_stop_rules(settings, sums, {}, sums.num_trials / kUnitTrials, seconds);
}

RunSettings long_run() {
  RunSettings settings;
  settings.max_trials = 1'000'000;
  return settings;
}

TEST(StopRules, TargetsCountFromEightBlocksOn) {
  RunSettings settings = long_run();
  settings.target_abs_ci = 1;
  EXPECT_EQ(ask(settings, sums_of(7 * 32, 0)), StopReason::unfinished);
  EXPECT_EQ(ask(settings, sums_of(8 * 32, 0)), StopReason::targets);
}

TEST(StopRules, RatesNeedFiftyErrors) {
  RunSettings settings = long_run();
  settings.target_rel_ci = 0.5;  // reached by some 20 errors
  EXPECT_EQ(ask(settings, sums_of(3200, 49)), StopReason::unfinished);
  EXPECT_EQ(ask(settings, sums_of(3200, 50)), StopReason::targets);
}

TEST(StopRules, EveryTargetMustBeReached) {
  RunSettings settings = long_run();
  settings.target_abs_ci = 1;
  settings.min_errors = 10;
  EXPECT_EQ(ask(settings, sums_of(3200, 9)), StopReason::unfinished);
  EXPECT_EQ(ask(settings, sums_of(3200, 10)), StopReason::targets);
}

TEST(StopRules, TheTargetMetricIsTheOneNamed) {
  RunSettings settings = long_run();
  settings.target_metric = "psnr_db";
  settings.target_rel_ci = 0.01;  // 0.3 dB; the interval of 3200 trials is 0.035 dB to each side
  EXPECT_EQ(ask(settings, sums_of(3200, 0)), StopReason::targets);
  settings.target_rel_ci = 0.001;
  EXPECT_EQ(ask(settings, sums_of(3200, 0)), StopReason::unfinished);
}

TEST(StopRules, WrongClassesAreTheErrorsOfAccuracy) {
  RunSettings settings = long_run();
  settings.target_metric = "accuracy";
  TrialSums sums;
  for (int i = 0; i < 320; ++i) {
    TrialResult result;
    result.correct = i >= 12;
    sums.add(result);
  }
  EXPECT_EQ(num_errors(settings, sums), 12);
}

TEST(StopRules, UndetectedErrorsAreCountedByBlock) {
  RunSettings settings = long_run();
  settings.target_metric = "undetected_error_rate";
  TrialSums sums;
  for (int i = 0; i < 320; ++i) {
    TrialResult result;
    result.num_bits = 300;
    result.num_blocks = 30;
    result.has_block_check = true;
    result.block_errors = result.bit_errors = result.undetected_blocks = i < 7 ? 7 : 0;
    sums.add(result);
  }
  EXPECT_EQ(num_errors(settings, sums), 49);
  settings.min_errors = 50;
  EXPECT_EQ(ask(settings, sums), StopReason::unfinished);
  settings.min_errors = 49;
  EXPECT_EQ(ask(settings, sums), StopReason::targets);
  settings.min_errors.reset();
  settings.target_rel_ci = 100;  // any width, from 50 errors on
  EXPECT_EQ(ask(settings, sums), StopReason::unfinished);
}

TEST(StopRules, TimeEndsAPointAfterItsTargets) {
  RunSettings settings = long_run();
  settings.max_time_s = 5;
  EXPECT_EQ(ask(settings, sums_of(320, 0), 4.9), StopReason::unfinished);
  EXPECT_EQ(ask(settings, sums_of(320, 0), 5), StopReason::max_time);
  settings.target_abs_ci = 1;
  EXPECT_EQ(ask(settings, sums_of(320, 0), 5), StopReason::targets);
  settings.max_trials = 320;
  EXPECT_EQ(ask(settings, sums_of(320, 0), 5), StopReason::max_trials);
}

TEST(StopRules, WidthOfARateIsRelativeAndKnownWithoutErrors) {
  RunSettings settings = long_run();
  settings.target_metric = "header_error_rate";
  const Estimate estimate = estimate_column(kHeader, sums_of(3200, 64), {});
  EXPECT_DOUBLE_EQ(target_half_width(settings, sums_of(3200, 64), {}), (estimate.high - estimate.low) / 2 / 0.02);
  // Clopper-Pearson of none among n: [0, 1 - 0.025^(1/n)], relative to one error.
  EXPECT_NEAR(target_half_width(settings, sums_of(3200, 0), {}), (1 - std::pow(0.025, 1.0 / 3200)) / 2 * 3200, 1e-9);
  settings.target_metric = "psnr_db";
  const Estimate psnr = estimate_column(kPsnr, sums_of(3200, 0), {});
  EXPECT_DOUBLE_EQ(target_half_width(settings, sums_of(3200, 0), {}), (psnr.high - psnr.low) / 2);
  settings.target_metric = "ms_ssim";
  TrialSums unmeasured = sums_of(64, 0);
  unmeasured.columns[column_index("ms_ssim")] = Moments();
  EXPECT_EQ(target_half_width(settings, unmeasured, {}), 0);
}

TEST(StopRules, WhatDoesNotGoTogetherIsRefused) {
  const Grid grid({Axis{.key = "channel.snr_db", .texts = {"0", "5"}}});
  const auto message = [&](auto change) {
    RunSettings settings = long_run();
    change(settings);
    return message_of(ErrorCode::bad_scenario, [&] { check_stop_rules(settings, grid); });
  };
  EXPECT_TRUE(message([](RunSettings& s) {
                s.target_metric = "psnr";
              }).starts_with("run.target_metric = psnr: expected one of auto psnr_db mse"));
  EXPECT_EQ(message([](RunSettings& s) { s.quiet_axis = "gate.depth"; }),
            "run.quiet_axis = gate.depth: expected an axis of the sweep; axes: channel.snr_db");
  EXPECT_EQ(message([](RunSettings& s) { s.total_trials = 1000; }),
            "run.total_trials = 1000: expected run.allocation = adaptive with it");
  EXPECT_EQ(message([](RunSettings& s) { s.allocation = "adaptive", s.total_trials = 511; }),
            "run.total_trials = 511: expected at least 512, the first blocks of every point");
  EXPECT_EQ(message([](RunSettings& s) { s.allocation = "adaptive", s.quiet_axis = "channel.snr_db"; }),
            "run.quiet_axis = channel.snr_db: expected none with run.allocation = adaptive, which needs all points");
}

}  // namespace
}  // namespace semlink
