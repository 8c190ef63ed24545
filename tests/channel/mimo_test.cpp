#include <gtest/gtest.h>

#include <Eigen/QR>
#include <cmath>
#include <set>

#include <semlink/channel/linear_algebra.h>
#include <semlink/channel/mimo.h>
#include <semlink/channel/mimo_channel.h>
#include <semlink/channel/mimo_front_ends.h>
#include <semlink/channel/modem.h>
#include <semlink/core/error.h>
#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

ComplexMatrix draw(Index num_rx, Index num_tx, std::uint64_t trial, const AntennaCorrelation& correlation = {}) {
  Stream stream(1, Purpose::user, trial);
  return draw_mimo_channel(KroneckerModel(num_rx, num_tx, correlation), stream);
}

TEST(MimoChannelMatrix, HasTheCorrelationOfTheKroneckerModel) {
  const AntennaCorrelation correlation{.transmit = 0.5, .receive = 0.8};
  test::Average power, between_rx, between_tx, both;
  for (std::uint64_t trial = 0; trial < 8000; ++trial) {
    const ComplexMatrix h = draw(4, 3, trial, correlation);
    power.add(std::norm(h(3, 2)));
    between_rx.add((h(0, 1) * std::conj(h(2, 1))).real());
    between_tx.add((h(1, 0) * std::conj(h(1, 1))).real());
    both.add((h(0, 0) * std::conj(h(1, 2))).real());
  }
  EXPECT_NEAR(power.mean(), 1, 5 * power.std_error());
  EXPECT_NEAR(between_rx.mean(), 0.64, 5 * between_rx.std_error());
  EXPECT_NEAR(between_tx.mean(), 0.5, 5 * between_tx.std_error());
  EXPECT_NEAR(both.mean(), 0.8 * 0.25, 5 * both.std_error());
}

TEST(MimoChannelMatrix, IsUncorrelatedWhenNoneIsAskedFor) {
  test::Average product;
  for (std::uint64_t trial = 0; trial < 8000; ++trial) {
    const ComplexMatrix h = draw(2, 2, trial);
    product.add((h(0, 0) * std::conj(h(0, 1)) + h(0, 0) * std::conj(h(1, 0))).real());
  }
  EXPECT_NEAR(product.mean(), 0, 5 * product.std_error());
}

/// Ergodic capacity of n x n independent Rayleigh antennas (Telatar 1999, eq. 8), by the trapezium rule:
/// int log2(1 + snr u / n) sum_k L_k(u)^2 exp(-u) du, L_k Laguerre polynomials, k < n.
double ergodic_capacity(int n, double snr) {
  double sum = 0;
  const double step = 1e-3;
  for (double u = step; u < 80; u += step) {
    double density = 0;
    for (int k = 0; k < n; ++k) density += std::pow(std::laguerre(static_cast<unsigned>(k), u), 2);
    sum += std::log2(1 + snr * u / n) * density * std::exp(-u) * step;
  }
  return sum;
}

TEST(MimoCapacity, MeanIsTelatars) {
  for (const int n : {1, 2, 4, 8}) {
    test::Average bits;
    for (std::uint64_t trial = 0; trial < 2000; ++trial) bits.add(mimo_capacity(draw(n, n, trial), 10));
    EXPECT_NEAR(bits.mean(), ergodic_capacity(n, 10), 5 * bits.std_error()) << n;
  }
}

TEST(MimoCapacity, OutageOfOneTransmitAntennaIsTheGammaDistribution) {
  // Three receive antennas: |h|^2 is a sum of three exponentials, P(|h|^2 < t) = 1 - exp(-t) (1 + t + t^2 / 2).
  test::Average outage;
  for (std::uint64_t trial = 0; trial < 10000; ++trial) outage.add(mimo_capacity(draw(3, 1, trial), 4) < 3);
  const double t = 7.0 / 4;
  EXPECT_NEAR(outage.mean(), 1 - std::exp(-t) * (1 + t + t * t / 2), 5 * outage.std_error());
}

