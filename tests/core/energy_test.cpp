#include <semlink/core/energy.h>

#include <gtest/gtest.h>

namespace semlink {
namespace {

TEST(EnergyOf, AddsUpAllSquares) {
  for (Index rows = 0; rows < 40; ++rows)
    for (const Index cols : {1, 2, 3}) {
      Symbols x(rows, cols);
      double sum = 0;
      for (Index i = 0; i < x.size(); ++i) {
        x.data()[i] = Complex(static_cast<float>(i % 7), static_cast<float>(3 - i % 5));
        sum += static_cast<double>((i % 7) * (i % 7) + (3 - i % 5) * (3 - i % 5));
      }
      EXPECT_EQ(energy_of(x), sum) << rows << " x " << cols;  // whole numbers: no rounding
      if (rows < 4) continue;
      EXPECT_EQ(energy_of(x.topRows(3)) + energy_of(x.bottomRows(rows - 3)), sum);
      EXPECT_EQ(energy_of(x.leftCols(1)) + energy_of(x.rightCols(cols - 1)), sum);
    }
}

// A float's square has 48 bits: small ones are not lost beside a large one.
TEST(EnergyOf, AddsInDouble) {
  Symbols x = Symbols::Constant(1000, 1, Complex(1e-3F, 0));
  x(500, 0) = 1e3F;
  const double small = static_cast<double>(1e-3F) * static_cast<double>(1e-3F);
  EXPECT_NEAR(energy_of(x) - 1e6, 999 * small, 1e-8);
}

TEST(EnergyOf, IsTheSameForAnyPlaceInMemory) {
  Symbols wide(101, 3);
  for (Index i = 0; i < wide.size(); ++i) wide.data()[i] = Complex(1 / static_cast<float>(i + 1), 0.1F);
  const Symbols column = wide.col(1);
  EXPECT_EQ(energy_of(wide.col(1)), energy_of(column));
  EXPECT_EQ(energy_of(wide.middleCols(1, 2).topRows(50)), energy_of(Symbols(wide.middleCols(1, 2).topRows(50))));
}

}  // namespace
}  // namespace semlink
