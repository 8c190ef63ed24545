// Runs the real executable on calibrations small enough for a test.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <semlink/data/image_file.h>

#include "app/run_semlink.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

/// A codec without stages: every candidate loses nothing.
const std::string kNoStages =
    "[source]\nkind = builtin\nheight = 8\nwidth = 8\n"
    "[codec]\nmodel = none\n"
    "[gate]\npolicy = learned\nmac_budget = 1000\n"
    "[calibrate]\ncandidates = 0.25, 0.5\nalpha = 0.2\n"
    "[run]\nmax_trials = 30\nthreads = 1\n"
    "[sweep]\nchannel.snr_db = 0, 10\n";

TEST(Calibrate, WritesSettingsThatAScenarioCanInclude) {
  const TemporaryFolder folder;
  folder.write("c.ini", kNoStages);
  const ProgramResult calibrated = run_semlink(folder, {"calibrate", "c.ini"});
  EXPECT_EQ(calibrated.status, 0) << calibrated.err;
  EXPECT_EQ(calibrated.err, "");
  EXPECT_TRUE(calibrated.out.ends_with("results/c.ini\n")) << calibrated.out;
  const std::string fragment = folder.bytes("results/c.ini");
  EXPECT_NE(fragment.find("# Promise: with a confidence of 0.9 the mean of"), std::string::npos) << fragment;
  EXPECT_NE(fragment.find("[gate]\npolicy = learned\nthreshold = 0.25\nmac_budget = 1000\n"), std::string::npos)
      << fragment;

  folder.write("v.ini", "include = c.ini, results/c.ini\n");
  const ProgramResult verified = run_semlink(folder, {"verify", "v.ini"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_NE(verified.out.find("held: risk at most 0.2\n"), std::string::npos) << verified.out;
  EXPECT_NE(verified.out.find("channel.snr_db = 10:"), std::string::npos) << verified.out;
  EXPECT_EQ(run_semlink(folder, {"run", "v.ini"}).status, 0);
}

TEST(Calibrate, NeverOverwritesUnasked) {
  const TemporaryFolder folder;
  folder.write("c.ini", kNoStages);
  folder.write("out.ini", "kept");
  EXPECT_EQ(run_semlink(folder, {"calibrate", "c.ini", "--output=out.ini"}).status, 2);
  EXPECT_EQ(folder.bytes("out.ini"), "kept");
  EXPECT_EQ(run_semlink(folder, {"calibrate", "c.ini", "--output=out.ini", "--overwrite"}).status, 0);
  EXPECT_NE(folder.bytes("out.ini"), "kept");
}

TEST(Calibrate, WithTooFewTrialsNothingIsPromised) {
  const TemporaryFolder folder;
  folder.write("c.ini", kNoStages);
  const ProgramResult result = run_semlink(folder, {"calibrate", "c.ini", "--run.max_trials=10"});
  EXPECT_EQ(result.status, 1) << result.err;
  // 0.8^11 < 0.1 < 0.8^10.
  EXPECT_NE(result.out.find("at least 11 even without any loss"), std::string::npos) << result.out;
  EXPECT_FALSE(std::filesystem::exists(folder / "results/c.ini"));
}

TEST(Calibrate, RefusesKeysItCannotCalibrate) {
  const TemporaryFolder folder;
  folder.write("c.ini", kNoStages);
  EXPECT_EQ(run_semlink(folder, {"calibrate", "c.ini", "--calibrate.key=gate.depth"}).err,
            "semlink: command line: calibrate.key = gate.depth: expected a key of gate.policy = learned, one of "
            "gate.threshold gate.mac_budget\n");
  EXPECT_EQ(run_semlink(folder, {"calibrate", "c.ini", "--sweep.gate.threshold=1,2"}).err,
            "semlink: command line: gate.threshold: expected no axis of the key that is calibrated\n");
  const ProgramResult bad = run_semlink(folder, {"calibrate", "c.ini", "--calibrate.candidates=1,-1"});
  EXPECT_EQ(bad.status, 2);
  EXPECT_NE(bad.err.find("command line: calibrate.candidates: "), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("gate.threshold = -1: expected [0, 1e+06]"), std::string::npos) << bad.err;
}

/// 30 pictures of 8x8, below `name` or below each of `parts` in it.
void write_pictures(const TemporaryFolder& folder, const std::string& name, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    const std::filesystem::path place = folder / name / part;
    std::filesystem::create_directories(place);
    for (int i = 0; i < 30; ++i)
      write_png(place / (std::to_string(i) + ".png"), {8, 8, std::vector<float>(192, static_cast<float>(i) / 30)});
  }
}

TEST(Calibrate, PromisesNothingOnPicturesThatServeEverySplit) {
  const TemporaryFolder folder;
  folder.write("c.ini", kNoStages);
  write_pictures(folder, "mixed", {""});
  write_pictures(folder, "parted", {"calibration", "test"});
  const auto run = [&](const std::string& command, const std::string& path) {
    return run_semlink(folder, {command, "c.ini", "--source.kind=images", "--source.path=" + path});
  };
  for (const std::string command : {"calibrate", "verify"}) {
    const ProgramResult refused = run(command, "mixed");
    EXPECT_EQ(refused.status, 2) << refused.out;
    EXPECT_NE(refused.err.find("semlink: command line: source.path = mixed: the same pictures serve every split: "
                               "expected subfolders calibration and test with pictures of their own\n"),
              std::string::npos)
        << refused.err;
    const ProgramResult promised = run(command, "parted");
    EXPECT_EQ(promised.status, 0) << promised.err;
  }
  EXPECT_EQ(run("run", "mixed").status, 0);
}

TEST(Calibrate, TrainingNeedsPicturesOfItsOwnToo) {
  const TemporaryFolder folder;
  folder.write("t.ini", "[source]\nkind = images\npath = mixed\n[train]\nnum_images = 4\n");
  write_pictures(folder, "mixed", {""});
  const ProgramResult trained = run_semlink(folder, {"train", "t.ini"});
  EXPECT_EQ(trained.status, 2) << trained.out;
  EXPECT_NE(trained.err.find("t.ini:3: source.path = "), std::string::npos) << trained.err;
  EXPECT_NE(trained.err.find("expected subfolders train and validation"), std::string::npos) << trained.err;
}

TEST(Calibrate, SaysWhenARiskIsNotKept) {
  const TemporaryFolder folder;
  // Depth 0 against the full network, with next to no loss tolerated.
  folder.write("c.ini", "[codec]\nweights = " SEMLINK_SOURCE_DIR
                        "/scenarios/weights/adaptive.h5\n"
                        "[gate]\npolicy = fixed_depth\ndepth = 0\n"
                        "[calibrate]\nkey = gate.depth\ncandidates = 100, 0\nalpha = 0.001\n"
                        "[run]\nmax_trials = 16\n");
  const ProgramResult verified = run_semlink(folder, {"verify", "c.ini"});
  EXPECT_EQ(verified.status, 1) << verified.err;
  EXPECT_NE(verified.out.find("broken: risk above 0.001\n"), std::string::npos) << verified.out;
  const ProgramResult calibrated = run_semlink(folder, {"calibrate", "c.ini", "--calibrate.alpha=0.15"});
  EXPECT_EQ(calibrated.status, 0) << calibrated.out;
  EXPECT_NE(folder.bytes("results/c.ini").find("\ndepth = "), std::string::npos);
}

}  // namespace
}  // namespace semlink
