#include <gtest/gtest.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/packed_matrix.h>

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "support/kernels.h"

namespace semlink::kernels {
namespace {

/// A factor of a product, with a gap between its rows that no kernel may look at (it holds NaN).
struct Factor {
  RowMatrix<float> stored;
  Index rows, cols;
  bool transposed;

  Factor(Index rows, Index cols, bool transposed, std::mt19937& generator)
      : stored(random_with_gap(transposed ? cols : rows, transposed ? rows : cols, generator)),
        rows(rows),
        cols(cols),
        transposed(transposed) {}

  RowMatrix<double> value() const {
    const RowMatrix<double> whole = stored.leftCols(transposed ? rows : cols).cast<double>();
    return transposed ? RowMatrix<double>(whole.transpose()) : whole;
  }
};

/// What the product should be, and how far rounding may take it: eps times the sum of the absolute products, once per
/// addition (Higham 2002, section 3.1).
struct Expected {
  RowMatrix<double> value, tolerance;
};

Expected expected_product(const RowMatrix<double>& a, const RowMatrix<double>& b, const RowMatrix<double>& start) {
  const double eps = std::numeric_limits<float>::epsilon();
  const RowMatrix<double> sum_abs = a.cwiseAbs() * b.cwiseAbs() + start.cwiseAbs();
  return {a * b + start, eps * static_cast<double>(a.cols() + 2) * sum_abs};
}

void expect_near(const RowMatrix<float>& c, const Expected& expected) {
  for (Index i = 0; i < expected.value.rows(); ++i) {
    for (Index j = 0; j < expected.value.cols(); ++j) {
      ASSERT_NEAR(c(i, j), expected.value(i, j), expected.tolerance(i, j)) << "at " << i << ", " << j;
    }
  }
}

struct Shape {
  Index m, n, k;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.m << "x" << shape.n << "x" << shape.k;
}

// Around the tile (8 rows, 16 to 48 columns), one row, one column, more than one block of each kind, sizes of the
// codec.
const std::vector<Shape> kShapes = {{1, 1, 1},    {7, 3, 5},      {8, 48, 24},   {9, 49, 25},    {64, 225, 128},
                                    {1, 130, 64}, {130, 1, 33},   {17, 31, 16},  {64, 64, 32},   {300, 20, 40},
                                    {5, 600, 31}, {12, 40, 1030}, {65, 127, 65}, {33, 1100, 520}};

class Product : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { use_target(GetParam()); }
  void TearDown() override { use_best_target(); }
};

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Product, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         target_of);

struct Options {
  bool transpose_a, transpose_b, accumulate, bias;
};

std::vector<Options> all_options() {
  std::vector<Options> all;
  for (int bits = 0; bits < 16; ++bits)
    all.push_back({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
  return all;
}

TEST_P(Product, AgreesWithDoublePrecision) {
  std::mt19937 generator(1);
  for (const Shape& shape : kShapes) {
    for (const Options& options : all_options()) {
      SCOPED_TRACE(::testing::Message() << shape << " " << options.transpose_a << options.transpose_b
                                        << options.accumulate << options.bias);
      const Factor a(shape.m, shape.k, options.transpose_a, generator);
      const Factor b(shape.k, shape.n, options.transpose_b, generator);
      const RowMatrix<float> before = random_with_gap(shape.m, shape.n, generator);
      const RowMatrix<float> bias = random_matrix(1, shape.n, generator);
      RowMatrix<double> start = RowMatrix<double>::Zero(shape.m, shape.n);
      if (options.accumulate) start += before.leftCols(shape.n).cast<double>();
      if (options.bias) start.rowwise() += bias.row(0).cast<double>();

      RowMatrix<float> c = before;
      product(options.transpose_a, options.transpose_b, shape.m, shape.n, shape.k, a.stored.data(), a.stored.cols(),
              b.stored.data(), b.stored.cols(), c.data(), c.cols(), options.bias ? bias.data() : nullptr,
              options.accumulate, Precision::f32);

      expect_near(c, expected_product(a.value(), b.value(), start));
      expect_same_gap(c, before, shape.n);
    }
  }
}

double rounded_to_bf16(double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u);
}

TEST_P(Product, InBf16MultipliesRoundedFactors) {
  std::mt19937 generator(2);
  for (const Shape& shape : kShapes) {
    for (const Options& options : all_options()) {
      SCOPED_TRACE(::testing::Message() << shape << " " << options.transpose_a << options.transpose_b);
      const Factor a(shape.m, shape.k, options.transpose_a, generator);
      const Factor b(shape.k, shape.n, options.transpose_b, generator);
      RowMatrix<float> c = RowMatrix<float>::Zero(shape.m, shape.n);
      product(options.transpose_a, options.transpose_b, shape.m, shape.n, shape.k, a.stored.data(), a.stored.cols(),
              b.stored.data(), b.stored.cols(), c.data(), c.cols(), nullptr, options.accumulate, Precision::bf16);
      expect_near(c, expected_product(a.value().unaryExpr(&rounded_to_bf16), b.value().unaryExpr(&rounded_to_bf16),
                                      RowMatrix<double>::Zero(shape.m, shape.n)));
    }
  }
}

TEST_P(Product, RoundsBf16TiesToEven) {
  // 1 + 2^-8 lies between the bf16 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
  const float ties[] = {1.00390625f, 1.01171875f};
  const float unit[] = {1, 0, 0, 1};
  float c[4];
  product(false, false, 1, 2, 2, ties, 2, unit, 2, c, 2, nullptr, false, Precision::bf16);
  EXPECT_EQ(c[0], 1.0f);
  EXPECT_EQ(c[1], 1.015625f);
  product(false, false, 2, 1, 1, unit, 3, ties, 2, c, 1, nullptr, false, Precision::bf16);
  EXPECT_EQ(c[0], 1.0f);
}

TEST_P(Product, OfNothingIsTheBias) {
  const float bias[] = {1, 2, 3};
  float c[] = {5, 5, 5, 5, 5, 5};
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    product(false, false, 2, 3, 0, nullptr, 0, nullptr, 3, c, 3, bias, false, precision);
    EXPECT_EQ(std::vector<float>(c, c + 6), (std::vector<float>{1, 2, 3, 1, 2, 3}));
    product(true, true, 0, 3, 4, nullptr, 1, nullptr, 4, c, 3, bias, false, precision);
    product(true, true, 2, 0, 4, nullptr, 2, nullptr, 4, c, 3, bias, false, precision);
    EXPECT_EQ(std::vector<float>(c, c + 6), (std::vector<float>{1, 2, 3, 1, 2, 3}));
  }
}