TEST(MimoCapacity, WaterFillingIsNeverWorseAndFillsOneBeamAtLowSnr) {
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const ComplexMatrix h = draw(4, 4, trial);
    EXPECT_GE(water_filling_capacity(h, 10), mimo_capacity(h, 10) - 1e-9);
    const double strongest = singular_values(h.cast<std::complex<double>>())(0);
    EXPECT_NEAR(water_filling_capacity(h, 1e-3), std::log2(1 + 1e-3 * strongest * strongest), 1e-6);
  }
  // A channel of equal singular values has nothing to choose.
  EXPECT_NEAR(water_filling_capacity(ComplexMatrix::Identity(3, 3), 6), mimo_capacity(ComplexMatrix::Identity(3, 3), 6),
              1e-6);
}

class LinearReceivers : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(ZfAndMmse, LinearReceivers, testing::Values(false, true));

TEST_P(LinearReceivers, HaveGainOneAndStateTheirError) {
  const double noise_var = 0.1;
  const ComplexMatrix a = draw(4, 3, 7);
  const MimoReceiver receiver = GetParam() ? mmse_receiver(a, noise_var) : zero_forcing_receiver(a, noise_var);
  const ComplexMatrix through = receiver.weights * a;
  for (Index k = 0; k < 3; ++k) {
    EXPECT_LT(std::abs(through(k, k) - Complex(1)), 1e-4);
    const double leak = through.row(k).squaredNorm() - std::norm(through(k, k));
    EXPECT_NEAR(receiver.noise_var(k), leak + noise_var * receiver.weights.row(k).squaredNorm(), 1e-4);
    EXPECT_TRUE(GetParam() || leak < 1e-8) << leak;
  }
}

TEST(LinearReceivers, MmseIsNeverWorseAndTendsToZeroForcing) {
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const ComplexMatrix a = draw(3, 3, trial);
    for (Index k = 0; k < 3; ++k) {
      const float zero_forcing = zero_forcing_receiver(a, 0.2).noise_var(k);
      EXPECT_LE(mmse_receiver(a, 0.2).noise_var(k), zero_forcing * 1.0001f);
      EXPECT_NEAR(mmse_receiver(a, 1e-7).noise_var(k) / zero_forcing_receiver(a, 1e-7).noise_var(k), 1, 0.02);
    }
  }
}

TEST(MmseSic, ReachesCapacityWithRightDecisions) {
  // sum_k log2(1 + SINR_k) = log2 det(I + A A^H / N0), whatever the order. Tse and Viswanath, section 8.3.4.
  const ComplexMatrix h = draw(4, 4, 3);
  const Eigen::VectorXcf x = Eigen::VectorXcf::Ones(4);
  const CancelledStreams out = receive_mmse_sic(h * x, h, 0.25, [](Complex, float) { return SymbolDecision{1}; });
  double bits = 0;
  for (const float noise_var : out.noise_var) bits += std::log2(1 + 1 / noise_var);
  EXPECT_NEAR(bits, mimo_capacity(h, 4 / 0.25), 1e-3);
}

MimoDetector sic(const std::string& constellation, SymbolSlicer::Rule rule) {
  return MimoDetector(SymbolSlicer(constellation, rule));
}

/// Symbols that are decided wrongly over random 4x4 channels, summed over 4 x 1500.
double symbol_errors(const MimoDetector& detector, const std::string& constellation, double noise_var) {
  const Modem modem(constellation);
  double errors = 0;
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    Stream stream(2, Purpose::user, trial);
    const ComplexMatrix h = draw_mimo_channel(KroneckerModel(4, 4, {}), stream) / 2;
    Bits bits(static_cast<std::size_t>(4 * modem.bits_per_symbol()));
    for (auto& bit : bits) bit = stream.next_u32() & 1;
    const Symbols x = modem.modulate(bits);
    const Symbols y = (h * x).transpose() + static_cast<float>(std::sqrt(noise_var)) * stream.complex_normals(1, 4);
    const Symbols decided = modem.modulate(modem.decide(detector.detect(y, h, noise_var, 4).x_hat));
    for (Index k = 0; k < 4; ++k) errors += std::abs(decided(k, 0) - x(k, 0)) > 1e-3f;
  }
  return errors;
}

