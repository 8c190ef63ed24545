#include <gtest/gtest.h>

#include <cmath>

#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/weights.h>
#include <semlink/train/deepjscc_trainee.h>
#include <semlink/train/trainer.h>
#include <semlink/train/validation.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace semlink::train {
namespace {

class DeepJsccTraining : public testing::Test {
 protected:
  TrainJob job(const std::string& name) {
    TrainJob job;
    job.settings.num_images = 48;
    job.settings.batch = 8;
    job.settings.chunk = 2;
    job.settings.optimizer = "adamw";
    job.settings.fading_share = job.settings.fast_fading_share = job.settings.large_share = 0;
    job.settings.snr_low_db = job.settings.snr_high_db = 7;
    job.settings.precision = "f32";
    job.settings.validate_every = 3;
    job.settings.validation_images = 2;
    job.output = folder_ / name;
    job.train = {nullptr, &images_, nullptr};
    job.validation = &images_;
    job.scenario = "small";
    job.program_version = "test";
    return job;
  }
  static std::vector<TrainProgress> run(const TrainJob& job, std::int64_t stop_after = -1) {
    const DeepJsccTrainee trainee(job.settings, {8}, job.train, *job.validation, job.seed);
    std::atomic<bool> stop = false;
    std::vector<TrainProgress> steps;
    train(
        trainee, job,
        [&](const TrainProgress& progress) {
          steps.push_back(progress);
          if (progress.validation != nullptr) psnr_db_ = progress.validation->validation_psnr_db;
          stop = progress.step == stop_after;
        },
        stop);
    return steps;
  }
  nn::FlatVector<float> weights(const std::string& name) { return read_deepjscc_weights(folder_ / name).values; }

  TemporaryFolder folder_;
  BuiltinImages images_{32, 32, Split::train};
  inline static std::vector<double> psnr_db_;  // of the last validation
};

TEST_F(DeepJsccTraining, OneAndThreeThreadsGiveTheSameWeights) {
  TrainJob three = job("three.h5");
  three.num_threads = 3;
  run(three);
  run(job("one.h5"));
  EXPECT_EQ(weights("one.h5"), weights("three.h5"));
}

TEST_F(DeepJsccTraining, StoppedAndResumedEqualsUndisturbed) {
  run(job("whole.h5"));
  TrainJob parts = job("parts.h5");
  run(parts, 2);
  parts.resume = true;
  run(parts, 5);
  run(parts);
  EXPECT_EQ(weights("whole.h5"), weights("parts.h5"));
}

TEST_F(DeepJsccTraining, MovesEveryParameter) {
  const TrainJob one = job("one.h5");
  run(one);
  const deepjscc::Network network({8});
  const nn::FlatVector<float> before = network.starting_point(one.seed), after = weights("one.h5");
  for (const nn::Slot& slot : network.layout().slots())
    EXPECT_TRUE((nn::view(before, slot).array() != nn::view(after, slot).array()).all()) << slot.name;
}

/// PSNR of the first `count` validation images, each shown as nothing but its mean colour.
double mean_colour_psnr_db(const Source& source, std::uint64_t seed, std::int64_t count) {
  double error = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const Image image = source.sample(validation_address(seed, i)).image;
    const Eigen::Map<const RowMatrix<float>> pixels(image.values.data(), image.height * image.width, 3);
    error += (pixels.rowwise() - pixels.colwise().mean()).squaredNorm() / static_cast<double>(image.num_reals());
  }
  return -10 * std::log10(error / static_cast<double>(count));
}

TEST_F(DeepJsccTraining, LearnsSomething) {
  TrainJob longer = job("longer.h5");
  longer.settings.num_images = 4800;
  longer.settings.batch = 16;
  longer.settings.validate_every = 300;
  longer.settings.validation_images = 32;
  longer.settings.ema = 0.98;
  run(longer);
  ASSERT_EQ(psnr_db_.size(), 7U);
  EXPECT_GT(psnr_db_[2], mean_colour_psnr_db(images_, longer.seed, 32));  // at 7 dB, the SNR of the training
  EXPECT_GT(psnr_db_[2], psnr_db_[0]);
}

TEST_F(DeepJsccTraining, RefusesWhatOnlyOtherNetworksCanFollow) {
  const auto refuses = [&](auto change) {
    TrainJob other = job("other.h5");
    change(other.settings);
    EXPECT_THROW(DeepJsccTrainee(other.settings, {8}, other.train, *other.validation, 1), Error);
  };
  refuses([](TrainSettings& s) { s.optimizer = "muon"; });
  refuses([](TrainSettings& s) { s.precision = "bf16"; });
  refuses([](TrainSettings& s) { s.phase = "gates"; });
  refuses([](TrainSettings& s) { s.fading_share = 0.1; });
  refuses([](TrainSettings& s) { s.fast_fading_share = 0.1; });
  refuses([](TrainSettings& s) { s.large_share = 0.1; });
  refuses([](TrainSettings& s) { s.add_decoder_blocks = 1; });
}

/// One line that says what is wrong, for either model's reader.
TEST_F(DeepJsccTraining, WeightsFileRefusesWhatDoesNotFit) {
  run(job("good.h5"));
  const std::string bytes = folder_.bytes("good.h5");
  folder_.write("cut.h5", bytes.substr(0, bytes.size() / 2));
  folder_.write("text.h5", "this is no HDF5 file");
  for (const char* name : {"cut.h5", "text.h5", "absent.h5"})
    EXPECT_THROW(read_deepjscc_weights(folder_ / name), Error) << name;
  expect_error(ErrorCode::bad_file, "weights of codec.model = deepjscc: expected those of adaptive",
               [&] { read_weights(folder_ / "good.h5"); });
  expect_error(ErrorCode::bad_file, "weights of codec.model = adaptive: expected those of deepjscc",
               [] { read_deepjscc_weights(SEMLINK_SOURCE_DIR "/scenarios/weights/adaptive.h5"); });
}

}  // namespace
}  // namespace semlink::train
