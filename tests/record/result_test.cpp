#include <gtest/gtest.h>

#include <semlink/record/netcdf.h>
#include <semlink/record/recorded_sweep.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "support/errors.h"
#include "support/result_contents.h"
#include "support/result_examples.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

using IfExists = RecordSettings::IfExists;

class ResultFile : public testing::Test {
 protected:
  TemporaryFolder folder;
  std::filesystem::path path = folder / "r.h5";
};

TEST_F(ResultFile, HoldsMetricsOverTheAxes) {
  RecordedSweep sweep = example_sweep(path);
  EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  EXPECT_EQ(root.read_strings("channel_model"), (std::vector<std::string>{"awgn", "rayleigh"}));
  EXPECT_EQ(root.read<double>("channel_snr_db").values, (std::vector<double>{0, 2.5, 5}));
  EXPECT_EQ(root.description("channel_snr_db", "units"), "dB");
  EXPECT_EQ(root.shape("psnr_db"), (H5Shape{2, 3}));
  EXPECT_EQ(dimension_names(root, "psnr_db"), (std::vector<std::string>{"channel_model", "channel_snr_db"}));
  EXPECT_EQ(root.read<std::int64_t>("num_trials").values, std::vector<std::int64_t>(6, 100));
  EXPECT_EQ(root.read<std::int8_t>("ledger_ok").values, std::vector<std::int8_t>(6, 1));
  const double psnr = root.read<double>("psnr_db").values[2];
  EXPECT_NEAR(psnr, 30, 5 * 0.1);  // one trial scatters by 1 dB
  EXPECT_LT(root.read<double>("psnr_db_ci95_low").values[2], psnr);
  EXPECT_GT(root.read<double>("psnr_db_ci95_high").values[2], psnr);
  EXPECT_TRUE(root.has_dataset("psnr_mean_mse_db"));
  EXPECT_TRUE(root.has_dataset("snr_measured_db"));
  EXPECT_FALSE(root.has_dataset("ms_ssim"));  // measured nowhere
  EXPECT_FALSE(root.has_group("trials"));
  EXPECT_EQ(root.text_attribute("format"), "semlink-result");
  EXPECT_EQ(root.text_attribute("codec.model"), "none");
  EXPECT_FALSE(root.has_attribute("run.threads"));
  EXPECT_EQ(root.group("run").text_attribute("run.threads"), "2");
}

TEST_F(ResultFile, EveryAxisOfEveryVariableHasItsDimension) {
  RecordedSweep sweep = clustered_sweep(path);
  sweep.record.trials = "all";
  run_quietly(sweep);
  const H5File file = H5File::open(path);
  std::vector<std::string> groups = file.root().group_names();
  EXPECT_EQ(groups, (std::vector<std::string>{"blocks", "clusters", "trials", "run"}));
  const auto check = [](const H5Group& group) {
    for (const std::string& variable : group.dataset_names())
      for (const std::string& dimension : dimension_names(group, variable))
        EXPECT_TRUE(group.has_dataset(dimension)) << group.location() << " " << variable;
  };
  check(file.root());
  for (const std::string& name : groups) check(file.root().group(name));
}

TEST_F(ResultFile, WithoutAxesHoldsScalars) {
  RecordedSweep sweep = example_sweep(path);
  sweep.grid = Grid();
  run_quietly(sweep);
  EXPECT_EQ(H5File::open(path).root().shape("psnr_db"), H5Shape());
  EXPECT_EQ(read_result(path).state.grid.num_points(), 1u);
}

TEST_F(ResultFile, ZippedAxesAreCoordinatesOfOneDimensionAndExcludedPointsAreEmpty) {
  RecordedSweep sweep = example_sweep(path);
  sweep.grid =
      Grid({Axis{.key = "channel.model", .texts = {"awgn", "rayleigh", "rician"}, .unit = "1", .long_name = "Model."},
            sweep.grid.axes()[1]},
           {{"channel.model", "channel.snr_db"}});
  sweep.grid.exclude({false, true, false});
  EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  EXPECT_EQ(dimension_names(root, "psnr_db"), std::vector<std::string>{"zip_1"});
  EXPECT_EQ(dimension_names(root, "channel_snr_db"), std::vector<std::string>{"zip_1"});
  EXPECT_EQ(root.text_attribute("coordinates"), "channel_model channel_snr_db");
  EXPECT_EQ(root.read<std::int64_t>("num_trials").values, (std::vector<std::int64_t>{100, 0, 100}));
  EXPECT_TRUE(std::isnan(root.read<double>("psnr_db").values[1]));
  EXPECT_EQ(root.read<std::int8_t>("stop_reason").values[1], static_cast<int>(StopReason::excluded));
  EXPECT_EQ(difference(read_result(path).state.grid, sweep.grid), "");
}