TEST(MmseSic, GainsOverMmseAtHighSnr) {
  const MimoDetector mmse(MimoDetector::Rule::mmse);
  for (const double noise_var : {0.03, 0.01}) {
    const double linear = symbol_errors(mmse, "qpsk", noise_var);
    for (const auto rule : {SymbolSlicer::Rule::hard, SymbolSlicer::Rule::soft}) {
      const double cancelled = symbol_errors(sic("qpsk", rule), "qpsk", noise_var);
      EXPECT_LT(cancelled + 5 * std::sqrt(linear + cancelled), linear) << noise_var;
      EXPECT_GT(cancelled, 0);
    }
  }
}

TEST(MmseSic, IsMmseWhereThereIsNothingToCancel) {
  Stream stream(3, Purpose::user, 0);
  const MimoDetector mmse(MimoDetector::Rule::mmse), cancelling = sic("16qam", SymbolSlicer::Rule::hard);
  const ComplexMatrix one = draw(4, 1, 1);
  // Columns at right angles: a rotation.
  const ComplexMatrix unitary = Eigen::HouseholderQR<ComplexMatrix>(draw(4, 4, 2)).householderQ();
  for (const ComplexMatrix& a : {one, unitary}) {
    const Symbols y = stream.complex_normals(3, 4);
    const Index num_uses = 3 * a.cols();
    const Equalized linear = mmse.detect(y, a, 0.2, num_uses), out = cancelling.detect(y, a, 0.2, num_uses);
    EXPECT_LT((out.x_hat - linear.x_hat).norm(), 1e-4 * linear.x_hat.norm());
    EXPECT_LT((out.noise_var - linear.noise_var).norm(), 1e-4 * linear.noise_var.norm());
  }
}

TEST(MmseSic, SoftDecisionsStateTheirErrorWhereHardOnesDoNot) {
  const Modem modem("qpsk");
  const SymbolSlicer soft("qpsk", SymbolSlicer::Rule::soft);
  Stream stream(4, Purpose::user, 0);
  test::Average ratio;
  for (int i = 0; i < 20000; ++i) {
    const Complex x = modem.modulate({stream.next_u32() & 1 ? std::uint8_t{1} : std::uint8_t{0}, 0})(0, 0);
    const SymbolDecision decision = soft(x + std::sqrt(0.8f) * stream.complex_normals(1, 1)(0, 0), 0.8f);
    ratio.add(std::norm(decision.value - x) - decision.error_var);
  }
  EXPECT_NEAR(ratio.mean(), 0, 5 * ratio.std_error());
  const SymbolSlicer hard("qpsk", SymbolSlicer::Rule::hard);
  EXPECT_EQ(hard({0.1f, -3.0f}, 0.8f).error_var, 0);
  EXPECT_NEAR(std::abs(hard({0.1f, -3.0f}, 0.8f).value - Complex(std::sqrt(0.5f), -std::sqrt(0.5f))), 0, 1e-6);
}

TEST(SvdPrecoder, MakesStreamsOrthogonalWithTheSingularValues) {
  const ComplexMatrix h = draw(4, 3, 5);
  const ComplexMatrix gram = (h * svd_precoder(h, 2)).adjoint() * (h * svd_precoder(h, 2));
  const Eigen::VectorXd values = singular_values(h.cast<std::complex<double>>());
  EXPECT_LT(std::abs(gram(0, 1)), 1e-4);
  for (Index k = 0; k < 2; ++k) EXPECT_NEAR(gram(k, k).real(), values(k) * values(k), 1e-3);
}

