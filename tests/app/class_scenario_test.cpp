// Trains, runs and calibrates a classifier through the real executable, all of it small enough for a test.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include <semlink/record/result_file.h>
#include <semlink/record/trial_rows.h>
#include <semlink/sweep/columns.h>

#include "app/run_semlink.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

const std::string kTraining =
    "[source]\nkind = builtin\n"
    "[network]\ntask = classification\ndim = 16\nnum_heads = 2\ncondition_dim = 8\nencoder_blocks = 2\ndecoder_blocks "
    "= 2\n"
    "experts = 3\nrouter = merge\n"
    "[train]\nnum_images = 16\nbatch = 8\nchunk = 4\nbuiltin_share = 0\nlarge_share = 0\nvalidation_images = 4\n"
    "[run]\nthreads = 1\noutput = c.h5\n";

const std::string kRun =
    "[source]\nkind = builtin\n"
    "[codec]\nmodel = adaptive\nweights = c.h5\nselection = uniform\nkeep_ratio = 0.25\nbandwidth_ratio = 1/96\n"
    "[record]\ntrials = all\n"
    "[run]\nthreads = 1\nmax_trials = 40\n";

class ClassScenario : public testing::Test {
 protected:
  ClassScenario() {
    folder_.write("train.ini", kTraining);
    trained_ = run_semlink(folder_, {"train", "train.ini"});
    folder_.write("r.ini", kRun);
  }
  double mean(const std::string& result, const char* column) {
    return read_result(folder_ / result).state.points.front().total.columns[column_index(column)].mean();
  }

  TemporaryFolder folder_;
  ProgramResult trained_;
};

TEST_F(ClassScenario, TrainingTellsTheAccuracy) {
  ASSERT_EQ(trained_.status, 0) << trained_.err;
  EXPECT_NE(trained_.out.find("accuracy (%) of the averaged weights"), std::string::npos) << trained_.out;
  EXPECT_EQ(trained_.out.find("PSNR"), std::string::npos) << trained_.out;
}

TEST_F(ClassScenario, ResultsHoldClassesAndNoImageQuality) {
  const ProgramResult run = run_semlink(folder_, {"run", "r.ini"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("accuracy"), std::string::npos) << run.out;
  const auto total = read_result(folder_ / "results/r.h5").state.points.front().total;
  EXPECT_EQ(total.columns[column_index("accuracy")].count, 40);
  EXPECT_EQ(total.columns[column_index("cross_entropy")].count, 40);
  EXPECT_EQ(total.columns[column_index("psnr_db")].count, 0);
  EXPECT_EQ(mean("results/r.h5", "local_decision_rate"), 0);
  EXPECT_EQ(mean("results/r.h5", "payload_uses"), 32);
}

TEST_F(ClassScenario, TrialsRecordClassesAndTheLoadsOfExperts) {
  ASSERT_EQ(run_semlink(folder_, {"run", "r.ini"}).status, 0);
  TrialSpool rows(folder_ / "");
  read_trial_rows(folder_ / "results/r.h5", read_result(folder_ / "results/r.h5").state, rows);
  const auto variable = [](std::string_view name) {
    const auto& all = trial_variables();
    return static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const TrialVariable& one) { return one.name == name; }) - all.begin());
  };
  const std::size_t label = variable("label"), decision = variable("decision"), correct = variable("correct");
  const std::size_t load = variable("expert_load_0");
  ASSERT_EQ(rows.num_rows(), 40U);
  rows.read(100, [&](std::span<const TrialRow> batch) {
    for (const TrialRow& row : batch) {
      EXPECT_EQ(std::bit_cast<double>(row[correct]), row[label] == row[decision] ? 1 : 0);
      EXPECT_LT(row[label], 10U);
      double sum = 0;
      for (std::size_t e = 0; e < 3; ++e) sum += std::bit_cast<double>(row[load + e]);
      EXPECT_NEAR(sum, 1, 1e-6);
      EXPECT_TRUE(std::isnan(std::bit_cast<double>(row[load + 3])));
    }
  });
}

/// A run whose transmitter sends every class alone.
const std::vector<std::string> kLocalDecisions = {"run",
                                                  "r.ini",
                                                  "--transmitter.local_decision=yes",
                                                  "--encoder_gate.policy=confidence",
                                                  "--encoder_gate.least_confidence=0",
                                                  "--output=l.h5"};

TEST_F(ClassScenario, LocalDecisionsSendNoSymbolsAndPayTheirHeader) {
  const ProgramResult run = run_semlink(folder_, kLocalDecisions);
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(mean("l.h5", "local_decision_rate"), 1);
  EXPECT_EQ(mean("l.h5", "payload_uses"), 0);
  EXPECT_GT(mean("l.h5", "header_uses"), 0);
  EXPECT_GT(mean("l.h5", "bandwidth_ratio_total"), 0);
  EXPECT_EQ(mean("l.h5", "decoder_macs"), 0);
  EXPECT_EQ(read_result(folder_ / "l.h5").state.points.front().total.columns[column_index("accuracy")].count, 40);
}

/// Scores come only from the samples that the transmitter was not sure of, the hard ones: what is written beside their
/// mean must say so.
TEST_F(ClassScenario, CrossEntropySaysThatItLeavesLocalDecisionsOut) {
  ASSERT_EQ(run_semlink(folder_, kLocalDecisions).status, 0);
  const std::size_t column = column_index("cross_entropy");
  EXPECT_EQ(read_result(folder_ / "l.h5").state.points.front().total.columns[column].count, 0);
  EXPECT_NE(columns()[column].long_name.find("of samples whose class the transmitter did not tell it"),
            std::string_view::npos);
}