TEST_P(Product, OfARowDoesNotDependOnTheRowsBesideIt) {
  std::mt19937 generator(3);
  const Index m = 37, n = 70, k = 300;
  const RowMatrix<float> a = random_matrix(m, k, generator), b = random_matrix(k, n, generator);
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    RowMatrix<float> all(m, n), one(1, n);
    product(false, false, m, n, k, a.data(), k, b.data(), n, all.data(), n, nullptr, false, precision);
    for (Index i = 0; i < m; ++i) {
      product(false, false, 1, n, k, a.data() + i * k, k, b.data(), n, one.data(), n, nullptr, false, precision);
      ASSERT_EQ(one, all.row(i)) << "row " << i;
    }
  }
}

TEST_P(Product, DoesNotDependOnHowItsFactorsAreStored) {
  std::mt19937 generator(4);
  const Index m = 37, n = 70, k = 300;
  const RowMatrix<float> a = random_matrix(m, k, generator), b = random_matrix(k, n, generator);
  const RowMatrix<float> a_transposed = a.transpose(), b_transposed = b.transpose();
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    RowMatrix<float> plain(m, n), turned(m, n);
    product(false, false, m, n, k, a.data(), k, b.data(), n, plain.data(), n, nullptr, false, precision);
    product(true, true, m, n, k, a_transposed.data(), m, b_transposed.data(), k, turned.data(), n, nullptr, false,
            precision);
    ASSERT_EQ(plain, turned);
  }
}

TEST_P(Product, OfAPackedFactorHasTheSameBits) {
  std::mt19937 generator(5);
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape);
    const RowMatrix<float> a = random_with_gap(shape.m, shape.k, generator);
    const RowMatrix<float> b = random_with_gap(shape.k, shape.n, generator);
    const RowMatrix<float> bias = random_matrix(1, shape.n, generator);
    const PackedMatrix packed(shape.k, shape.n, b.data(), b.cols());
    for (const bool accumulate : {false, true}) {
      RowMatrix<float> expected = random_matrix(shape.m, shape.n, generator), got = expected;
      product(false, false, shape.m, shape.n, shape.k, a.data(), a.cols(), b.data(), b.cols(), expected.data(), shape.n,
              bias.data(), accumulate, Precision::f32);
      product(shape.m, a.data(), a.cols(), packed, got.data(), shape.n, bias.data(), accumulate);
      EXPECT_EQ(got, expected);
    }
  }
}

TEST_P(Product, PackedForAnotherInstructionSetIsStillRight) {
  std::mt19937 generator(6);
  const RowMatrix<float> a = random_matrix(9, 40, generator), b = random_matrix(40, 50, generator);
  const PackedMatrix packed(40, 50, b.data(), 50);
  RowMatrix<float> got(9, 50), expected(9, 50);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    use_target(target);
    product(9, a.data(), 40, packed, got.data(), 50, nullptr, false);
    product(false, false, 9, 50, 40, a.data(), 40, b.data(), 50, expected.data(), 50, nullptr, false, Precision::f32);
    EXPECT_EQ(got, expected);
  }
}

TEST_P(Product, LetsNaNAndInfinityThrough) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float a[] = {inf, nan, -inf}, one[] = {1};
  float c[3];
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    product(false, false, 3, 1, 1, a, 1, one, 1, c, 1, nullptr, false, precision);
    EXPECT_EQ(c[0], inf);
    EXPECT_TRUE(std::isnan(c[1]));
    EXPECT_EQ(c[2], -inf);
  }
}

}  // namespace
}  // namespace semlink::kernels
