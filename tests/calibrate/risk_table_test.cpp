#include <semlink/calibrate/risk_table.h>

#include <gtest/gtest.h>

#include <array>

#include <semlink/calibrate/selection.h>
#include <semlink/channel/awgn.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/gates/patience.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/data/builtin_images.h>

#include "support/expect_error.h"

namespace semlink::calibrate {
namespace {

/// A small network of random values: its exits differ, and its predictions are worth nothing.
adaptive::Model random_model() {
  adaptive::NetworkConfig config{
      .dim = 16, .num_heads = 2, .condition_dim = 8, .encoder_blocks = 2, .decoder_blocks = 4};
  nn::FlatVector<float> values = nn::initial_parameters(adaptive::Network(config).layout(), 3);
  Stream stream(9, Purpose::init, 0, 0);
  for (float& value : values) value += 0.1F * stream.normal();
  return {config, std::move(values), ""};
}

/// A finite source: the first images of the generator.
class FewImages final : public Source {
 public:
  explicit FewImages(Index size) : size_(size), images_(16, 16, Split::calibration) {}
  Sample sample(const TrialRng& rng) const override { return images_.sample(rng); }
  Index size() const override { return size_; }

 private:
  Index size_;
  BuiltinImages images_;
};

using MakeGate = std::function<std::unique_ptr<const GatePolicy>(std::size_t candidate)>;

Link make_link(std::size_t point, std::unique_ptr<const GatePolicy> gate) {
  constexpr std::array<double, 3> kSnr_db = {0, 8, 16};
  Link link;
  link.source = std::make_unique<FewImages>(50);
  link.codec = std::make_unique<adaptive::AdaptiveCodec>(random_model(), adaptive::Rate{});
  link.encoder_gate = std::make_unique<AlwaysOpen>();
  link.gate = std::move(gate);
  link.framer = std::make_unique<Framer>(Framer::Settings{});
  link.front_end = std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing);
  link.channel = std::make_unique<AwgnChannel>();
  link.point.snr_db = kSnr_db[point];
  return link;
}

RiskRequest request_of(std::size_t num_candidates, MakeGate make_gate, Index num_trials = 24) {
  RiskRequest request;
  request.num_points = 3;
  request.num_candidates = num_candidates;
  request.make_link = [make_gate](std::size_t point, std::size_t candidate) {
    return make_link(point, make_gate(candidate));
  };
  request.num_trials = num_trials;
  request.num_threads = 2;
  return request;
}

const std::atomic<bool> kGoOn = false;

/// Depths 4 ... 0, the deepest first.
std::unique_ptr<const GatePolicy> by_depth(std::size_t candidate) {
  return std::make_unique<FixedDepth>(4 - static_cast<Index>(candidate));
}

/// States that every entry is what `run_trial` measures with that candidate as the link's gate.
void expect_same_as_alone(std::size_t num_candidates, const MakeGate& make_gate) {
  const RiskTable table = measure_risks(request_of(num_candidates, make_gate), kGoOn);
  for (Index trial = 0; trial < table.num_trials(); ++trial) {
    const TrialRng rng{1, static_cast<std::uint64_t>(trial), 0};
    const std::size_t point = table.point[static_cast<std::size_t>(trial)];
    const TrialResult full = run_trial(make_link(point, std::make_unique<AlwaysOpen>()), rng);
    EXPECT_EQ(table.full_macs[trial], static_cast<double>(full.decoder_macs));
    for (std::size_t candidate = 0; candidate < num_candidates; ++candidate) {
      const TrialResult alone = run_trial(make_link(point, make_gate(candidate)), rng);
      const auto column = static_cast<Index>(candidate);
      EXPECT_EQ(table.macs(trial, column), static_cast<double>(alone.decoder_macs)) << trial << " " << candidate;
      EXPECT_EQ(table.decline(trial, column), full.psnr_db - alone.psnr_db) << trial << " " << candidate;
    }
  }
}

TEST(RiskTable, HoldsWhatEachCandidateDoesAlone) { expect_same_as_alone(5, by_depth); }

TEST(RiskTable, ChargesPredictionsAsAlone) {
  expect_same_as_alone(4, [](std::size_t candidate) {
    return std::make_unique<PredictedGain>(0.02 * static_cast<double>(candidate * candidate), std::nullopt);
  });
}

/// A stage that a budget refuses costs no prediction, one that its prediction refuses does.
TEST(RiskTable, ChargesPredictionsUnderBudgetsAsAlone) {
  expect_same_as_alone(6, [](std::size_t candidate) {
    const std::int64_t budget = 300'000 - 50'000 * static_cast<std::int64_t>(candidate);
    return std::make_unique<PredictedGain>(0.02 * static_cast<double>(candidate % 3), budget);
  });
}

TEST(RiskTable, ChargesOutputsAsAlone) {
  expect_same_as_alone(
      4, [](std::size_t candidate) { return std::make_unique<Patience>(1, 40 - 10 * static_cast<double>(candidate)); });
}

TEST(RiskTable, IsTheSameForAnyNumberOfThreads) {
  RiskRequest request = request_of(3, by_depth);
  const RiskTable two = measure_risks(request, kGoOn);
  request.num_threads = 1;
  const RiskTable one = measure_risks(request, kGoOn);
  EXPECT_EQ(one.loss, two.loss);
  EXPECT_EQ(one.macs, two.macs);
  EXPECT_EQ(one.point, two.point);
}

TEST(RiskTable, DrawsEveryPointOfTheMix) {
  const RiskTable table = measure_risks(request_of(1, by_depth), kGoOn);
  for (const std::size_t point : {0u, 1u, 2u})
    EXPECT_NE(std::find(table.point.begin(), table.point.end(), point), table.point.end()) << point;
}

TEST(RiskTable, LossIsTheClippedDecline) {
  const RiskTable table = measure_risks(request_of(5, by_depth), kGoOn);
  EXPECT_EQ(table.loss, (table.decline.cwiseMax(0).cwiseMin(3) / 3).eval());
  EXPECT_EQ(table.loss.col(0).sum(), 0);  // every stage run: always_open
  EXPECT_GT(table.loss.col(4).sum(), 0);
}

TEST(RiskTable, RefusesMoreTrialsThanSamples) {
  expect_error(ErrorCode::bad_scenario, "run.max_trials = 51: expected at most 50",
               [] { measure_risks(request_of(1, by_depth, 51), kGoOn); });
}

TEST(RiskTable, RefusesAnErrorWithoutClasses) {
  RiskRequest request = request_of(1, by_depth);
  request.loss = Loss::error;
  expect_error(ErrorCode::bad_scenario, "calibrate.loss = error", [&] { measure_risks(request, kGoOn); });
}

TEST(RiskTable, StopsWhenAsked) {
  const std::atomic<bool> stop = true;
  expect_error(ErrorCode::interrupted, "stopped", [&] { measure_risks(request_of(1, by_depth), stop); });
}

/// Two candidates in 400 trials: the first loses nothing, the second `risk` on the average.
RiskTable two_candidates(double risk) {
  RiskTable table;
  table.loss = RowMatrix<double>::Zero(400, 2);
  for (Index trial = 0; trial < 400; ++trial) table.loss(trial, 1) = trial % 2 == 0 ? 2 * risk : 0;
  table.decline = 3 * table.loss;
  table.decline(0, 0) = -1;
  table.macs = RowMatrix<double>::Constant(400, 2, 80);
  table.macs.col(1).setConstant(50);
  table.full_macs = Eigen::VectorXd::Constant(400, 100);
  table.point.assign(400, 0);
  return table;
}

TEST(Selection, TakesTheCheapestCandidateThatKeepsTheRisk) {
  const CalibrateSettings settings{.alpha = 0.1, .delta = 0.1};
  EXPECT_EQ(select(two_candidates(0.05), settings).chosen, 1u);
  EXPECT_EQ(select(two_candidates(0.095), settings).chosen, 0u);  // below alpha, but not surely
}

TEST(Selection, TheMeanPromiseIsCheaper) {
  CalibrateSettings settings{.method = "conformal", .alpha = 0.1};
  EXPECT_EQ(select(two_candidates(0.095), settings).chosen, 1u);
  EXPECT_EQ(select(two_candidates(0.1), settings).chosen, 0u);
}

TEST(Selection, BettingMakesUseOfSmallScatter) {
  CalibrateSettings settings{.alpha = 0.1, .delta = 0.1};
  EXPECT_EQ(select(two_candidates(0.085), settings).chosen, 0u);
  settings.test = "betting";
  EXPECT_EQ(select(two_candidates(0.085), settings).chosen, 1u);
}

TEST(Selection, MayFindNone) {
  const Selection none = select(two_candidates(0), CalibrateSettings{.alpha = 0.001, .delta = 0.1});
  EXPECT_EQ(none.chosen, std::nullopt);
  EXPECT_EQ(none.num_valid, 0u);
}

TEST(Selection, ReportsCostAndOverthinking) {
  const Selection selection = select(two_candidates(0.05), CalibrateSettings{});
  EXPECT_DOUBLE_EQ(selection.candidates[1].risk, 0.05);
  EXPECT_DOUBLE_EQ(selection.candidates[1].macs_share, 0.5);
  EXPECT_DOUBLE_EQ(selection.candidates[0].overthought, 1.0 / 400);
  // Half the trials at 0.1, half at 0: a deviation of 0.05 sqrt(400 / 399).
  EXPECT_NEAR(selection.candidates[1].std_error, 0.05 / std::sqrt(399.0), 1e-12);
}

}  // namespace
}  // namespace semlink::calibrate
