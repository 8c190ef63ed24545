// Trains and runs the convolutional transceiver through the real executable, small enough for a test.

#include <gtest/gtest.h>

#include <algorithm>

#include <semlink/record/result_file.h>
#include <semlink/sweep/columns.h>

#include "app/run_semlink.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

const std::string kTraining =
    "[source]\nkind = builtin\n"
    "[codec]\nmodel = deepjscc\n"
    "[network]\ncode_channels = 16\n"
    "[train]\nnum_images = 16\nbatch = 8\nchunk = 4\noptimizer = adamw\nprecision = f32\nsnr_low_db = 7\nsnr_high_db = "
    "7\n"
    "large_share = 0\nfading_share = 0\nfast_fading_share = 0\nvalidation_images = 4\n"
    "[run]\nthreads = 1\noutput = c.h5\n";

const std::string kRun =
    "[source]\nkind = builtin\n"
    "[codec]\nmodel = deepjscc\nweights = c.h5\n"
    "[run]\nthreads = 1\nmax_trials = 10\n";

class DeepJsccScenario : public testing::Test {
 protected:
  DeepJsccScenario() {
    folder_.write("train.ini", kTraining);
    folder_.write("r.ini", kRun);
  }
  double mean(const char* column) {
    const auto point = read_result(folder_ / "results/r.h5").state.points.front();
    return point.total.columns[column_index(column)].mean();
  }

  TemporaryFolder folder_;
};

TEST_F(DeepJsccScenario, WeightsThatWereTrainedRun) {
  const ProgramResult trained = run_semlink(folder_, {"train", "train.ini"});
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_NE(trained.out.find("PSNR (dB) of the averaged weights on validation images: | 1 dB"), std::string::npos)
      << trained.out;
  EXPECT_EQ(trained.out.find("decoder"), std::string::npos) << trained.out;  // it is always run as a whole
  const ProgramResult run = run_semlink(folder_, {"run", "r.ini"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(mean("payload_uses"), 512);
  EXPECT_EQ(mean("header_uses"), 0);
  EXPECT_EQ(mean("header_error_rate"), 0);
  EXPECT_EQ(mean("encoder_macs"), 10'444'800 / 2);
  EXPECT_EQ(mean("decoder_macs"), 10'444'800 / 2);
}

TEST_F(DeepJsccScenario, GoesOnFromItsOwnWeights) {
  ASSERT_EQ(run_semlink(folder_, {"train", "train.ini"}).status, 0);
  const ProgramResult more = run_semlink(
      folder_, {"train", "train.ini", "--codec.weights=c.h5", "--network.code_channels=2", "--output=d.h5"});
  ASSERT_EQ(more.status, 0) << more.err;
  ASSERT_EQ(run_semlink(folder_, {"run", "r.ini", "--codec.weights=d.h5"}).status, 0);
  EXPECT_EQ(mean("payload_uses"), 512);  // the shape is that of the weights
}

TEST_F(DeepJsccScenario, OneLineSaysWhichWeightsAreMissing) {
  const auto error = [&](const std::string& option) {
    const ProgramResult run = run_semlink(folder_, {"run", "r.ini", option});
    EXPECT_EQ(run.status, 2) << run.out;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    return run.err;
  };
  EXPECT_NE(error("--codec.weights=").find("codec.weights is empty"), std::string::npos);
  const std::string other = error("--codec.weights=" SEMLINK_SOURCE_DIR "/scenarios/weights/adaptive.h5");
  EXPECT_NE(other.find("weights of codec.model = adaptive: expected those of deepjscc"), std::string::npos) << other;
}

/// The first key that another network alone goes by, where it stands.
TEST_F(DeepJsccScenario, TrainingRefusesKeysOfTheOtherNetwork) {
  const auto error = [&](const std::string& option) {
    const ProgramResult run = run_semlink(folder_, {"train", "train.ini", option});
    EXPECT_EQ(run.status, 2) << run.out;
    return run.err;
  };
  EXPECT_EQ(error("--train.distill=0.5"),
            "semlink: command line: train.distill = 0.5: expected no such key with codec.model = deepjscc, it belongs "
            "to semlink train with codec.model = adaptive\n");
  for (const char* option : {"--train.gate_budget=0.5", "--train.muon_rate=0.01", "--train.loss_balance=0.5",
                             "--train.exit_weight=0.4", "--network.dim=32"})
    EXPECT_NE(error(option).find("expected no such key"), std::string::npos) << option;
  folder_.write(
      "adaptive.ini",
      "[source]\nkind = builtin\n[network]\ndim = 16\nnum_heads = 2\ncode_channels = 8\n[run]\noutput = a.h5\n");
  const ProgramResult other = run_semlink(folder_, {"train", "adaptive.ini"});
  EXPECT_EQ(other.status, 2);
  EXPECT_EQ(other.err,
            "semlink: adaptive.ini:6: network.code_channels = 8: expected no such key with codec.model = adaptive, it "
            "belongs to semlink train with codec.model = deepjscc\n");
}

/// What it goes by is allowed, down to the keys that have one value for it.
TEST_F(DeepJsccScenario, TrainingGoesByItsOwnKeys) {
  const ProgramResult plain = run_semlink(folder_, {"train", "train.ini"});
  ASSERT_EQ(plain.status, 0) << plain.err;
  const ProgramResult all =
      run_semlink(folder_, {"train", "train.ini", "--output=all.h5", "--train.rate=0.001", "--train.beta1=0.8",
                            "--train.beta2=0.9", "--train.weight_decay=0.1", "--train.warmup=0.5", "--train.clip=0.5",
                            "--train.ema=0.5", "--train.max_shift=2", "--train.builtin_share=0",
                            "--train.phase=backbone", "--train.validate_every=1", "--train.checkpoint_every=1"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_NE(all.out.find("step 1/2"), std::string::npos) << all.out;
}

TEST_F(DeepJsccScenario, TrainingRefusesACodecWithoutNetwork) {
  const ProgramResult run = run_semlink(folder_, {"train", "train.ini", "--codec.model=none"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("codec.model = none: expected adaptive or deepjscc"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace semlink