MimoChannel::Options options(Index num_tx, Index num_rx, Index num_streams,
                             MimoChannel::Precoding precoding = MimoChannel::Precoding::none) {
  return {.num_tx = num_tx,
          .num_rx = num_rx,
          .num_streams = num_streams,
          .correlation = {0.3, 0.2},
          .precoding = precoding};
}

TEST(MatrixReport, HasTheErrorAskedFor) {
  Stream stream(6, Purpose::user, 0);
  const Symbols h = stream.complex_normals(20000, 2);
  const Symbols error = MatrixReport{.error_db = -10.0}.tell(h, stream) - h;
  const auto size = static_cast<float>(h.size());
  EXPECT_NEAR(error.squaredNorm() / size, 0.1, 0.003);
  EXPECT_NEAR(std::abs((error.array() * h.conjugate().array()).sum()) / size, 0, 0.01);
}

TEST(MatrixReport, RoundsToSoManyLevels) {
  Stream stream(7, Purpose::user, 0);
  const Symbols h = stream.complex_normals(4000, 1);
  for (const std::int64_t bits : {1, 3, 16}) {
    const Symbols told = MatrixReport{.bits = bits}.tell(h, stream);
    std::set<float> levels;
    float largest = 0;
    for (Index i = 0; i < h.size(); ++i) {
      levels.insert(told(i, 0).real());
      if (std::abs(h(i, 0).real()) < 2) largest = std::max(largest, std::abs(told(i, 0).real() - h(i, 0).real()));
    }
    const double step = 6 * std::sqrt(0.5) / std::exp2(bits);
    EXPECT_TRUE(bits >= 16 || levels.size() == std::size_t{1} << bits) << levels.size();
    EXPECT_LE(largest, 0.5 * step + 1e-6);
    EXPECT_GE(largest, 0.4 * step);
  }
}

TEST(MatrixReport, OfNothingButTheTruthChangesNoBit) {
  MimoChannel::Options told = options(4, 3, 2, MimoChannel::Precoding::svd);
  const ChannelState truth = MimoChannel(told).realize(8, {}, {.seed = 8});
  told.report.correlation = 0.7;
  const ChannelState stale = MimoChannel(told).realize(8, {}, {.seed = 8});
  EXPECT_NE(truth.detail, stale.detail);
  EXPECT_EQ(truth.noise, stale.noise);
  EXPECT_EQ(truth.gain, stale.gain);
  told.report.correlation = 1;
  told.report.error_db = -100;
  EXPECT_TRUE(MimoChannel(told).realize(8, {}, {.seed = 8}).detail.isApprox(truth.detail, 1e-3F));
}

/// Mean bits per use of two streams over 4x2 antennas at 0 dB.
test::Average information(MimoChannel::Precoding precoding, const MatrixReport& report) {
  MimoChannel::Options told{.num_tx = 4, .num_rx = 2, .num_streams = 2, .precoding = precoding, .report = report};
  const MimoChannel channel(told);
  test::Average average;
  for (std::uint64_t trial = 0; trial < 2000; ++trial)
    average.add(channel.mutual_information(channel.realize(2, {.snr_db = 0}, {.seed = 9, .trial = trial}), 0, 2));
  return average;
}

// Directions of another frame are as good as any two antennas; the more is true, the more they carry.
TEST(MatrixReport, PrecodingIsWorthWhatItIsTold) {
  using enum MimoChannel::Precoding;
  const test::Average blind = information(none, {}), wrong = information(svd, {.correlation = 0});
  EXPECT_NEAR(wrong.mean(), blind.mean(), 4 * std::hypot(wrong.std_error(), blind.std_error()));
  double last = wrong.mean();
  for (const double correlation : {0.5, 0.8, 0.95, 1.0}) {
    const double now = information(svd, {.correlation = correlation}).mean();
    EXPECT_GT(now, last + 0.02) << correlation;
    last = now;
  }
  EXPECT_LT(information(svd, {.error_db = 0.0}).mean(), last - 0.05);
  EXPECT_LT(information(svd, {.bits = 1}).mean(), last - 0.02);
  EXPECT_NEAR(information(svd, {.bits = 8}).mean(), last, 1e-3);
}

