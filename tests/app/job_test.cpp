#include <semlink/app/job.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include <semlink/core/error.h>

namespace semlink {
namespace {

const char* const kScenario =
    "[source]\nkind = builtin\nheight = 8\nwidth = 8\n"
    "[codec]\nmodel = none\n"
    "[channel]\nmodel = rayleigh\n"
    "[sweep]\nchannel.snr_db = 0:5:10\nfrontend.csi = genie, ls\n";

ScenarioText parse(const std::string& text) { return parse_scenario_text(text, "a.ini", "folder"); }

std::string message_of(const std::string& text) {
  try {
    const Plugins plugins = builtin_plugins();
    const Job job(plugins, parse(text));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Job, AxesSpanTheGridAndSetTheirKeys) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins, parse(kScenario));
  EXPECT_EQ(job.grid().num_points(), 6u);
  EXPECT_EQ(job.make_link(0).point.snr_db, 0);
  EXPECT_EQ(job.make_link(5).point.snr_db, 10);
  EXPECT_EQ(job.make_link(4).front_end->num_pilots(100), 0);
  EXPECT_GT(job.make_link(5).front_end->num_pilots(100), 0);
}

TEST(Job, CommonRandomNumbersHaveNoSalt) {
  const Plugins plugins = builtin_plugins();
  const Job common(plugins, parse(kScenario));
  EXPECT_EQ(common.trial_rng(2, 7).salt, 0u);
  EXPECT_EQ(common.trial_rng(2, 7).trial, 7u);
  const Job salted(plugins, parse(std::string("[run]\ncommon_random = no\nseed = 5\n") + kScenario));
  EXPECT_EQ(salted.trial_rng(2, 7).seed, 5u);
  EXPECT_EQ(salted.trial_rng(2, 7).salt, salted.grid().salt(2));
}

TEST(Job, APointRunsTheTrialsOfItsLink) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins, parse(kScenario));
  const PointRun run = job.make_point(3);
  EXPECT_EQ(run.snr_label_db, 5.0);
  const TrialResult expected = run_trial(job.make_link(3), job.trial_rng(3, 11));
  EXPECT_EQ(run.run_trial(11).mse, expected.mse);
  EXPECT_EQ(run.run_trial(11).power.noise_energy, expected.power.noise_energy);
}

TEST(Job, WritesItselfOutSoThatItReadsBack) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse(kScenario));
  const std::string text = job.resolved_text();
  const Job again(plugins, parse(text));
  EXPECT_EQ(again.resolved_text(), text);
  EXPECT_EQ(again.grid().num_points(), 6u);
  EXPECT_NE(text.find("\n[sweep]\nchannel.snr_db = 0, 5, 10\nfrontend.csi = genie, ls\n"), std::string::npos) << text;
}

/// `semlink replay` reads what a result says of its scenario.
TEST(Job, EveryScenarioReadsBackFromWhatItsResultSays) {
  const Plugins plugins = builtin_plugins();
  const std::filesystem::path scenarios = SEMLINK_SOURCE_DIR "/scenarios";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scenarios)) {
    if (entry.path().extension() != ".ini" || entry.path().parent_path().filename() == "training") continue;
    SCOPED_TRACE(entry.path());
    ScenarioText text;
    std::string stored;
    try {
      text = read_scenario_file(entry.path());
      // Built-in images do for the axes.
      std::erase_if(text.values,
                    [](const Assignment& one) { return one.key == "source.kind" || one.key == "source.path"; });
      stored = Job(plugins, text).resolved_text();
    } catch (const Error&) {
      continue;  // weights or settings that do not come along
    }
    EXPECT_EQ(Job(plugins, parse_scenario_text(stored, "stored", text.folder)).resolved_text(), stored);
    ++count;
  }
  EXPECT_GT(count, 10);
}

TEST(Job, AnAxisMayComeBackToItsFirstValue) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse("codec.model = none\n[sweep]\nzip = channel.snr_db + frontend.csi\n"
                               "channel.snr_db = 10, 10, 0, 10\nfrontend.csi = genie, ls, genie, lmmse\n"));
  const std::string text = job.identity_text();
  EXPECT_NE(text.find("channel.snr_db = 10, 10, 0, 10\n"), std::string::npos) << text;
  EXPECT_EQ(Job(plugins, parse(text)).identity_text(), text);
}