TEST_F(ResultFile, OneAndThreeThreadsGiveTheSameBytes) {
  for (RecordedSweep (*make)(const std::filesystem::path&, std::int64_t, int) : {&example_sweep, &clustered_sweep}) {
    for (const int threads : {1, 3}) {
      RecordedSweep sweep = make(folder / ("threads" + std::to_string(threads) + ".h5"), 500, threads);
      sweep.record.trials = "70";
      sweep.record.if_exists = IfExists::replace;
      run_quietly(sweep);
    }
    EXPECT_EQ(contents(folder / "threads1.h5"), contents(folder / "threads3.h5"));
  }
}

TEST_F(ResultFile, InterruptedAndResumedEqualsUndisturbed) {
  for (RecordedSweep (*make)(const std::filesystem::path&, std::int64_t, int) : {&example_sweep, &clustered_sweep}) {
    RecordedSweep sweep = make(path, 300, 2);
    sweep.record.trials = "all";
    sweep.record.if_exists = IfExists::replace;
    std::atomic<bool> stop = false;
    RecordedSweep broken = sweep;
    broken.run.threads = 1;  // with more, others may lag behind point 3
    interrupt_at(broken, 3, 150, stop);
    std::ostringstream out;
    EXPECT_EQ(run_recorded(broken, out, false, stop), RecordedEnd::interrupted);
    EXPECT_NE(out.str().find("the same command goes on"), std::string::npos) << out.str();
    const Result partial = read_result(path);
    EXPECT_TRUE(partial.state.points[2].finished());
    EXPECT_FALSE(partial.state.points[3].finished());
    EXPECT_GT(partial.state.points[3].total.num_trials, 0);
    EXPECT_EQ(H5File::open(path).root().integer_attribute("complete"), 0);

    sweep.record.if_exists = IfExists::resume;
    EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
    sweep.record.output = folder / "undisturbed.h5";
    sweep.record.if_exists = IfExists::replace;
    run_quietly(sweep);
    EXPECT_EQ(contents(path), contents(folder / "undisturbed.h5"));
  }
}

TEST_F(ResultFile, ResumeWithMoreTrialsEqualsALongerRun) {
  for (RecordedSweep (*make)(const std::filesystem::path&, std::int64_t, int) : {&example_sweep, &clustered_sweep}) {
    RecordedSweep sweep = make(path, 100, 2);
    sweep.record.trials = "all";
    sweep.record.if_exists = IfExists::replace;
    run_quietly(sweep);
    sweep.run.max_trials = 333;
    sweep.record.if_exists = IfExists::resume;
    run_quietly(sweep);
    sweep.record.output = folder / "longer.h5";
    run_quietly(sweep);
    EXPECT_EQ(contents(path), contents(folder / "longer.h5"));
    std::filesystem::remove(folder / "longer.h5");
  }
}

TEST_F(ResultFile, ResumingAFinishedRunChangesNothing) {
  RecordedSweep sweep = example_sweep(path);
  run_quietly(sweep);
  const std::string before = folder.bytes("r.h5");
  sweep.record.if_exists = IfExists::resume;
  sweep.make_point = [](std::size_t) -> PointRun { throw Error(ErrorCode::bad_argument, "was run again"); };
  std::string shown;
  EXPECT_EQ(run_quietly(sweep, &shown), RecordedEnd::complete);
  EXPECT_EQ(folder.bytes("r.h5"), before);
  EXPECT_TRUE(shown.ends_with("\n" + path.string() + "\n")) << shown;
}