TEST(MimoChannel, TransmissionsAddUpLikeReceiveAntennas) {
  const MimoChannel channel({.num_tx = 3, .num_rx = 2, .num_streams = 2});
  const double n0 = std::pow(10, -0.4);
  const std::vector<ChannelState> states = {channel.realize(4, {.snr_db = 4}, {.seed = 1}),
                                            channel.realize(4, {.snr_db = 4}, {.seed = 2})};
  ComplexMatrix all(4, 2);
  all << states[0].detail, states[1].detail;
  const double bits = mimo_capacity(all, 2 / n0);  // per slot
  EXPECT_NEAR(2 * channel.combined_information(states, 0, 4), bits, 1e-5);
  EXPECT_NEAR(2 * channel.mutual_information(states[0], 0, 4), mimo_capacity(states[0].detail, 2 / n0), 1e-5);
}

class MimoLinks : public testing::TestWithParam<MimoChannel::Options> {};
INSTANTIATE_TEST_SUITE_P(Sizes, MimoLinks,
                         testing::Values(options(2, 2, 2), options(4, 4, 3, MimoChannel::Precoding::svd),
                                         options(8, 8, 8), options(1, 4, 1)));

TEST_P(MimoLinks, PullbacksAreTheAdjoints) {
  const MimoChannel channel(GetParam());
  const MimoFrontEnd front_end(MimoDetector(MimoDetector::Rule::mmse));
  const Index num_uses = 29;  // the last slot in part
  const ChannelState state = channel.realize(num_uses, {.snr_db = 5}, {.seed = 1});
  Stream stream(2, Purpose::user, 0);
  const Symbols x = stream.complex_normals(num_uses, 1);
  const Symbols d = stream.complex_normals(num_uses, 1);
  const Symbols g = stream.complex_normals(state.noise.rows(), state.noise.cols());
  test::expect_adjoint([&](const Symbols& v) { return channel.apply(v, state); },
                       [&](const Symbols& v) { return channel.pullback(v, x, state); }, x, d, g);
  const Symbols y = channel.apply(x, state);
  const Symbols d_y = stream.complex_normals(y.rows(), y.cols());
  const Symbols g_x = stream.complex_normals(num_uses, 1);
  test::expect_adjoint([&](const Symbols& v) { return front_end.equalize(v, state).x_hat; },
                       [&](const Symbols& v) { return front_end.pullback(v, y, state); }, y, d_y, g_x);
}

TEST_P(MimoLinks, KeepTheLedgerAndStateTheErrorThatIsLeft) {
  const MimoChannel channel(GetParam());
  const MimoFrontEnd front_end(MimoDetector(MimoDetector::Rule::mmse));
  test::Average gain, noise, ratio;
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    const Symbols x = Stream(3, Purpose::user, trial).complex_normals(48, 1);
    const ChannelState state = channel.realize(48, {.snr_db = 10}, {.seed = 4, .trial = trial});
    const Symbols y = channel.apply(x, state);
    const Equalized equalized = front_end.equalize(y, state);
    gain.add(channel.gain_energy(state) / 48);
    noise.add(channel.noise_energy(x, y, state) / 48);
    ratio.add(((equalized.x_hat - x).col(0).cwiseAbs2().array() / equalized.noise_var.array()).mean());
  }
  EXPECT_NEAR(gain.mean(), 1, 5 * gain.std_error() + 1e-6);
  EXPECT_NEAR(noise.mean(), 0.1, 5 * noise.std_error());
  EXPECT_NEAR(ratio.mean(), 1, 5 * ratio.std_error());
}

