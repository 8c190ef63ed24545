#pragma once

#include <semlink/core/rng.h>
#include <semlink/sweep/sweep.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace semlink {

/// Small sweeps of trials whose true mean is known, repeated with other seeds: how often do the stored intervals hold
/// the truth?
struct CoverageCase {
  std::string name;
  std::string metric;          ///< name of the column
  std::vector<double> truths;  ///< one per point
  std::function<TrialResult(std::size_t point, Stream& stream)> run_trial;
};

/// Error rate of BPSK in AWGN at Es/N0 = `snr` (linear): Q(sqrt(2 snr)) (Proakis, Digital Communications, 5th
/// ed., 4.3-13).
inline double bpsk_error_rate(double snr) { return 0.5 * std::erfc(std::sqrt(snr)); }

/// The same averaged over a Rayleigh fade: (1 - sqrt(snr / (1 + snr))) / 2 (Proakis, 13.3-7).
inline double bpsk_rayleigh_error_rate(double snr) { return 0.5 * (1 - std::sqrt(snr / (1 + snr))); }

/// One bit per trial: a block of it fails with the bit.
inline CoverageCase bpsk_in_awgn() {
  static const std::vector<double> kSnrs = {0.7, 1.0, 1.6};
  CoverageCase out{"BPSK in AWGN, one bit a trial", "header_error_rate", {}, {}};
  for (const double snr : kSnrs) out.truths.push_back(bpsk_error_rate(snr));
  out.run_trial = [](std::size_t point, Stream& stream) {
    TrialResult result;
    result.header_failed = std::sqrt(2 * kSnrs[point]) + stream.normal() < 0;
    return result;
  };
  return out;
}

/// 64 bits per trial under one Rayleigh fade: errors within a trial come together. Measured as a share per trial.
inline CoverageCase bpsk_in_block_fading() {
  static const std::vector<double> kSnrs = {1, 4, 10};
  CoverageCase out{"bit errors of BPSK in block fading", "ssim", {}, {}};
  for (const double snr : kSnrs) out.truths.push_back(bpsk_rayleigh_error_rate(snr));
  out.run_trial = [](std::size_t point, Stream& stream) {
    constexpr int kBits = 64;
    const double gain = -std::log(1 - stream.uniform());  // |h|^2
    int errors = 0;
    for (int i = 0; i < kBits; ++i) errors += std::sqrt(2 * kSnrs[point] * gain) + stream.normal() < 0;
    TrialResult result;
    result.ssim = static_cast<double>(errors) / kBits;
    return result;
  };
  return out;
}

/// Image quality in dB of different scatter at each point.
inline CoverageCase normal_psnr() {
  CoverageCase out{"PSNR of normal scatter", "psnr_db", {20, 30, 40}, {}};
  out.run_trial = [truths = out.truths](std::size_t point, Stream& stream) {
    TrialResult result;
    result.psnr_db = truths[point] + static_cast<double>(1 + 2 * point) * stream.normal();
    return result;
  };
  return out;
}

/// Share of `num_repeats` sweeps, by point, whose interval of the metric holds the truth.
inline std::vector<double> measure_coverage(const CoverageCase& example, RunSettings settings, int num_repeats) {
  std::vector<double> covered(example.truths.size());
  Axis axis{.key = "channel.snr_db", .kind = Axis::Kind::integer};
  for (std::size_t i = 0; i < covered.size(); ++i) {
    axis.texts.push_back(std::to_string(i));
    axis.numbers.push_back(static_cast<double>(i));
  }
  settings.threads = 1;
  settings.target_metric = example.metric;
  const std::size_t column = column_index(example.metric);
  const std::atomic<bool> stop = false;
  for (int repeat = 0; repeat < num_repeats; ++repeat) {
    SweepState state = start_sweep(Grid({axis}));
    const auto make_point = [&](std::size_t point) {
      return PointRun{.run_trial = [&, point](std::uint64_t trial) {
        Stream stream(static_cast<std::uint64_t>(repeat), Purpose::user, trial, point + 1);
        return example.run_trial(point, stream);
      }};
    };
    run_sweep(state, settings, make_point, stop);
    for (std::size_t i = 0; i < covered.size(); ++i) {
      const Estimate estimate = estimate_column(column, state.points[i].total, {});
      covered[i] += estimate.low <= example.truths[i] && example.truths[i] <= estimate.high;
    }
  }
  for (double& share : covered) share /= num_repeats;
  return covered;
}

/// A way to spend trials.
struct SpendingRule {
  std::string name;
  RunSettings settings;
};

/// Fixed trials, the rule of the target width, and adaptive allocation; sized for at least 100 expected errors at every
/// point of the examples.
inline std::vector<SpendingRule> spending_rules(const CoverageCase& example) {
  const bool is_rate = example.metric != "psnr_db";
  std::vector<SpendingRule> rules(3);
  rules[0].name = "fixed trials";
  rules[0].settings.max_trials = is_rate ? 4000 : 500;
  rules[1].name = "target width";
  rules[1].settings.max_trials = 100'000;
  (is_rate ? rules[1].settings.target_rel_ci : rules[1].settings.target_abs_ci) = is_rate ? 0.15 : 0.3;
  rules[2].name = "adaptive";
  rules[2].settings.max_trials = 100'000;
  rules[2].settings.allocation = "adaptive";
  rules[2].settings.total_trials = is_rate ? 20'000 : 3000;
  return rules;
}

}  // namespace semlink