TEST(Job, RulesOnAxesAreWrittenOutToo) {
  const Plugins plugins = builtin_plugins();
  const std::string rules = "zip = channel.snr_db+frontend.csi\nexclude = channel.snr_db=5.0 or channel.model == awgn\n";
  const Job job(plugins, parse("codec.model = none\nchannel.model = rayleigh\n[sweep]\nchannel.snr_db = 0, 5\n"
                               "frontend.csi = genie, ls\n" + rules));
  EXPECT_EQ(job.grid().num_points(), 2u);
  EXPECT_TRUE(job.grid().is_excluded(1));
  const std::string text = job.identity_text();
  EXPECT_NE(text.find("\nzip = channel.snr_db + frontend.csi\nexclude = channel.snr_db = 5 or channel.model = awgn\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(Job(plugins, parse(text)).identity_text(), text);
}

/// A path in a rule starts where the scenario lies, as those of its keys and axes do.
TEST(Job, RulesHoldForPaths) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse_scenario_text("codec.model = adaptive\n[sweep]\n"
                                             "codec.weights = weights/adaptive.h5, weights/absent.h5\n"
                                             "exclude = codec.weights = weights/absent.h5\n",
                                             "a.ini", SEMLINK_SOURCE_DIR "/scenarios"));
  EXPECT_FALSE(job.grid().is_excluded(0));
  EXPECT_TRUE(job.grid().is_excluded(1));
}

/// Given relative to anything, on a line of the scenario or on the command line, a path is the same value.
TEST(Job, PathsOnAnAxisAreTheSameFromEveryFolder) {
  const Plugins plugins = builtin_plugins();
  const std::filesystem::path folder = SEMLINK_SOURCE_DIR "/scenarios", from_here = std::filesystem::relative(folder);
  const auto with_axis = [&](const std::filesystem::path& base, const Assignment& axis) {
    ScenarioText text = parse_scenario_text("codec.model = adaptive\nrun.common_random = no\n", "a.ini", base);
    text.axes = {axis};
    return text;
  };
  const std::string key = "codec.weights", value = "weights/adaptive.h5";
  const Job one(plugins, with_axis(folder, {key, value, "a.ini:3", folder}));
  const Job two(plugins, with_axis(from_here, {key, "../scenarios/" + value, "a.ini:3", from_here}));
  const Job three(plugins, with_axis(from_here, {key, (from_here / value).string(), "command line"}));
  EXPECT_NE(one.identity_text().find("[sweep]\ncodec.weights = weights/adaptive.h5\n"), std::string::npos);
  for (const Job* other : {&two, &three}) {
    EXPECT_EQ(difference(one.grid(), other->grid()), "");
    EXPECT_EQ(one.identity_text(), other->identity_text());
    EXPECT_EQ(one.grid().salt(0), other->grid().salt(0));
    EXPECT_EQ(one.folder(), other->folder());
  }
}

TEST(Job, TenThousandPointsAreReadyWithinASecond) {
  const Plugins plugins = builtin_plugins();
  const std::clock_t start = std::clock();
  Job job(plugins, parse("codec.model = none\n[source]\nheight = 8\nwidth = 8\n[sweep]\nchannel.model = awgn, rayleigh\n"
                         "channel.snr_db = 0:0.01:24.99\nfrontend.csi = genie, ls\n"));
  job.make_point(0).run_trial(0);
  EXPECT_EQ(job.grid().num_points(), 10'000u);
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1);
}

TEST(Job, WhatDoesNotChangeResultsIsNoPartOfItsIdentity) {
  const Plugins plugins = builtin_plugins();
  const Job one(plugins, parse(std::string("[run]\nthreads = 1\nmax_trials = 5\noutput = a.h5\n") + kScenario));
  const Job two(plugins, parse(std::string("[run]\nthreads = 2\nmax_trials = 9\noutput = b.h5\n") + kScenario));
  EXPECT_EQ(one.identity_text(), two.identity_text());
  EXPECT_NE(one.resolved_text(), two.resolved_text());
}

TEST(Job, LeavesOutKeysThatDoNothingAndNotesThem) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse(std::string("channel.rician_k_db = 3\n") + kScenario));
  EXPECT_EQ(job.resolved_text().find("rician_k_db"), std::string::npos);
  ASSERT_EQ(job.notes().size(), 1u);
  EXPECT_EQ(job.notes()[0],
            "a.ini:1: channel.rician_k_db does nothing here, it belongs to channel.model or channel.beneath = rician");
}

