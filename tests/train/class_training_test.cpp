#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/weights.h>
#include <semlink/train/augment.h>
#include <semlink/train/class_loss.h>
#include <semlink/train/trainer.h>

#include "support/temporary_folder.h"

namespace semlink::train {
namespace {

/// Noise with a tint: red, green, blue or none, which is the class. A mirrored image has the class it had.
class Tints final : public Source {
 public:
  explicit Tints(bool labelled = true) : labelled_(labelled) {}
  Sample sample(const TrialRng& rng) const override {
    Stream stream(rng.seed, Purpose::sample, rng.trial, rng.salt);
    Sample sample{.id = static_cast<std::int64_t>(rng.trial), .image = {32, 32, std::vector<float>(3072)}};
    sample.label = static_cast<int>(stream.below(4));
    for (std::size_t i = 0; i < sample.image.values.size(); ++i) {
      const bool is_tinted = static_cast<int>(i % 3) == sample.label;
      sample.image.values[i] = static_cast<float>(0.2 + 0.5 * stream.uniform() + (is_tinted ? 0.2 : 0));
    }
    if (!labelled_) sample.label = -1;
    return sample;
  }
  Index size() const override { return 0; }
  std::vector<std::string> class_names() const override {
    return labelled_ ? std::vector<std::string>{"a", "b", "c", "d"} : std::vector<std::string>{};
  }

 private:
  bool labelled_;
};

class ClassTraining : public testing::Test {
 protected:
  TrainRequest request(const std::string& task, const std::string& name) {
    TrainRequest request;
    request.network.dim = 16;
    request.network.num_heads = 2;
    request.network.condition_dim = 8;
    request.network.encoder_blocks = 2;
    request.network.decoder_blocks = 2;
    request.network.task = task;
    request.settings.batch = 8;
    request.settings.chunk = 2;
    request.settings.num_images = 48;
    request.settings.large_share = 0;
    request.settings.builtin_share = 0;
    request.settings.validation_images = 40;
    request.settings.validate_every = 1000;
    request.settings.precision = "f32";
    request.output = folder_ / name;
    request.train = {nullptr, &builtin_, &large_};
    request.validation = &builtin_;
    request.scenario = "small";
    request.program_version = "test";
    return request;
  }
  static CurvePoint run(const TrainRequest& request) {
    const std::atomic<bool> stop = false;
    CurvePoint last;
    EXPECT_TRUE(train(
        request,
        [&](const TrainProgress& progress) {
          if (progress.validation) last = *progress.validation;
        },
        stop));
    return last;
  }
  nn::FlatVector<float> weights(const std::string& name) { return read_weights(folder_ / name).values; }

