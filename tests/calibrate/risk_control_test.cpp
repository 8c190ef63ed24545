#include <semlink/calibrate/risk_control.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/rng.h>

namespace semlink::calibrate {
namespace {

TEST(HoeffdingBentkus, WithoutAnyLossIsTheChanceOfIt) {
  for (const Index n : {1, 20, 500})
    EXPECT_NEAR(hoeffding_bentkus_p_value(0, n, 0.1) / std::pow(0.9, n), 1, 1e-12) << n;
}

// Exact sums of the formula in 50 digits (mpmath); the first two are Hoeffding's side, the last two Bentkus's.
TEST(HoeffdingBentkus, HasTheKnownValues) {
  EXPECT_NEAR(hoeffding_bentkus_p_value(0.5, 100, 0.2) / 2.371849711394041e-9, 1, 1e-10);
  EXPECT_NEAR(hoeffding_bentkus_p_value(0.25, 40, 0.1) / 0.03894066508101438, 1, 1e-10);
  EXPECT_NEAR(hoeffding_bentkus_p_value(60.25, 1000, 0.1) / 2.08403753189028e-5, 1, 1e-10);
  EXPECT_NEAR(hoeffding_bentkus_p_value(30, 2500, 0.02) / 0.00397431066072725, 1, 1e-10);
}

TEST(HoeffdingBentkus, RisesWithTheLossAndFallsWithTheToleratedRisk) {
  double before = 0;
  for (double sum = 0; sum <= 100; sum += 0.5) {
    const double p = hoeffding_bentkus_p_value(sum, 100, 0.2);
    EXPECT_GE(p, before) << sum;
    EXPECT_LE(hoeffding_bentkus_p_value(sum, 100, 0.21), p) << sum;
    before = p;
  }
  EXPECT_EQ(before, 1);
}

TEST(HoeffdingBentkus, IsOneWhereTheRiskIsNotBelow) {
  for (const double sum : {20.0, 20.5, 60.0, 100.0}) EXPECT_EQ(hoeffding_bentkus_p_value(sum, 100, 0.2), 1) << sum;
}

/// P(Bin(n, p) = k).
double binomial(Index k, Index n, double p) {
  const auto [x, m] = std::pair{static_cast<double>(k), static_cast<double>(n)};
  return std::exp(std::lgamma(m + 1) - std::lgamma(x + 1) - std::lgamma(m - x + 1) + x * std::log(p) +
                  (m - x) * std::log1p(-p));
}

// The p-value takes one value per count: the sum over all counts is exact but for rounding.
TEST(HoeffdingBentkus, IsSuperUniformForErrorsAtTheToleratedRisk) {
  for (const Index n : {5, 40, 300})
    for (const double alpha : {0.01, 0.1, 0.5}) {
      std::vector<std::pair<double, double>> values;  // p-value, its probability
      for (Index k = 0; k <= n; ++k)
        values.emplace_back(hoeffding_bentkus_p_value(static_cast<double>(k), n, alpha), binomial(k, n, alpha));
      double probability = 0;
      for (const auto& [p, mass] : values) EXPECT_LE(probability += mass, p + 1e-9) << n << " " << alpha;
    }
}

TEST(HoeffdingBentkus, IsSuperUniformForLossesBetweenZeroAndOne) {
  constexpr int kRepeats = 20000;
  constexpr Index kTrials = 60;
  int rejected = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    Stream stream(1, Purpose::user, static_cast<std::uint64_t>(repeat));
    double sum = 0;
    for (Index i = 0; i < kTrials; ++i) sum += 0.4 * std::pow(stream.uniform(), 3);  // mean 0.1
    rejected += hoeffding_bentkus_p_value(sum, kTrials, 0.1) <= 0.3;
  }
  EXPECT_LE(rejected, 0.3 * kRepeats);  // far below: these losses scatter less than errors do
}

TEST(HoeffdingBentkus, FindsWhatIsClearlyBelow) { EXPECT_LT(hoeffding_bentkus_p_value(1000 * 0.06, 1000, 0.1), 1e-4); }

/// Losses that are `high` with probability `share`, else 0.
Eigen::VectorXd two_valued(Index n, double high, double share, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 2);
  return Eigen::VectorXd::NullaryExpr(n, [&](Index) { return stream.uniform() < share ? high : 0.0; });
}

