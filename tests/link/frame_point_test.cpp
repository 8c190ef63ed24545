#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include <semlink/link/frame_point.h>
#include "test_link.h"

namespace semlink {
namespace {

constexpr double kLabelDb = 7;
constexpr std::uint64_t kBatch = 16;

TrialRng at(std::uint64_t trial) { return {.seed = 5, .trial = trial}; }

/// Noise images of very different contrast, so that their powers differ.
class UnlikeImages final : public Source {
 public:
  Sample sample(const TrialRng& rng) const override {
    Sample sample = images_.sample(rng);
    for (float& value : sample.image.values) value = 0.5F + (value - 0.5F) / static_cast<float>(1 + rng.trial % 4);
    return sample;
  }
  Index size() const override { return 0; }

 private:
  NoiseImages images_;
};

Link link_with(LabelPower label_power) {
  Link link = uncoded_awgn_link(kLabelDb);
  link.source = std::make_unique<UnlikeImages>();
  link.label_power = label_power;
  return link;
}

TrialTrace trace_of(const Link& link, std::uint64_t trial) {
  TrialTrace trace;
  run_trial(link, at(trial), &trace);
  return trace;
}

/// What the uncoded codec would send unscaled: the reals less the mean that it tells.
std::vector<double> reals_of(const Image& image) {
  double sum = 0;
  for (const float value : image.values) sum += static_cast<double>(value);
  const double mean = std::round(255 * sum / static_cast<double>(image.values.size())) / 255;
  std::vector<double> reals;
  for (const float value : image.values) reals.push_back(static_cast<double>(value) - mean);
  return reals;
}

double mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

TEST(FramePoint, IsThePointWhereTheLabelIsTheFrames) {
  const Link link = link_with(LabelPower::frame);
  for (std::uint64_t trial = 0; trial < 4; ++trial) EXPECT_EQ(trace_of(link, trial).state.noise_var, link.point.noise_var());
}

// What codes that scale whole batches do: all symbols of a batch divided by one number, then noise of one variance.
TEST(FramePoint, OfABatchIsWhatOneScaleForAllImagesGives) {
  Link link = link_with(LabelPower::batch);
  link.batch_power = mean_unscaled_power(link, at(0), kBatch);
  std::vector<double> reals;
  for (std::uint64_t trial = 0; trial < kBatch; ++trial)
    for (const double real : reals_of(trace_of(link, trial).sample.image)) reals.push_back(real);
  const double batch_scale = std::sqrt(2 * mean_square(reals));  // a complex symbol has two
  double weakest = 1, strongest = 0;
  for (std::uint64_t trial = 0; trial < kBatch; ++trial) {
    const TrialTrace trace = trace_of(link, trial);
    const double es = 2 * mean_square(reals_of(trace.sample.image)) / (batch_scale * batch_scale);
    EXPECT_NEAR(trace.state.noise_var * es * std::pow(10, kLabelDb / 10), 1, 1e-5) << trial;
    weakest = std::min(weakest, es);
    strongest = std::max(strongest, es);
  }
  EXPECT_GT(strongest, 10 * weakest);  // or the images would not have been unlike
}

// VL-VFE: reals within +-1, noise of variance 1 / snr on each.
TEST(FramePoint, OfAPeakIsWhatNoiseBelowTheLargestRealGives) {
  const Link link = link_with(LabelPower::peak);
  for (std::uint64_t trial = 0; trial < 4; ++trial) {
    const TrialTrace trace = trace_of(link, trial);
    std::vector<double> reals = reals_of(trace.sample.image);
    double peak = 0;
    for (const double real : reals) peak = std::max(peak, std::abs(real));
    for (double& real : reals) real /= peak;
    const double es_n0 = mean_square(reals) * std::pow(10, kLabelDb / 10);
    EXPECT_NEAR(trace.state.noise_var * es_n0, 1, 1e-5) << trial;
  }
}

TEST(FramePoint, OfNothingToSendIsThePoint) {
  for (const LabelPower label : {LabelPower::batch, LabelPower::peak}) {
    const Link link = link_with(label);
    EXPECT_EQ(frame_point(link, Symbols(0, 1), 0).snr_db, kLabelDb);
    EXPECT_EQ(frame_point(link, Symbols::Zero(3, 1), 0).snr_db, kLabelDb);
  }
}

}  // namespace
}  // namespace semlink
