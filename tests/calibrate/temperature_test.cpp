#include <semlink/calibrate/temperature.h>

#include <gtest/gtest.h>

#include <cmath>

namespace semlink::calibrate {
namespace {

/// Adds answers of a head whose scores are `sureness` times those by which the classes are really drawn.
void add_answers(ClassTable& table, Index count, double sureness, std::optional<double> snr_db) {
  constexpr Index kClasses = 5;
  const Index first = table.num_rows();
  table.probability.conservativeResize(first + count, kClasses);
  for (Index row = first; row < first + count; ++row) {
    Stream stream(7, Purpose::user, static_cast<std::uint64_t>(row));
    Eigen::RowVectorXd scores(kClasses);
    for (double& score : scores) score = 1.5 * static_cast<double>(stream.normal());
    const Eigen::RowVectorXd said = (sureness * scores.array()).exp(), real = scores.array().exp();
    table.probability.row(row) = said / said.sum();
    double left = stream.uniform() * real.sum();
    Index label = 0;
    while (label < kClasses - 1 && left >= real[label]) left -= real[label++];
    table.label.push_back(label);
    table.snr_db.push_back(snr_db);
  }
}

ClassTable answers(Index count, double sureness) {
  ClassTable table;
  add_answers(table, count, sureness, 0);
  return table;
}

ClassTemperature one(double temperature) { return ClassTemperature({{0, temperature}}); }

constexpr Index kMany = 8000;  // the temperature's standard error is then about 2 %

TEST(FitTemperature, FindsHowMuchTooSureAHeadIs) {
  for (const double sureness : {0.5, 1.0, 2.0, 4.0})
    EXPECT_NEAR(fit_temperature(answers(kMany, sureness)), sureness, 0.05 * sureness) << sureness;
}

TEST(FitTemperature, MakesRightClassesLikeliest) {
  const ClassTable table = answers(kMany, 2.5);
  const double fitted = fit_temperature(table);
  const double least = negative_log_likelihood(table, one(fitted));
  for (const double other : {0.8, 0.95, 1.05, 1.25})
    EXPECT_GT(negative_log_likelihood(table, one(other * fitted)), least) << other;
}

TEST(FitTemperature, TakesAwayTheCalibrationError) {
  const ClassTable table = answers(kMany, 3);
  EXPECT_GT(expected_calibration_error(table, {}), 0.15);
  EXPECT_LT(expected_calibration_error(table, one(fit_temperature(table))), 0.02);
}

TEST(FitTemperature, IsNotInfinitelySureOfHeadsThatNeverErred) {
  ClassTable table;
  table.probability = RowMatrix<double>::Constant(50, 2, 0.1);
  table.probability.col(0).setConstant(0.9);
  table.label.assign(50, 0);
  table.snr_db.assign(50, 3.0);
  const double fitted = fit_temperature(table);
  // Platt's target: 51 of 52 for the right class.
  EXPECT_NEAR(at_temperature(std::vector<double>{0.9, 0.1}, fitted)[0], 51.0 / 52, 1e-9);
}

TEST(CalibrationError, IsTheDistanceOfProbabilityAndShare) {
  ClassTable table;
  table.probability.resize(10, 2);
  for (Index row = 0; row < 10; ++row) {
    table.probability.row(row) << 0.8, 0.2;
    table.label.push_back(row < 6 ? 0 : 1);  // six of ten right
    table.snr_db.emplace_back(0);
  }
  EXPECT_NEAR(expected_calibration_error(table, {}), 0.2, 1e-12);
  // Half of the rows too sure, half not sure enough: the distances do not cancel.
  for (Index row = 0; row < 5; ++row) table.probability.row(row) << 0.55, 0.45;
  EXPECT_NEAR(expected_calibration_error(table, {}), 0.5 * 0.45 + 0.5 * 0.6, 1e-12);
}

TEST(FitTemperatures, DifferWhereNoiseDoes) {
  ClassTable table;
  add_answers(table, kMany, 3, -5);
  add_answers(table, kMany, 1.2, 10);
  const ClassTemperature fitted = fit_temperatures(table);
  ASSERT_EQ(fitted.entries().size(), 2U);
  EXPECT_EQ(fitted.entries()[1].from_db, 2.5);  // half way
  EXPECT_NEAR(fitted.at(-5), 3, 0.15);
  EXPECT_NEAR(fitted.at(10), 1.2, 0.06);
  // One temperature for all leaves an error at both SNRs that theirs take away.
  EXPECT_LT(expected_calibration_error(table, fitted),
            0.5 * expected_calibration_error(table, one(fit_temperature(table))));
}

TEST(SnrBins, HoldNeighboursAndEnoughOfThem) {
  ClassTable table;
  add_answers(table, 150, 1, 0.2);
  add_answers(table, 150, 1, 1.1);  // the bin of 0 dB has too few
  add_answers(table, 300, 1, 4);
  add_answers(table, 50, 1, 9);  // too few for the last one
  add_answers(table, 10, 1, std::nullopt);
  const std::vector<SnrBin> bins = snr_bins(table);
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_EQ(bins[0].rows.size(), 300U);
  EXPECT_EQ(bins[0].from_db, 0.2);
  EXPECT_EQ(bins[1].rows.size(), 350U);
  EXPECT_DOUBLE_EQ(bins[1].from_db, (1.1 + 4) / 2);
}

TEST(SnrBins, WithoutAnSnrAllAreOne) {
  ClassTable table;
  add_answers(table, kMany, 2, std::nullopt);
  const ClassTemperature fitted = fit_temperatures(table);
  ASSERT_EQ(fitted.entries().size(), 1U);
  EXPECT_NEAR(fitted.at(std::nullopt), 2, 0.1);
}

}  // namespace
}  // namespace semlink::calibrate