TEST(Betting, IsSuperUniformAtTheToleratedRisk) {
  constexpr int kRepeats = 10000;
  for (const double high : {0.2, 1.0}) {  // losses that scatter little, and errors
    int rejected = 0;
    for (int repeat = 0; repeat < kRepeats; ++repeat)
      rejected +=
          betting_p_value(two_valued(150, high, 0.1 / high, static_cast<std::uint64_t>(repeat)), 0.1, 0.1) <= 0.1;
    EXPECT_LE(rejected, 0.1 * kRepeats + 3 * std::sqrt(0.09 * kRepeats)) << high;
    EXPECT_GT(rejected, 0) << high;  // a fair bet wins at times
  }
}

TEST(Betting, IsSurerWhereLossesScatterLittle) {
  const Eigen::VectorXd losses = two_valued(500, 0.14, 0.5, 1);
  EXPECT_LT(betting_p_value(losses, 0.1, 0.1), 1e-3);
  EXPECT_GT(hoeffding_bentkus_p_value(losses.sum(), 500, 0.1), 1e-2);
}

TEST(Betting, WithoutAnyLossEveryBetIsWon) {
  // Bets of 1 from the start: sqrt(2 ln(100) / (5 / 4)) > 1, and the variance only falls.
  EXPECT_NEAR(betting_p_value(Eigen::VectorXd::Zero(5), 0.2, 0.01), std::pow(1.2, -5), 1e-12);
}

TEST(Betting, LossesAtTheToleratedRiskWinNothing) {
  EXPECT_EQ(betting_p_value(Eigen::VectorXd::Constant(100, 0.25), 0.25, 0.1), 1);
  EXPECT_EQ(betting_p_value(Eigen::VectorXd::Ones(100), 0.25, 0.1), 1);
}

TEST(FewestTrials, IsWhenNoLossAtAllWouldDo) {
  const Index n = fewest_trials(0.05, 0.1);
  EXPECT_LE(hoeffding_bentkus_p_value(0, n, 0.05), 0.1);
  EXPECT_GT(hoeffding_bentkus_p_value(0, n - 1, 0.05), 0.1);
}

TEST(FixedSequence, StopsAtTheFirstThatIsNotRejected) {
  EXPECT_EQ(fixed_sequence(std::vector<double>{0.01, 0.1, 0.2, 0.01}, 0.1), 2u);
  EXPECT_EQ(fixed_sequence(std::vector<double>{0.11, 0.01}, 0.1), 0u);
  EXPECT_EQ(fixed_sequence(std::vector<double>{0.01, 0.02}, 0.1), 2u);
  EXPECT_EQ(fixed_sequence(std::vector<double>{std::nan("")}, 0.1), 0u);
  EXPECT_EQ(fixed_sequence(std::vector<double>{}, 0.1), 0u);
}

/// Losses that grow along most rows, with dips.
RowMatrix<double> random_losses(Index trials, Index candidates, std::uint64_t seed) {
  Stream stream(seed, Purpose::user, 1);
  RowMatrix<double> losses(trials, candidates);
  for (Index t = 0; t < trials; ++t) {
    const double steepness = stream.uniform();
    for (Index c = 0; c < candidates; ++c) {
      const double place = static_cast<double>(c) / static_cast<double>(candidates);
      losses(t, c) = std::clamp(steepness * place + 0.1 * (stream.uniform() - 0.5), 0.0, 1.0);
    }
  }
  return losses;
}

// The average over which trial is the fresh one is bounded for every set of losses, not only in the mean.
TEST(Conformal, LeavingEachTrialOutKeepsTheMeanRisk) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const double alpha : {0.1, 0.2, 0.4}) {
      const RowMatrix<double> losses = random_losses(30, 25, seed);
      double sum = 0;
      for (Index fresh = 0; fresh < losses.rows(); ++fresh) {
        RowMatrix<double> others(losses.rows() - 1, losses.cols());
        others << losses.topRows(fresh), losses.bottomRows(losses.rows() - 1 - fresh);
        const std::size_t valid = conformal(others, alpha);
        if (valid > 0) sum += losses(fresh, static_cast<Index>(valid) - 1);
      }
      EXPECT_LE(sum / static_cast<double>(losses.rows()), alpha) << seed;
    }
}

TEST(Conformal, CountsOneLossForTheFreshTrial) {
  RowMatrix<double> losses = RowMatrix<double>::Zero(9, 1);
  EXPECT_EQ(conformal(losses, 0.1), 1u);  // (0 + 1) / 10
  EXPECT_EQ(conformal(losses, 0.099), 0u);
}

TEST(Conformal, ADipDoesNotOpenTheWayAgain) {
  RowMatrix<double> losses = RowMatrix<double>::Zero(99, 3);
  losses.col(1).setConstant(1);
  EXPECT_EQ(conformal(losses, 0.5), 1u);
}

}  // namespace
}  // namespace semlink::calibrate
