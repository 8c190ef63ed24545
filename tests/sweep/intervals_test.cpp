#include <gtest/gtest.h>
#include <semlink/sweep/intervals.h>

#include <cmath>
#include <limits>

namespace semlink {
namespace {

TEST(TQuantile, EqualsClosedForms) {
  // One degree of freedom is the Cauchy distribution, two have an algebraic quantile, infinity is the normal.
  EXPECT_NEAR(t_quantile_975(1), std::tan(M_PI * 0.475), 1e-10);
  EXPECT_NEAR(t_quantile_975(2), 2 * 0.475 * std::sqrt(2 / (1 - 4 * 0.475 * 0.475)), 1e-10);
  EXPECT_NEAR(t_quantile_975(std::numeric_limits<double>::infinity()), 1.959963984540054, 1e-10);
}

TEST(FiveSigma, ApproachesFiveFromAbove) {
  EXPECT_NEAR(five_sigma(1e9), 5, 1e-6);
  EXPECT_GT(five_sigma(31), 6);
  EXPECT_GT(five_sigma(1), 1e5);
}

TEST(ClopperPearson, EqualsClosedFormsAtTheEnds) {
  EXPECT_EQ(clopper_pearson(0, 20).low, 0);
  EXPECT_NEAR(clopper_pearson(0, 20).high, 1 - std::pow(0.025, 1.0 / 20), 1e-12);
  EXPECT_EQ(clopper_pearson(20, 20).high, 1);
  EXPECT_NEAR(clopper_pearson(20, 20).low, std::pow(0.025, 1.0 / 20), 1e-12);
}

double binomial_pmf(int k, int n, double p) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) + (n - k) * std::log1p(-p));
}

double tail_from(int k, int n, double p) {
  double sum = 0;
  for (int i = k; i <= n; ++i) sum += binomial_pmf(i, n, p);
  return sum;
}

TEST(ClopperPearson, EndsLeaveATailOfOneFortieth) {
  for (int k = 1; k < 12; ++k) {
    const Estimate interval = clopper_pearson(k, 12);
    EXPECT_NEAR(tail_from(k, 12, interval.low), 0.025, 1e-10);
    EXPECT_NEAR(1 - tail_from(k + 1, 12, interval.high), 0.025, 1e-10);
  }
}

TEST(ClopperPearson, NeverCoversLessThanPromised) {
  for (double p = 0.01; p < 1; p += 0.01) {
    double coverage = 0;
    for (int k = 0; k <= 30; ++k) {
      const Estimate interval = clopper_pearson(k, 30);
      if (interval.low <= p && p <= interval.high) coverage += binomial_pmf(k, 30, p);
    }
    EXPECT_GE(coverage, 0.95) << p;
  }
}

}  // namespace
}  // namespace semlink