TEST(MimoLinks, LongerRealisationBeginsWithTheShorter) {
  MimoChannel::Options told = options(2, 2, 2, MimoChannel::Precoding::svd);
  told.report = {.correlation = 0.9, .error_db = -10.0, .bits = 4};
  const MimoChannel channel(told);
  const ChannelState few = channel.realize(6, {}, {.seed = 5});
  const ChannelState many = channel.realize(20, {}, {.seed = 5});
  EXPECT_EQ(few.detail, many.detail);
  EXPECT_EQ(few.gain, many.gain.topRows(6));
  EXPECT_EQ(few.noise, many.noise.topRows(3));
}

TEST(MimoLinks, RefuseWhatDoesNotFit) {
  EXPECT_THROW(MimoChannel(options(2, 4, 3)), Error);
  EXPECT_THROW(zero_forcing_receiver(ComplexMatrix::Ones(2, 3), 1), Error);
  EXPECT_THROW(draw(2, 2, 0, {.transmit = 1}), Error);
  ChannelState other{.gain = Symbols::Ones(4, 1), .noise = Symbols::Zero(4, 1), .noise_var = 1};
  EXPECT_THROW(MimoFrontEnd(MimoDetector(MimoDetector::Rule::mmse)).equalize(Symbols::Zero(4, 1), other), Error);
}

MimoPilotFrontEnd pilots(GainEstimator estimator, Index num_streams, Index repetitions = 2) {
  return {{.estimator = estimator, .num_streams = num_streams, .repetitions = repetitions},
          MimoDetector(MimoDetector::Rule::mmse)};
}

class MimoPilots : public testing::TestWithParam<GainEstimator> {};
INSTANTIATE_TEST_SUITE_P(LsAndLmmse, MimoPilots, testing::Values(GainEstimator::least_squares, GainEstimator::lmmse));

TEST_P(MimoPilots, StateTheErrorsOfTheirEstimates) {
  const MimoChannel channel({.num_tx = 3, .num_rx = 4, .num_streams = 3});
  const MimoPilotFrontEnd front_end = pilots(GetParam(), 3, 3);
  test::Average noise, error, after, snr;
  for (std::uint64_t trial = 0; trial < 2500; ++trial) {
    const Symbols x = Stream(3, Purpose::user, trial).complex_normals(30, 1);
    const Symbols framed = front_end.frame(x);
    const ChannelState state = channel.realize(framed.rows(), {.snr_db = 5}, {.seed = 4, .trial = trial});
    const Symbols y = channel.apply(framed, state);
    const MatrixEstimate estimate = front_end.estimate(y);
    noise.add(estimate.noise_var);
    error.add((estimate.effective - state.detail).squaredNorm() / 12 - estimate.error_var);
    snr.add(estimate.snr);
    const Equalized equalized = front_end.equalize(y, state);
    after.add(((equalized.x_hat - x).squaredNorm() - equalized.noise_var.sum()) / 30);
  }
  EXPECT_NEAR(noise.mean(), std::pow(10, -0.5), 5 * noise.std_error());
  EXPECT_NEAR(error.mean(), 0, 5 * error.std_error());
  if (GetParam() == GainEstimator::least_squares) {
    EXPECT_NEAR(snr.mean(), std::pow(10, 0.5), 5 * snr.std_error());
  }
  // The detector treats the estimate's error as white noise; in the mean over fades that is right within a few per
  // cent.
  EXPECT_LT(std::abs(after.mean()), 0.1);
}