TEST_F(ClassScenario, PoliciesThatNeedAnImageAreRefused) {
  const ProgramResult run = run_semlink(folder_, {"run", "r.ini", "--gate.policy=learned"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.err.find("gate.policy: expected one that looks at no image"), std::string::npos) << run.err;
}

TEST_F(ClassScenario, CalibratesAConfidenceByTheShareOfWrongClasses) {
  const ProgramResult run =
      run_semlink(folder_, {"calibrate", "r.ini", "--gate.policy=confidence", "--calibrate.key=gate.least_confidence",
                            "--calibrate.candidates=1.01, 0.5, 0", "--calibrate.loss=error", "--calibrate.alpha=0.99"});
  ASSERT_EQ(run.status, 0) << run.err;
  const std::string fragment = folder_.bytes("results/r.ini");
  EXPECT_NE(fragment.find("the share of wrong classes is at most 0.99"), std::string::npos) << fragment;
  // Nothing is lost at 0.99 by stopping at once, which is the cheapest.
  EXPECT_NE(fragment.find("policy = confidence\nleast_confidence = 0\n"), std::string::npos) << fragment;
}

TEST_F(ClassScenario, FitsTemperaturesThatScenariosGoBy) {
  const ProgramResult fitted =
      run_semlink(folder_, {"calibrate", "r.ini", "--gate.policy=confidence", "--gate.least_confidence=0.5",
                            "--calibrate.key=gate.temperature", "--run.max_trials=300", "--sweep.channel.snr_db=0,10"});
  ASSERT_EQ(fitted.status, 0) << fitted.err;
  EXPECT_EQ(fitted.err, "");
  EXPECT_NE(fitted.out.find("calibration error"), std::string::npos) << fitted.out;
  EXPECT_NE(fitted.out.find("\n 5.00 dB"), std::string::npos) << fitted.out;  // the second bin, from half way
  const std::string fragment = folder_.bytes("results/r.ini");
  EXPECT_NE(fragment.find("# On 300 validation trials: expected calibration error 0."), std::string::npos) << fragment;
  EXPECT_NE(fragment.find("[gate]\npolicy = confidence\nleast_confidence = 0.5\ntemperature = 0.00:"),
            std::string::npos)
      << fragment;

  folder_.write("f.ini", "include = r.ini, results/r.ini\n");
  const ProgramResult verified =
      run_semlink(folder_, {"verify", "f.ini", "--calibrate.key=gate.temperature", "--run.max_trials=100"});
  EXPECT_EQ(verified.out.find("held: ") != std::string::npos, verified.status == 0) << verified.out << verified.err;
  ASSERT_EQ(run_semlink(folder_, {"run", "f.ini"}).status, 0);
  // The key is part of the result, and a threshold is calibrated at these temperatures.
  const ProgramResult calibrated =
      run_semlink(folder_, {"calibrate", "f.ini", "--output=t.ini", "--calibrate.key=gate.least_confidence",
                            "--calibrate.candidates=1.01, 0", "--calibrate.loss=error", "--calibrate.alpha=0.99"});
  ASSERT_EQ(calibrated.status, 0) << calibrated.err;
  EXPECT_NE(folder_.bytes("t.ini").find("temperature = 0.00:"), std::string::npos) << folder_.bytes("t.ini");
}

/// This network has learned next to nothing and is never half sure, until its scores are divided by little.
TEST_F(ClassScenario, ReceiversGoByTheTemperature) {
  std::vector<std::string> run = {"run", "r.ini", "--gate.policy=confidence", "--gate.least_confidence=0.5",
                                  "--output=a.h5"};
  ASSERT_EQ(run_semlink(folder_, run).status, 0);
  run.back() = "--output=b.h5";
  run.emplace_back("--gate.temperature=0:0.01");
  ASSERT_EQ(run_semlink(folder_, run).status, 0);
  EXPECT_EQ(mean("a.h5", "decoder_depth"), 2);  // all blocks
  EXPECT_LT(mean("b.h5", "decoder_depth"), 1);
}

TEST_F(ClassScenario, TemperaturesWantAPolicyThatGoesByProbabilities) {
  const ProgramResult run =
      run_semlink(folder_, {"calibrate", "r.ini", "--gate.policy=class_patience", "--calibrate.key=gate.temperature"});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.err,
            "semlink: command line: calibrate.key = gate.temperature: expected a key of gate.policy, which is "
            "class_patience and goes by no probabilities of classes\n");
  const ProgramResult encoder = run_semlink(
      folder_, {"calibrate", "r.ini", "--encoder_gate.policy=entropy", "--calibrate.key=encoder_gate.temperature"});
  EXPECT_EQ(encoder.status, 0) << encoder.err;
  EXPECT_NE(folder_.bytes("results/r.ini").find("[encoder_gate]\npolicy = entropy\n"), std::string::npos);
}

TEST_F(ClassScenario, TrainingRefusesImagesOfAnotherSource) {
  const ProgramResult mixed =
      run_semlink(folder_, {"train", "train.ini", "--train.builtin_share=0.1", "--output=m.h5"});
  EXPECT_EQ(mixed.status, 2);
  EXPECT_NE(mixed.err.find("train.builtin_share is not 0"), std::string::npos) << mixed.err;
  const ProgramResult other = run_semlink(folder_, {"train", "train.ini", "--network.num_classes=7", "--output=o.h5"});
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("network.num_classes = 7: expected 10"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace semlink