TEST_F(ResultFile, ResumeRefusesAnotherSweepAndSaysWhy) {
  run_quietly(example_sweep(path));
  const std::string before = folder.bytes("r.h5");
  const auto refused = [&](const std::function<void(RecordedSweep&)>& change) {
    RecordedSweep sweep = example_sweep(path, 200);
    sweep.record.if_exists = IfExists::resume;
    change(sweep);
    const std::string message = message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); });
    EXPECT_EQ(folder.bytes("r.h5"), before);
    return message;
  };
  const auto expect_part = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect_part(refused([](auto& s) { s.provenance.settings[0].value = "adaptive"; }),
              "cannot be resumed: codec.model was none and is adaptive now");
  expect_part(refused([](auto& s) { s.provenance.weights_checksum = "1"; }),
              "weights checksum was 0badcafe and is 1 now");
  expect_part(refused([](auto& s) { s.provenance.arithmetic = "abacus"; }), "arithmetic level");
  expect_part(refused([](auto& s) { s.provenance.results_version = 0; }), "version of the numbers was " + std::to_string(kResultsVersion) + " and is 0 now");
  expect_part(refused([](auto& s) { s.record.trials = "5"; }), "record.trials was none and is 5 now");
  expect_part(refused([](auto& s) { s.grid = Grid(); }), "axes are channel.model, channel.snr_db, expected none");
  expect_part(refused([](auto& s) {
                auto axes = s.grid.axes();
                axes[0].texts[1] = "rician";
                s.grid = Grid(axes);
              }),
              "other values of channel.model");
}

TEST_F(ResultFile, ThreadsMayChangeOnResume) {
  run_quietly(example_sweep(path, 100, 1));
  RecordedSweep sweep = example_sweep(path, 200, 2);
  sweep.record.if_exists = IfExists::resume;
  EXPECT_EQ(run_quietly(sweep), RecordedEnd::complete);
}

TEST_F(ResultFile, ExistingOutputIsRefusedUntouched) {
  folder.write("r.h5", "precious");
  const std::string message = message_of(ErrorCode::bad_file, [&] { run_quietly(example_sweep(path)); });
  EXPECT_NE(message.find("--overwrite"), std::string::npos) << message;
  EXPECT_EQ(folder.bytes("r.h5"), "precious");
  RecordedSweep resuming = example_sweep(path);
  resuming.record.if_exists = IfExists::resume;
  message_of(ErrorCode::bad_file, [&] { run_quietly(resuming); });
  EXPECT_EQ(folder.bytes("r.h5"), "precious");
}

TEST_F(ResultFile, FailingTrialKeepsWhatIsComplete) {
  RecordedSweep sweep = example_sweep(path);
  sweep.make_point = [inner = sweep.make_point](std::size_t point) {
    if (point == 4) throw Error(ErrorCode::bad_file, "weights are gone");
    return inner(point);
  };
  EXPECT_EQ(message_of(ErrorCode::bad_file, [&] { run_quietly(sweep); }), "weights are gone");
  EXPECT_TRUE(read_result(path).state.points[0].finished());
  EXPECT_EQ(folder.names(), std::vector<std::string>{"r.h5"});
}

TEST_F(ResultFile, LedgerThatIsOffKeepsTheFileAndIsTold) {
  RecordedSweep sweep = example_sweep(path);
  sweep.make_point = [inner = sweep.make_point](std::size_t point) {
    PointRun run = inner(point);
    if (point == 1) *run.snr_label_db += 3;
    return run;
  };
  std::string shown;
  EXPECT_EQ(run_quietly(sweep, &shown), RecordedEnd::ledger_off);
  EXPECT_NE(shown.find("power ledger off at 1 of 6 points"), std::string::npos) << shown;
  EXPECT_EQ(H5File::open(path).root().read<std::int8_t>("ledger_ok").values,
            (std::vector<std::int8_t>{1, 0, 1, 1, 1, 1}));
}

TEST_F(ResultFile, TrialRowsAreInOrderAndComplete) {
  RecordedSweep sweep = example_sweep(path, 100, 3);
  sweep.record.trials = "40";
  run_quietly(sweep);
  const H5File file = H5File::open(path);
  const H5Group trials = file.root().group("trials");
  const auto point = trials.read<std::int64_t>("point").values, trial = trials.read<std::int64_t>("trial").values;
  const auto psnr = trials.read<double>("psnr_db").values;
  ASSERT_EQ(point.size(), 6u * 40);
  for (std::size_t i = 0; i < point.size(); ++i) {
    EXPECT_EQ(point[i], static_cast<std::int64_t>(i / 40));
    EXPECT_EQ(trial[i], static_cast<std::int64_t>(i % 40));
    EXPECT_EQ(psnr[i], example_trial(0, i % 40).psnr_db);
  }
}