TEST(Job, FadingActsBeneathADisturbance) {
  const Plugins plugins = builtin_plugins();
  const auto notes = [&](const std::string& lines) {
    return Job(plugins, parse("codec.model = none\n" + lines)).notes();
  };
  const std::string beneath = "channel.model = interference\nchannel.beneath = ";
  EXPECT_EQ(notes(beneath + "none\nchannel.fading = symbol\n").size(), 1u);
  EXPECT_EQ(notes(beneath + "rayleigh\nchannel.fading = symbol\n").size(), 0u);
  EXPECT_EQ(notes(beneath + "rayleigh\nchannel.rician_k_db = 3\n").size(), 1u);
  EXPECT_EQ(notes(beneath + "rician\nchannel.rician_k_db = 3\n").size(), 0u);
  EXPECT_EQ(notes("channel.model = tdl_a\nchannel.doppler_hz = 3\n").size(), 0u);
  EXPECT_EQ(notes("channel.model = mimo_tdl_a\nchannel.doppler_hz = 3\n").size(), 0u);
  EXPECT_EQ(notes("channel.model = mimo\nchannel.doppler_hz = 3\n").size(), 1u);
  EXPECT_EQ(notes("channel.model = tdl_a\nchannel.beneath = rayleigh\nchannel.doppler_hz = 3\n").size(), 1u);
}

TEST(Job, AKeyThatActsAtOnePointIsActive) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse("channel.rician_k_db = 3\ncodec.model = none\n[sweep]\nchannel.model = awgn, rician\n"));
  EXPECT_TRUE(job.notes().empty());
  EXPECT_NE(job.resolved_text().find("rician_k_db = 3"), std::string::npos);
}

TEST(Job, PathsStartFromTheFolderOfTheFile) {
  const Plugins plugins = builtin_plugins();
  Scenario scenario(plugins);
  scenario.set({"source.path", "data/x", "a.ini:1", "folder"});
  EXPECT_EQ(scenario.keys().get("source.path"), "folder/data/x");
  scenario.set({"source.path", "data/x", "command line"});
  EXPECT_EQ(scenario.keys().get("source.path"), "data/x");
  scenario.set({"source.path", "/data/x", "a.ini:1", "folder"});
  EXPECT_EQ(scenario.keys().get("source.path"), "/data/x");
}

TEST(Job, ErrorsBeginWithFileAndLine) {
  EXPECT_EQ(message_of("[channel]\nsnr_db = 1e9\n").substr(0, 32), "a.ini:2: channel.snr_db = 1e9: e");
  EXPECT_EQ(message_of("codec.model = none\ntransmitter.snr = loud\n"),
            "a.ini:2: transmitter.snr = loud: expected average, instantaneous, delayed, none or a number in dB");
  EXPECT_EQ(message_of("[sweep]\nchannel.snr_db = 1, x\n"), 
            "a.ini:2: sweep.channel.snr_db = 1, x: channel.snr_db = x: expected a number");
}

TEST(Job, ValuesMustFitOnALineOfAFile) {
  EXPECT_EQ(message_of("source.path = x\n").find("line"), std::string::npos);
  const Plugins plugins = builtin_plugins();
  Scenario scenario(plugins);
  EXPECT_THROW(scenario.set({"source.path", "a\nb", "command line"}), Error);
  EXPECT_THROW(scenario.set({"source.path", "a #b", "command line"}), Error);
  EXPECT_THROW(scenario.set({"source.path", "#b", "command line"}), Error);
}

/// Counts how often sources are made.
struct CountingSource final : Source {
  Sample sample(const TrialRng&) const override { return {}; }
  Index size() const override { return 1; }
};

class CountingPlugin final : public Plugin<Source> {
 public:
  explicit CountingPlugin(int& made) : made_(made) {}
  void declare(Keys& keys) override { keys.number("source.level", level_); }
  std::unique_ptr<const Source> make() const override {
    ++made_;
    return std::make_unique<CountingSource>();
  }

 private:
  int& made_;
  double level_ = 0;
};

TEST(LinkBuilder, PointsWithTheSameSettingsShareTheirSource) {
  int made = 0;
  Plugins plugins = builtin_plugins();
  plugins.sources.add("counting", "For this test.", [&](const std::string&) { return std::make_unique<CountingPlugin>(made); });
  const Job job(plugins, parse("source.kind = counting\ncodec.model = none\n[sweep]\nchannel.snr_db = 1, 2, 3\nsource.level = 1, 2\n"));
  EXPECT_EQ(made, 2);
}

}  // namespace
}  // namespace semlink
