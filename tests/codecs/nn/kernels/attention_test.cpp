#include <gtest/gtest.h>
#include <semlink/codecs/nn/kernels/kernels.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/kernels.h"

namespace semlink::kernels {
namespace {

constexpr double kEps = std::numeric_limits<float>::epsilon();

class Attention : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { use_target(GetParam()); }
  void TearDown() override { use_best_target(); }
};

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Attention, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         target_of);

struct Shape {
  Index tq, tk, head_dim;
};

const std::vector<Shape> kShapes = {{64, 64, 32}, {1, 1, 1}, {64, 17, 32}, {5, 64, 24}, {13, 31, 7}};

/// One head's arguments, in rows that are longer than the head is wide; the gaps hold NaN.
struct Head {
  Shape shape;
  RowMatrix<float> q, k, v, bias;
  float scale;

  Head(const Shape& shape, std::mt19937& generator)
      : shape(shape),
        q(random_with_gap(shape.tq, shape.head_dim, generator)),
        k(random_with_gap(shape.tk, shape.head_dim, generator)),
        v(random_with_gap(shape.tk, shape.head_dim, generator)),
        bias(random_matrix(shape.tq, shape.tk, generator)),
        scale(1 / std::sqrt(static_cast<float>(shape.head_dim))) {}

  RowMatrix<float> run(bool with_bias, RowMatrix<float>& probs) const {
    RowMatrix<float> out = q;
    probs.resize(shape.tq, shape.tk);
    attention(shape.tq, shape.tk, shape.head_dim, scale, q.data(), q.cols(), k.data(), k.cols(), v.data(), v.cols(),
              with_bias ? bias.data() : nullptr, probs.data(), out.data(), out.cols());
    return out;
  }
};

/// The same in double, as the formula stands.
struct Reference {
  RowMatrix<double> q, k, v, bias;
  double scale;

  explicit Reference(const Head& head)
      : q(head.q.leftCols(head.shape.head_dim).cast<double>()),
        k(head.k.leftCols(head.shape.head_dim).cast<double>()),
        v(head.v.leftCols(head.shape.head_dim).cast<double>()),
        bias(head.bias.cast<double>()),
        scale(head.scale) {}

  RowMatrix<double> scores() const { return scale * q * k.transpose() + bias; }

  RowMatrix<double> probs() const {
    RowMatrix<double> p = scores();
    p.colwise() -= Eigen::VectorXd(p.rowwise().maxCoeff());
    p = p.array().exp().matrix().eval();
    for (Index i = 0; i < p.rows(); ++i) p.row(i) /= p.row(i).sum();
    return p;
  }

  RowMatrix<double> out() const { return probs() * v; }
};

TEST_P(Attention, AgreesWithDoublePrecision) {
  std::mt19937 generator(1);
  for (const Shape& shape : kShapes) {
    for (const bool with_bias : {false, true}) {
      const Head head(shape, generator);
      Reference reference(head);
      if (!with_bias) reference.bias.setZero();
      RowMatrix<float> probs;
      const RowMatrix<float> out = head.run(with_bias, probs);
      // A score is off by eps times its absolute products; exp turns that into a relative error of a probability.
      const RowMatrix<double> sizes = reference.scale * reference.q.cwiseAbs() * reference.k.cwiseAbs().transpose();
      const double error = kEps * (2 * sizes.maxCoeff() + 4) + 2e-7;
      const RowMatrix<double> exact = reference.probs();
      EXPECT_LE(((probs.cast<double>() - exact).array() / exact.array()).abs().maxCoeff(), 2 * error);
      const double out_error = (out.leftCols(shape.head_dim).cast<double>() - reference.out()).cwiseAbs().maxCoeff();
      EXPECT_LE(out_error, (2 * error + kEps * double(shape.tk)) * reference.v.cwiseAbs().maxCoeff());
      expect_same_gap(out, head.q, shape.head_dim);
    }
  }
}

TEST_P(Attention, ProbabilitiesOfARowSumToOne) {
  std::mt19937 generator(2);
  Head head({64, 64, 32}, generator);
  head.bias.array() *= 1000;
  RowMatrix<float> probs;
  head.run(true, probs);
  EXPECT_GE(probs.minCoeff(), 0);
  EXPECT_LE((probs.cast<double>().rowwise().sum().array() - 1).abs().maxCoeff(), 64 * kEps);
}

TEST_P(Attention, IgnoresATokenWhoseBiasIsMinusInfinity) {
  std::mt19937 generator(3);
  Head head({9, 20, 32}, generator);
  head.bias.col(4).setConstant(-std::numeric_limits<float>::infinity());
  head.bias.col(19).setConstant(-std::numeric_limits<float>::infinity());
  RowMatrix<float> probs;
  const RowMatrix<float> out = head.run(true, probs);
  EXPECT_EQ(probs.col(4).cwiseAbs().maxCoeff(), 0);
  EXPECT_EQ(probs.col(19).cwiseAbs().maxCoeff(), 0);
  EXPECT_TRUE(out.leftCols(32).allFinite());
}