  TemporaryFolder folder_;
  BuiltinImages builtin_{32, 32, Split::train};
  BuiltinImages large_{64, 64, Split::train};
  Tints tints_;
};

TEST_F(ClassTraining, LearnsClassesOfImages) {
  TrainRequest classifier = request("classification", "classes.h5");
  classifier.network.num_classes = 4;
  classifier.train = {&tints_, &builtin_, nullptr};
  classifier.validation = &tints_;
  classifier.settings.num_images = 1600;
  const CurvePoint end = run(classifier);
  ASSERT_EQ(end.validation_accuracy.size(), 9U);
  EXPECT_GT(end.validation_accuracy[8], 0.9);  // all tokens at 20 dB; chance is 0.25
  EXPECT_TRUE(std::isnan(end.validation_psnr_db[8]));
  EXPECT_EQ(end.decoder_share, 1);
}

TEST_F(ClassTraining, BothTasksAreLearnedTogether) {
  TrainRequest both = request("both", "both.h5");
  both.network.num_classes = 4;
  both.train = {&tints_, &builtin_, nullptr};
  both.validation = &tints_;
  both.settings.num_images = 1600;
  both.settings.builtin_share = 0.1;  // these teach images only
  const CurvePoint end = run(both);
  EXPECT_GT(end.validation_accuracy[6], 0.8);
  EXPECT_GT(end.validation_psnr_db[6], 17.5);  // the tint alone gives 16.8 dB: the noise has a variance of 0.5^2 / 12
}

TEST_F(ClassTraining, OneAndThreeThreadsGiveTheSameWeights) {
  TrainRequest three = request("both", "three.h5");
  three.num_threads = 3;
  three.settings.max_shift = 4;
  three.settings.erased_side = 8;
  three.network.stem_channels = 4;
  run(three);
  TrainRequest one = three;
  one.num_threads = 1;
  one.output = folder_ / "one.h5";
  run(one);
  EXPECT_EQ(weights("one.h5"), weights("three.h5"));
  EXPECT_EQ(read_weights(folder_ / "one.h5").config.task, "both");
}

TEST_F(ClassTraining, StoppedAndResumedEqualsUndisturbed) {
  TrainRequest whole = request("classification", "whole.h5");
  run(whole);
  TrainRequest parts = request("classification", "parts.h5");
  std::atomic<bool> stop = false;
  EXPECT_FALSE(train(
      parts, [&](const TrainProgress& progress) { stop = progress.step >= 2; }, stop));
  parts.resume = true;
  run(parts);
  EXPECT_EQ(weights("whole.h5"), weights("parts.h5"));
}

TEST_F(ClassTraining, RefusesImagesThatCannotTeachTheClasses) {
  const std::atomic<bool> stop = false;
  const auto expect_refusal = [&](const TrainRequest& request) {
    EXPECT_THROW(train(
                     request, [](const TrainProgress&) {}, stop),
                 Error);
  };
  TrainRequest other_number = request("classification", "a.h5");
  other_number.network.num_classes = 4;  // the built-in images have ten
  expect_refusal(other_number);
  const Tints unlabelled(false);
  TrainRequest no_labels = request("both", "b.h5");
  no_labels.train.stored = &unlabelled;
  expect_refusal(no_labels);
  TrainRequest two_sources = request("classification", "c.h5");
  two_sources.train.stored = &builtin_;
  two_sources.settings.builtin_share = 0.1;
  expect_refusal(two_sources);
}

/// The gradient is (softmax - target) times a weight: none at the logits whose softmax is the smoothed target.
TEST(ClassLoss, SmoothsLabelsEvenly) {
  const nn::ParameterLayout layout;
  const nn::FlatVector<float> parameters;
  ChunkPlan plan;
  plan.images.resize(1);
  plan.images[0].label = 2;
  const auto gradient_at = [&](double smoothing, const std::vector<float>& probabilities) {
    TrainSettings settings;
    settings.batch = 1;
    settings.label_smoothing = smoothing;
    nn::Tape<float> tape(true);
    nn::Context<float> context{tape, layout, parameters};
    const nn::Var<float> logits = tape.result(1, 5, {}, true);
    for (std::size_t i = 0; i < 5; ++i) logits.data()[i] = std::log(probabilities[i]);
    ClassLoss loss(context, settings, plan);
    loss.add(logits, 250);  // a nat counts as 0.004
    tape.backward(loss.sum());
    return RowMatrix<float>(logits.grad());
  };
  const std::vector<float> smoothed = {0.04F, 0.04F, 0.84F, 0.04F, 0.04F};
  EXPECT_LT(gradient_at(0.2, smoothed).norm(), 1e-6F);
  const RowMatrix<float> hard = gradient_at(0, smoothed);
  EXPECT_NEAR(hard(0, 0), 0.04, 1e-5);
  EXPECT_NEAR(hard(0, 2), -0.16, 1e-5);
}

TEST(EraseSquare, GreysASquareAboutAnyPixel) {
  std::vector<int> erased(30, 0);
  int smallest = 30;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    Image image{5, 6, std::vector<float>(90, 1.0F)};
    erase_square(image, 3, {1, trial, 0});
    int count = 0;
    Index top = 5, bottom = -1, left = 6, right = -1;
    for (Index i = 0; i < 30; ++i) {
      const float* pixel = image.values.data() + 3 * i;
      const bool is_grey = pixel[0] == 0.5F && pixel[1] == 0.5F && pixel[2] == 0.5F;
      EXPECT_TRUE(is_grey || (pixel[0] == 1 && pixel[1] == 1 && pixel[2] == 1));
      if (!is_grey) continue;
      ++count;
      ++erased[static_cast<std::size_t>(i)];
      top = std::min(top, i / 6), bottom = std::max(bottom, i / 6);
      left = std::min(left, i % 6), right = std::max(right, i % 6);
    }
    EXPECT_EQ(count, (bottom - top + 1) * (right - left + 1));
    EXPECT_LE(count, 9);
    smallest = std::min(smallest, count);
  }
  EXPECT_EQ(smallest, 4);  // a square about a corner
  for (const int times : erased) EXPECT_GT(times, 0);
}

TEST(ShiftedAtRandom, MovesAndMirrors) {
  Image image{1, 4, std::vector<float>(12)};
  for (std::size_t i = 0; i < 12; ++i) image.values[i] = static_cast<float>(i / 3);
  bool moved = false;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const Image out = shifted_at_random(image, 1, {1, trial, 0});
    const auto red = [&](std::size_t x) { return out.values[3 * x]; };
    const std::vector<float> row = {red(0), red(1), red(2), red(3)};
    const bool is_one = row == std::vector<float>{0, 1, 2, 3} || row == std::vector<float>{0, 0, 1, 2} ||
                        row == std::vector<float>{1, 2, 3, 3};
    EXPECT_TRUE(is_one);
    moved = moved || row[0] == 1;
  }
  EXPECT_TRUE(moved);
}

}  // namespace
}  // namespace semlink::train
