// Do calibrated thresholds keep their promise, and are they worth having?
//   reliability_calibration SCENARIO [--KEY=VALUE ...]
// Runs `run.max_trials` trials of the scenario's test split once under every candidate, then splits them at random 200
// times: one half calibrates, the other is the fresh data. Counts the splits whose fresh risk is above alpha by more
// than three of its own standard errors, against the one-sided 99.9 % limit of the binomial distribution, and compares
// the cost with that of the best candidate known in hindsight. Exit status 1 when a promise is broken or the cost is
// over 1.3 times the best on the average.

#include <semlink/app/calibration.h>
#include <semlink/app/command_line.h>
#include <semlink/calibrate/risk_control.h>
#include <semlink/core/error.h>

#include <boost/math/distributions/binomial.hpp>

#include <cstdio>
#include <iostream>
#include <numeric>

namespace semlink {
namespace {

using calibrate::CalibrateSettings;
using calibrate::RiskTable;

constexpr int kSplits = 200;
constexpr double kMostCost = 1.3;

/// What the splits showed for one promise.
struct Findings {
  int without = 0;   ///< splits in which no candidate was valid
  int above = 0;     ///< fresh risk above alpha
  int exceeded = 0;  ///< by more than three standard errors
  double risk = 0;   ///< mean of the fresh risks
  double cost = 0;   ///< mean of cost over best cost in hindsight
  double worst = 0;  ///< its maximum
  double share = 0;  ///< mean share of the MACs of always_open
};

/// A random half of 0 ... n - 1, and the other.
std::pair<std::vector<Index>, std::vector<Index>> halves(Index n, std::uint64_t split) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  Stream stream(1, Purpose::user, split);
  for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[stream.below(left)]);
  const auto middle = order.begin() + n / 2;
  return {{order.begin(), middle}, {middle, order.end()}};
}

void add_split(Findings& findings, const RiskTable& pool, const CalibrateSettings& settings, std::uint64_t split) {
  const auto [for_calibration, fresh] = halves(pool.num_trials(), split);
  const calibrate::Selection selection = calibrate::select(pool.rows(for_calibration), settings);
  if (!selection.chosen) {
    ++findings.without;
    return;
  }
  const std::vector<calibrate::CandidateRisk> risks = calibrate::candidate_risks(pool.rows(fresh), settings);
  const calibrate::CandidateRisk& chosen = risks[*selection.chosen];
  findings.above += chosen.risk > settings.alpha;
  findings.exceeded += chosen.risk > settings.alpha + 3 * chosen.std_error;
  double best = chosen.macs;
  for (const calibrate::CandidateRisk& candidate : risks)
    if (candidate.risk <= settings.alpha) best = std::min(best, candidate.macs);
  const double cost = chosen.macs / best;
  findings.risk += chosen.risk;
  findings.cost += cost;
  findings.worst = std::max(findings.worst, cost);
  findings.share += chosen.macs_share;
}

/// Prints one promise's line; whether it was kept and is worth having.
bool report(const RiskTable& pool, const CalibrateSettings& settings) {
  Findings findings;
  for (std::uint64_t split = 0; split < kSplits; ++split) add_split(findings, pool, settings, split);
  const bool is_mean_only = settings.method_kind() == calibrate::Method::conformal;
  const std::string& name = is_mean_only ? settings.method : settings.test;
  const int with = kSplits - findings.without;
  if (with == 0) {
    std::printf("%-18s %6.3f  no candidate keeps the risk\n", name.c_str(), settings.alpha);
    return false;
  }
  const double limit =
      boost::math::quantile(boost::math::complement(boost::math::binomial(kSplits, settings.delta), 1e-3));
  // The mean promise is held against the pool's own scatter: the splits share one pool.
  const double pool_error = std::sqrt(settings.alpha / static_cast<double>(pool.num_trials()));
  const bool kept = is_mean_only ? findings.risk / with <= settings.alpha + 3 * pool_error : findings.exceeded <= limit;
  const bool is_cheap = findings.cost / with <= kMostCost;
  std::printf("%-18s %6.3f %6.3f %10.4f %6d %9d %6.0f %9.3f %7.3f %8.1f %% %8d  %s\n", name.c_str(), settings.alpha,
              is_mean_only ? 0.0 : settings.delta, findings.risk / with, findings.above, findings.exceeded,
              is_mean_only ? kSplits * 1.0 : limit, findings.cost / with, findings.worst, 100 * findings.share / with,
              findings.without, kept ? (is_cheap ? "kept" : "kept, too safe") : "BROKEN");
  return kept && is_cheap;
}

int check(int argc, const char* const* argv) {
  const Plugins plugins = builtin_plugins();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const Scenario known(plugins);
  const CommandLine line = parse_command_line(
      arguments, {.usage = "SCENARIO [--KEY=VALUE ...]", .min_words = 1, .max_words = 1, .takes_keys = true},
      &known.keys());
  const ScenarioText text = override_scenario(read_scenario_file(line.words.front()), line.scenario);
  Scenario scenario(plugins);
  for (const Assignment& value : text.values) scenario.set(value);
  Calibration calibration(plugins, text, "test", scenario.calibrate.candidates);
  const std::atomic<bool> go_on = false;
  const RiskTable pool = calibration.measure(std::cerr, false, go_on);

  std::printf("%lld trials, %lld candidates, %d splits in halves\n", static_cast<long long>(pool.num_trials()),
              static_cast<long long>(pool.num_candidates()), kSplits);
  std::printf(
      "method              alpha  delta mean risk  above  exceeded  limit  cost/best   worst  of full  without\n");
  bool ok = true;
  for (const double alpha : {0.02, 0.05, 0.1}) {
    CalibrateSettings settings = calibration.settings();
    settings.alpha = alpha;
    settings.method = "learn_then_test";
    for (const char* test : {"hoeffding_bentkus", "betting"})
      for (const double delta : {0.05, 0.1, 0.2}) {
        settings.test = test;
        settings.delta = delta;
        ok = report(pool, settings) && ok;
      }
    settings.method = "conformal";
    ok = report(pool, settings) && ok;
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace semlink

int main(int argc, char** argv) {
  try {
    return semlink::check(argc, argv);
  } catch (const semlink::Error& error) {
    std::cerr << "reliability_calibration: " << error.what() << "\n";
    return 2;
  }
}