TEST_P(MimoPilots, KnowNothingButWhatArrives) {
  const MimoChannel channel({.num_tx = 2, .num_rx = 2, .num_streams = 2});
  const MimoPilotFrontEnd front_end = pilots(GetParam(), 2);
  const Symbols x = Stream(3, Purpose::user, 1).complex_normals(9, 1);
  ChannelState state = channel.realize(front_end.frame(x).rows(), {.snr_db = 10}, {.seed = 5});
  const Symbols y = channel.apply(front_end.frame(x), state);
  const Equalized before = front_end.equalize(y, state);
  state.detail.setConstant(7);
  state.gain.setConstant(7);
  state.noise_var = 7;
  const Equalized after = front_end.equalize(y, state);
  EXPECT_EQ(before.x_hat, after.x_hat);
  EXPECT_EQ(before.noise_var, after.noise_var);
  EXPECT_EQ(before.quality.snr_db, after.quality.snr_db);
}

TEST_P(MimoPilots, CostTheirUsesAndTheirPullbackIsTheAdjoint) {
  const MimoChannel channel({.num_tx = 4, .num_rx = 4, .num_streams = 3});
  const MimoPilotFrontEnd front_end = pilots(GetParam(), 3, 4);
  EXPECT_EQ(front_end.num_pilots(100), 3 * 3 * 4);
  const Symbols x = Stream(3, Purpose::user, 2).complex_normals(20, 1);
  const Symbols framed = front_end.frame(x);
  EXPECT_EQ(framed.rows(), 56);
  EXPECT_NEAR(framed.topRows(36).squaredNorm(), 36, 1e-4);
  EXPECT_EQ(front_end.frame_pullback(framed), x);
  const ChannelState state = channel.realize(56, {.snr_db = 10}, {.seed = 5});
  const Symbols y = channel.apply(framed, state);
  Stream stream(6, Purpose::user, 0);
  const Symbols g = stream.complex_normals(20, 1), d = stream.complex_normals(y.rows(), 4);
  // Pilots held constant: a step in the payload's rows alone, of which x_hat is linear.
  Symbols step = Symbols::Zero(y.rows(), 4);
  step.bottomRows(7) = d.bottomRows(7);
  const Symbols change = front_end.equalize(y + step, state).x_hat - front_end.equalize(y, state).x_hat;
  const float forth = (g.conjugate().cwiseProduct(change)).sum().real();
  const float back = (front_end.pullback(g, y, state).conjugate().cwiseProduct(step)).sum().real();
  EXPECT_NEAR(forth, back, 1e-3 * (1 + std::abs(back)));
}

TEST(MimoPilots, MoreOfThemComeNearerToTheGenie) {
  const MimoChannel channel({.num_tx = 2, .num_rx = 2, .num_streams = 2});
  const auto error = [&](const FrontEnd& front_end) {
    double sum = 0;
    for (std::uint64_t trial = 0; trial < 400; ++trial) {
      const Symbols x = Stream(7, Purpose::user, trial).complex_normals(20, 1);
      const Symbols framed = front_end.frame(x);
      const ChannelState state = channel.realize(framed.rows(), {.snr_db = 15}, {.seed = 8, .trial = trial});
      const Symbols x_hat = front_end.equalize(channel.apply(framed, state), state).x_hat;
      sum += std::min(1.0f, (x_hat - x).squaredNorm() / 20);
    }
    return sum / 400;
  };
  const double genie = error(MimoFrontEnd(MimoDetector(MimoDetector::Rule::mmse)));
  const double few = error(pilots(GainEstimator::lmmse, 2, 2)), many = error(pilots(GainEstimator::lmmse, 2, 16));
  EXPECT_LT(genie, many);
  EXPECT_LT(many, few);
  EXPECT_LT(many, 1.15 * genie);
}

TEST(MimoPilots, RefuseOtherChannels) {
  const MimoPilotFrontEnd front_end = pilots(GainEstimator::lmmse, 2);
  const ChannelState state{.gain = Symbols::Ones(12, 1), .noise = Symbols::Zero(12, 1), .noise_var = 1};
  EXPECT_THROW(front_end.equalize(Symbols::Ones(12, 1), state), Error);
  EXPECT_THROW(pilots(GainEstimator::lmmse, 2, 1), Error);
}

}  // namespace
}  // namespace semlink