TEST_F(ResultFile, MoreRowsThanABatchSurviveAResume) {
  RecordedSweep sweep = example_sweep(path, 7001, 2);  // 42006 rows, a batch has 32768
  sweep.record.trials = "all";
  run_quietly(sweep);
  sweep.run.max_trials = 7002;
  sweep.record.if_exists = IfExists::resume;
  run_quietly(sweep);
  const H5File file = H5File::open(path);
  EXPECT_EQ(file.root().group("trials").shape("row"), H5Shape{6 * 7002});
  const auto trial = file.root().group("trials").read<std::int64_t>("trial").values;
  for (std::size_t i = 0; i < trial.size(); ++i) ASSERT_EQ(trial[i], static_cast<std::int64_t>(i % 7002));
}

TEST_F(ResultFile, BadRecordTrialsIsRefused) {
  RecordSettings settings;
  for (const char* text : {"", "some", "0", "-1", "1.5", "3x"}) {
    settings.trials = text;
    EXPECT_NE(message_of(ErrorCode::bad_scenario, [&] { settings.num_rows(); }).find("record.trials"),
              std::string::npos);
  }
}

TEST_F(ResultFile, ReadsBackWhatItWrote) {
  RecordedSweep sweep = clustered_sweep(path);
  run_quietly(sweep);
  const Result result = read_result(path);
  EXPECT_EQ(result.head.provenance.scenario, sweep.provenance.scenario);
  EXPECT_EQ(result.head.run.scenario, sweep.full_scenario);
  EXPECT_EQ(result.head.run.scenario_folder, sweep.scenario_folder);
  EXPECT_EQ(result.head.run.command_line, sweep.command_line);
  EXPECT_EQ(result.head.run.threads, 2);
  EXPECT_EQ(difference(result.head.provenance, sweep.provenance), "");
  EXPECT_EQ(result.state.grid.label(5), "channel.model = rayleigh, channel.snr_db = 5");
  EXPECT_EQ(result.state.grid.salt(5), sweep.grid.salt(5));
  EXPECT_EQ(result.state.points[5].snr_label_db, 5);
  EXPECT_EQ(result.state.points[5].clusters.num_samples, 10);
}

class DamagedResult : public ResultFile {
 protected:
  DamagedResult() {
    RecordedSweep sweep = clustered_sweep(path, 40);
    sweep.record.trials = "2";
    run_quietly(sweep);
  }
};

TEST_F(DamagedResult, IsRefusedWhereverItIsCutOff) {
  const std::string whole = folder.bytes("r.h5");
  for (std::size_t length = 0; length < whole.size(); length += 1009) {
    folder.write("cut.h5", whole.substr(0, length));
    EXPECT_THROW(read_result(folder / "cut.h5"), Error) << length;
  }
}

TEST_F(DamagedResult, FlippedBytesGiveAnErrorOrAResultButNoCrash) {
  const std::string whole = folder.bytes("r.h5");
  Stream stream(1, Purpose::user, 0);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    for (int k = 0; k < 20; ++k) damaged[stream.below(damaged.size())] = static_cast<char>(stream.below(256));
    folder.write("damaged.h5", damaged);
    try {
      const Result result = read_result(folder / "damaged.h5");
      TrialSpool spool(folder / ".");
      read_trial_rows(folder / "damaged.h5", result.state, spool);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(DamagedResult, OtherFormatsAreNamed) {
  {
    NewH5File file(folder / "other.h5", NewH5File::IfExists::refuse);
    file.root().set_attribute("format", "semlink-model");
    file.commit();
  }
  EXPECT_NE(message_of(ErrorCode::bad_file, [&] { read_result(folder / "other.h5"); }).find("not a result"),
            std::string::npos);
  {
    NewH5File file(folder / "newer.h5", NewH5File::IfExists::refuse);
    file.root().set_attribute("format", "semlink-result");
    file.root().set_attribute("format_version", std::int64_t{2});
    file.root().set_attribute("block_trials", kUnitTrials);
    file.commit();
  }
  EXPECT_NE(message_of(ErrorCode::bad_file, [&] { read_result(folder / "newer.h5"); }).find("format 2, expected 1"),
            std::string::npos);
}

}  // namespace
}  // namespace semlink
