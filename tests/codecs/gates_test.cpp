#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/class_patience.h>
#include <semlink/codecs/gates/confidence.h>
#include <semlink/codecs/gates/entropy.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/gates/gain_db.h>
#include <semlink/codecs/gates/mac_budget.h>
#include <semlink/codecs/gates/patience.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/codecs/gates/snr_table.h>
#include <semlink/codecs/gates/target_quality.h>

namespace semlink {
namespace {

/// Depth at which a policy stops when every query is `query` but for the stage.
Index depth_of(const GatePolicy& policy, GateQuery query) {
  for (query.stage = 0; query.stage < query.num_stages; ++query.stage)
    if (!policy.open(query)) break;
  return query.stage;
}

const GateQuery kQuery{
    .num_stages = 6, .snr_db = 4.0, .predicted_mse = 1e-3, .predicted_mse_next = 0.9e-3, .macs_next = 1'000'000};

TEST(AlwaysOpen, RunsAll) { EXPECT_EQ(depth_of(AlwaysOpen(), kQuery), 6); }

TEST(FixedDepth, RunsSoMany) {
  EXPECT_EQ(depth_of(FixedDepth(0), kQuery), 0);
  EXPECT_EQ(depth_of(FixedDepth(4), kQuery), 4);
  EXPECT_EQ(depth_of(FixedDepth(9), kQuery), 6);
}

TEST(SnrTable, LooksUpTheEstimatedSnr) {
  const SnrTable table(SnrTable::parse("gate.table", "-5:6 0:5 7.5:2"));
  const auto depth_at = [&](std::optional<double> snr_db) {
    GateQuery query = kQuery;
    query.snr_db = snr_db;
    return depth_of(table, query);
  };
  EXPECT_EQ(depth_at(-20), 6);
  EXPECT_EQ(depth_at(-0.1), 6);
  EXPECT_EQ(depth_at(0), 5);
  EXPECT_EQ(depth_at(7.5), 2);
  EXPECT_EQ(depth_at(100), 2);
  EXPECT_EQ(depth_at(std::nullopt), 6);
}

TEST(SnrTable, RefusesWhatIsNoTable) {
  for (const char* text : {"", "3", "a:2", "1:-2", "1:2.5", "1:2 1:3", "nan:2", "3:2 1:4"})
    EXPECT_THROW(SnrTable::parse("gate.table", text), Error) << text;
}

TEST(PredictedGain, ComparesGainPerMacWithThePrice) {
  // 1e-4 of a squared peak of 255^2 is 6.5 for a million MACs.
  EXPECT_EQ(depth_of(PredictedGain(6.4, std::nullopt), kQuery), 6);
  EXPECT_EQ(depth_of(PredictedGain(6.6, std::nullopt), kQuery), 0);
}

TEST(PredictedGain, KeepsTheBudget) {
  GateQuery query = kQuery;
  query.macs_spent = 1;
  EXPECT_FALSE(PredictedGain(0, 1'000'000).open(query));
  EXPECT_TRUE(PredictedGain(0, 1'000'001).open(query));
}

TEST(GainDb, ComparesDecibelsPerMacWithThePrice) {
  // 10 log10(1 / 0.9) = 0.458 dB for a million MACs.
  EXPECT_EQ(depth_of(GainDb(0.45, std::nullopt), kQuery), 6);
  EXPECT_EQ(depth_of(GainDb(0.46, std::nullopt), kQuery), 0);
  EXPECT_FALSE(GainDb(0, 999'999).open(kQuery));
}

TEST(GainDb, TreatsADecibelAlikeInEveryImage) {
  GateQuery query = kQuery;
  query.predicted_mse *= 100;
  query.predicted_mse_next *= 100;
  for (const double threshold : {0.45, 0.46})
    EXPECT_EQ(GainDb(threshold, std::nullopt).open(query), GainDb(threshold, std::nullopt).open(kQuery));
}

/// Depth at which the policy stops when the stages change the output by so much, one after the other.
Index depth_of(const GatePolicy& policy, const std::vector<double>& changes) {
  GateQuery query{.num_stages = static_cast<Index>(changes.size())};
  for (query.stage = 0; query.stage < query.num_stages; ++query.stage) {
    query.output_changes = std::span(changes).first(static_cast<std::size_t>(query.stage));
    if (!policy.open(query)) break;
  }
  return query.stage;
}

TEST(Patience, StopsAfterSoManyQuietStagesInARow) {
  const std::vector<double> changes = {1e-2, 1e-5, 1e-2, 1e-5, 1e-5, 1e-5};
  EXPECT_EQ(depth_of(Patience(1, 40), changes), 2);
  EXPECT_EQ(depth_of(Patience(2, 40), changes), 5);
  EXPECT_EQ(depth_of(Patience(3, 40), changes), 6);
  EXPECT_EQ(depth_of(Patience(1, 51), changes), 6);  // 1e-5 is 50 dB
}

TEST(Patience, IsRefusedAtTheTransmitter) {
  EXPECT_THROW(PatiencePlugin("encoder_gate").make(), Error);
  EXPECT_TRUE(PatiencePlugin("gate").make()->needs_output_changes());
}

/// Whether the policy is sure of classes with these probabilities.
bool is_sure(const GatePolicy& policy, const std::vector<double>& probabilities) {
  GateQuery query = kQuery;
  query.class_probabilities = probabilities;
  EXPECT_NE(policy.open(query), policy.decides(query));  // it runs a stage exactly while it is not sure
  return policy.decides(query);
}

TEST(Confidence, IsSureOfALikelyClass) {
  EXPECT_TRUE(is_sure(Confidence(0.6), {0.1, 0.6, 0.3}));
  EXPECT_FALSE(is_sure(Confidence(0.61), {0.1, 0.6, 0.3}));
  EXPECT_FALSE(is_sure(Confidence(1.01), {0, 1, 0}));
  EXPECT_FALSE(is_sure(Confidence(0), {}));  // nothing known, nothing decided
}

TEST(Entropy, IsSureWhenLittleIsLeftToTheOthers) {
  EXPECT_TRUE(is_sure(Entropy(0.7), {0.5, 0.5, 0}));  // ln 2 = 0.693
  EXPECT_FALSE(is_sure(Entropy(0.69), {0.5, 0.5, 0}));
  EXPECT_TRUE(is_sure(Entropy(0), {0, 1, 0}));
  EXPECT_FALSE(is_sure(Entropy(-1), {0, 1, 0}));
}

TEST(ClassTemperature, IsLookedUpByTheEstimatedSnr) {
  const ClassTemperature temperature = ClassTemperature::parse("gate.temperature", "-5:1.5 0:3 7.5:0.8");
  EXPECT_EQ(temperature.at(-20), 1.5);
  EXPECT_EQ(temperature.at(-0.1), 1.5);
  EXPECT_EQ(temperature.at(0), 3);
  EXPECT_EQ(temperature.at(100), 0.8);
  EXPECT_EQ(temperature.at(std::nullopt), 3);  // the least trust
  EXPECT_EQ(ClassTemperature::parse("gate.temperature", "").at(3), 1);
}

TEST(ClassTemperature, RefusesWhatIsNoTable) {
  for (const char* text : {" ", "3", "a:2", "1:0", "1:-2", "1:inf", "1:nan", "1:2 1:3", "nan:2", "3:2 1:4"})
    EXPECT_THROW(ClassTemperature::parse("gate.temperature", text), Error) << text;
}

/// Scores over the temperature: softmax of (2, 1, 0) at 2 is that of (1, 0.5, 0).
TEST(ClassTemperature, DividesTheScores) {
  const auto softmax = [](double a, double b, double c) {
    const double sum = std::exp(a) + std::exp(b) + std::exp(c);
    return std::vector<double>{std::exp(a) / sum, std::exp(b) / sum, std::exp(c) / sum};
  };
  const std::vector<double> scaled = at_temperature(softmax(2, 1, 0), 2), expected = softmax(1, 0.5, 0);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(scaled[c], expected[c], 1e-12);
}

TEST(ClassTemperature, HigherOnesAreLessSureOfTheSameClass) {
  const std::vector<double> said = {0.05, 0.7, 0.25, 0};
  double likeliest = 1, entropy = 0;
  for (const double temperature : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    const std::vector<double> p = at_temperature(said, temperature);
    EXPECT_NEAR(p[0] + p[1] + p[2] + p[3], 1, 1e-12);
    EXPECT_EQ(std::max_element(p.begin(), p.end()) - p.begin(), 1);
    EXPECT_LT(p[1], likeliest);
    likeliest = p[1];
    double now = 0;
    for (const double one : p) now -= one > 0 ? one * std::log(one) : 0;
    EXPECT_GT(now, entropy);
    entropy = now;
  }
}

/// Where noise makes its heads too sure, a receiver goes on until they have earned it; elsewhere nothing changes.
TEST(ClassTemperature, LetsSurePoliciesGoOnWhereHeadsAreTooSure) {
  const std::vector<std::vector<double>> by_exit = {{0.6, 0.4}, {0.93, 0.07}, {0.96, 0.04}, {0.998, 0.002}};
  const auto depth = [&](const GatePolicy& policy, double snr_db) {
    GateQuery query{.num_stages = 4, .snr_db = snr_db};
    for (query.stage = 0; query.stage < 4; ++query.stage) {
      query.class_probabilities = by_exit[static_cast<std::size_t>(query.stage)];
      if (!policy.open(query)) break;
    }
    return query.stage;
  };
  const ClassTemperature fitted = ClassTemperature::parse("gate.temperature", "-5:2 5:1");
  EXPECT_EQ(depth(Confidence(0.9), -5), 1);
  EXPECT_EQ(depth(Confidence(0.9, fitted), -5), 3);  // 0.93 and 0.96 are 0.78 and 0.83 at 2, 0.998 is 0.957
  EXPECT_EQ(depth(Confidence(0.9, fitted), 5), 1);
  EXPECT_EQ(depth(Entropy(0.3), -5), 1);
  EXPECT_EQ(depth(Entropy(0.3, fitted), -5), 3);
  EXPECT_EQ(depth(Entropy(0.3, fitted), 5), 1);
}

TEST(ClassTemperature, IsAKeyOfBothPoliciesAndBothEnds) {
  ConfidencePlugin confidence("encoder_gate");
  EntropyPlugin entropy("encoder_gate");
  Keys keys;
  confidence.declare(keys);
  entropy.declare(keys);
  GateQuery query{.num_stages = 1, .snr_db = 0.0};
  const std::vector<double> said = {0.93, 0.07};
  query.class_probabilities = said;
  EXPECT_TRUE(confidence.make()->decides(query));
  EXPECT_TRUE(entropy.make()->decides(query));
  keys.set("encoder_gate.temperature", "0:2");
  EXPECT_FALSE(confidence.make()->decides(query));
  EXPECT_FALSE(entropy.make()->decides(query));
  keys.set("encoder_gate.temperature", "warm");
  EXPECT_THROW(confidence.make(), Error);
}

TEST(ClassPatience, StopsWhenExitsAgree) {
  const std::vector<Index> decisions = {3, 3, 5, 5, 5, 1};
  const auto depth = [&](Index patience) {
    GateQuery query{.num_stages = 6};
    for (query.stage = 0; query.stage < 6; ++query.stage) {
      query.class_decisions = std::span(decisions).first(static_cast<std::size_t>(query.stage) + 1);
      if (!ClassPatience(patience).open(query)) break;
    }
    return query.stage;
  };
  EXPECT_EQ(depth(1), 1);
  EXPECT_EQ(depth(2), 4);
  EXPECT_EQ(depth(3), 6);
}

TEST(TargetQuality, StopsWhenContent) {
  EXPECT_FALSE(TargetQuality(29.9, 0, std::nullopt).open(kQuery));  // predicted: 30 dB
  EXPECT_TRUE(TargetQuality(30.1, 0, std::nullopt).open(kQuery));
}

TEST(TargetQuality, GivesUpWhenTheNextStageBringsLittle) {
  EXPECT_TRUE(TargetQuality(40, 0.4, std::nullopt).open(kQuery));  // 10 log10(1 / 0.9) = 0.458 dB
  EXPECT_FALSE(TargetQuality(40, 0.5, std::nullopt).open(kQuery));
}

TEST(MacBudget, RunsWhatFits) {
  GateQuery query = kQuery;
  query.macs_spent = 500'000;
  EXPECT_TRUE(MacBudget(1'500'000).open(query));
  EXPECT_FALSE(MacBudget(1'499'999).open(query));
}

TEST(MacBudget, IsAskedAheadOfPredictions) {
  GateQuery query{.macs_spent = 500'000, .macs_next = 1'000'000};
  for (const std::int64_t budget : {1'500'000, 1'499'999}) {
    const bool fits = budget == 1'500'000;
    EXPECT_EQ(PredictedGain(0, budget).may_open(query), fits);
    EXPECT_EQ(GainDb(0, budget).may_open(query), fits);
    EXPECT_EQ(TargetQuality(30, 0, budget).may_open(query), fits);
  }
  EXPECT_TRUE(PredictedGain(0, std::nullopt).may_open(query));
}

TEST(MacBudget, NeedsANumber) {
  MacBudgetPlugin plugin("gate");
  Keys keys;
  plugin.declare(keys);
  EXPECT_THROW(plugin.make(), Error);
  keys.set("gate.mac_budget", "5");
  EXPECT_TRUE(plugin.make()->open(GateQuery{}));
}

}  // namespace
}  // namespace semlink