TEST_P(Attention, KeepsNaNInTheRowsThatSeeIt) {
  std::mt19937 generator(7);
  Head head({5, 20, 32}, generator);
  head.q(3, 2) = std::numeric_limits<float>::quiet_NaN();
  RowMatrix<float> probs;
  const RowMatrix<float> out = head.run(true, probs);
  EXPECT_TRUE(out.row(3).array().isNaN().all());
  EXPECT_TRUE(out.topLeftCorner(3, 32).allFinite());
}

TEST_P(Attention, OfNoTokensIsZero) {
  std::mt19937 generator(4);
  const Head head({3, 0, 8}, generator);
  RowMatrix<float> probs;
  EXPECT_EQ(head.run(false, probs).leftCols(8), RowMatrix<float>::Zero(3, 8));
}

/// Gradients of sum(g_out * out) at one of the reference's matrices, by central differences.
RowMatrix<double> slopes(Reference reference, RowMatrix<double> Reference::*matrix, const RowMatrix<double>& g_out) {
  const double step = 1e-5;
  RowMatrix<double>& entries = reference.*matrix;
  RowMatrix<double> slope(entries.rows(), entries.cols());
  for (Index i = 0; i < entries.size(); ++i) {
    const double kept = entries.data()[i];
    entries.data()[i] = kept + step;
    const double above = reference.out().cwiseProduct(g_out).sum();
    entries.data()[i] = kept - step;
    slope.data()[i] = (above - reference.out().cwiseProduct(g_out).sum()) / (2 * step);
    entries.data()[i] = kept;
  }
  return slope;
}

/// `after - before` is the gradient that was added.
void expect_added(const RowMatrix<float>& after, const RowMatrix<float>& before, const RowMatrix<double>& expected) {
  const Index cols = expected.cols();
  const RowMatrix<double> added = after.leftCols(cols).cast<double>() - before.leftCols(cols).cast<double>();
  // Sums of tens of products of order one in float; differences of step 1e-5 are better than that.
  EXPECT_LE((added - expected).cwiseAbs().maxCoeff(), 64 * kEps * (1 + expected.cwiseAbs().maxCoeff()));
}

TEST_P(Attention, BackwardAgreesWithCentralDifferences) {
  std::mt19937 generator(5);
  for (const Shape& shape : {Shape{6, 9, 5}, Shape{17, 16, 8}}) {
    const Head head(shape, generator);
    RowMatrix<float> probs;
    head.run(true, probs);
    const RowMatrix<float> g_out = random_with_gap(shape.tq, shape.head_dim, generator);
    RowMatrix<float> g_q = head.q, g_k = head.k, g_v = head.v, g_bias = head.bias;
    attention_backward(shape.tq, shape.tk, shape.head_dim, head.scale, head.q.data(), head.q.cols(), head.k.data(),
                       head.k.cols(), head.v.data(), head.v.cols(), probs.data(), g_out.data(), g_out.cols(),
                       g_q.data(), g_k.data(), g_v.data(), g_bias.data());
    const Reference reference(head);
    const RowMatrix<double> g = g_out.leftCols(shape.head_dim).cast<double>();
    expect_added(g_q, head.q, slopes(reference, &Reference::q, g));
    expect_added(g_k, head.k, slopes(reference, &Reference::k, g));
    expect_added(g_v, head.v, slopes(reference, &Reference::v, g));
    expect_added(g_bias, head.bias, slopes(reference, &Reference::bias, g));
    expect_same_gap(g_q, head.q, shape.head_dim);
    expect_same_gap(g_k, head.k, shape.head_dim);
    expect_same_gap(g_v, head.v, shape.head_dim);
  }
}

TEST_P(Attention, BackwardNeedsNoPlaceForTheBias) {
  std::mt19937 generator(6);
  const Head head({16, 16, 8}, generator);
  RowMatrix<float> probs;
  head.run(true, probs);
  RowMatrix<float> with[] = {head.q, head.k, head.v, head.bias}, without[] = {head.q, head.k, head.v};
  const auto run = [&](RowMatrix<float>* g, float* g_bias) {
    attention_backward(16, 16, 8, head.scale, head.q.data(), 11, head.k.data(), 11, head.v.data(), 11, probs.data(),
                       head.q.data(), 11, g[0].data(), g[1].data(), g[2].data(), g_bias);
  };
  run(with, with[3].data());
  run(without, nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(with[i].leftCols(8), without[i].leftCols(8));
}

}  // namespace
}  // namespace semlink::kernels
