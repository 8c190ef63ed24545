// Runs the real executable: messages and exit statuses are what a user sees.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <semlink/app/plugins.h>
#include "app/run_semlink.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

const std::string kGoodScenario =
    "# Does it run?\n"
    "[source]\nkind = builtin\nheight = 8\nwidth = 8\n"
    "[codec]\nmodel = none\n"
    "[run]\nmax_trials = 4\nthreads = 1\n";

struct BadScenario {
  const char* name;
  const char* text;     ///< appended to the good scenario
  std::string message;  ///< all of standard error
};

std::string channel_models() {
  std::string text;
  for (const std::string& name : builtin_plugins().channels.names()) text += (text.empty() ? "" : " ") + name;
  return text;
}

void PrintTo(const BadScenario& bad, std::ostream* out) { *out << bad.name; }

class BadScenarios : public testing::TestWithParam<BadScenario> {};

TEST_P(BadScenarios, GiveOneClearLineAndLeaveResultsAlone) {
  const TemporaryFolder folder;
  folder.write("bad.ini", kGoodScenario + GetParam().text);
  folder.write("old.h5", "an older result");
  const ProgramResult result = run_semlink(folder, {"run", "bad.ini", "--output=old.h5", "--overwrite"});
  EXPECT_EQ(result.err, "semlink: " + GetParam().message + "\n");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(folder.bytes("old.h5"), "an older result");
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadScenarios,
    testing::Values(
        BadScenario{"unknown key", "[channel]\nsnrdb = 3\n",
                    "bad.ini:12: unknown key channel.snrdb; did you mean channel.snr_db?"},
        BadScenario{"unknown section", "[chanel]\nmodel = awgn\n",
                    "bad.ini:12: unknown key chanel.model; did you mean channel.model?"},
        BadScenario{"wrong type", "[channel]\nsnr_db = loud\n", "bad.ini:12: channel.snr_db = loud: expected a number"},
        BadScenario{"not an integer", "[encoder_gate]\n[source]\nsplit = none\n",
                    "bad.ini:13: source.split = none: expected one of train validation calibration test"},
        BadScenario{"out of range", "[run]\nmin_errors = 0\n", "bad.ini:12: run.min_errors = 0: expected [1, 1e+09]"},
        BadScenario{"no such model", "[channel]\nmodel = nope\n",
                    "bad.ini:12: channel.model = nope: expected one of " + channel_models()},
        BadScenario{
            "bad transmitter knowledge", "[transmitter]\nsnr = perfect\n",
            "bad.ini:12: transmitter.snr = perfect: expected average, instantaneous, delayed, none or a number in dB"},
        BadScenario{"key twice", "[run]\nseed = 1\nseed = 2\n", "bad.ini:13: run.seed stands twice, first in line 12"},
        BadScenario{"empty axis", "[sweep]\nchannel.snr_db =\n",
                    "bad.ini:12: channel.snr_db = : expected a list of values for the axis"},
        BadScenario{"unknown axis", "[sweep]\nchannel.snr = 1, 2\n",
                    "bad.ini:12: unknown key channel.snr; did you mean channel.snr_db?"},
        BadScenario{"bad axis value", "[sweep]\nchannel.snr_db = 1, two\n",
                    "bad.ini:12: sweep.channel.snr_db = 1, two: channel.snr_db = two: expected a number"},
        BadScenario{
            "axes of different lengths",
            "[sweep]\nchannel.snr_db = 1, 2\nchannel.model = awgn\nzip = channel.snr_db + channel.model\n",
            "bad.ini:14: sweep.zip = channel.snr_db + channel.model: channel.snr_db has 2 values and channel.model 1: "
            "axes that run together need as many"},
        BadScenario{"rule that leaves nothing", "[sweep]\nchannel.snr_db = 1, 2\nexclude = channel.snr_db > 0\n",
                    "bad.ini:13: sweep.exclude = channel.snr_db > 0: every point is excluded"},
        BadScenario{"no such quiet axis", "[run]\nquiet_axis = channel.snr_db\n",
                    "bad.ini:12: run.quiet_axis = channel.snr_db: expected an axis of the sweep; axes: none"},
        BadScenario{"no assignment", "snr_db 3\n",
                    "bad.ini:11: \"snr_db 3\": expected key = value, [section] or a comment"}));

ProgramResult run_good(const TemporaryFolder& folder, const std::vector<std::string>& more,
                       const std::string& before = "") {
  folder.write("good.ini", kGoodScenario);
  std::vector<std::string> arguments{"run", "good.ini"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_semlink(folder, arguments, before);
}

TEST(Program, RunsAScenarioAndNamesTheResultLast) {
  const TemporaryFolder folder;
  const ProgramResult result = run_good(folder, {"--sweep.channel.snr_db=0, 10"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out.ends_with("results/good.h5\n")) << result.out;
  EXPECT_TRUE(std::filesystem::exists(folder / "results/good.h5"));
}

TEST(Program, ProfilesEveryStageOfEveryTrial) {
  const TemporaryFolder folder;
  const ProgramResult result = run_good(folder, {"--profile", "--sweep.channel.snr_db=0, 10", "--threads=2"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("profile of 8 trials"), std::string::npos) << result.out;
  std::size_t at = result.out.find("profile of");
  for (const char* stage : {"source", "encode", "frame", "channel", "front end", "header", "decode", "measure"}) {
    at = result.out.find(std::string("\n") + stage + " ", at);
    EXPECT_NE(at, std::string::npos) << stage << " in " << result.out;
  }
}

TEST(Program, DryRunTellsPointsTimeAndSizeAndWritesNothing) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_good(folder, {"--sweep.channel.snr_db=0, 10", "--sweep.channel.model=awgn, rayleigh", "--dry-run",
                        "--sweep.exclude=channel.model = awgn and channel.snr_db > 5"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("points: 3, 1 excluded\n")) << result.out;
  EXPECT_NE(result.out.find("  2  channel.snr_db = 10, channel.model = awgn  (excluded)\n"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("\ntrials: 4 per point, 12 in all\ntime: about 1 s on 1 thread ("), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("results/good.h5\n"), std::string::npos) << result.out;
  EXPECT_FALSE(std::filesystem::exists(folder / "results"));
}

TEST(Program, QuietNamesOnlyTheResultAndTheLogKeepsTheTable) {
  const TemporaryFolder folder;
  const ProgramResult result = run_good(folder, {"--quiet", "--log=run.log", "--sweep.channel.snr_db=0, 10"});
  EXPECT_EQ(result.out, "results/good.h5\n") << result.err;
  const std::string log = folder.bytes("run.log");
  EXPECT_TRUE(log.starts_with("semlink run good.ini --quiet")) << log;
  EXPECT_NE(log.find("channel.snr_db  "), std::string::npos) << log;
  EXPECT_TRUE(log.ends_with("results/good.h5\n")) << log;
  EXPECT_EQ(run_good(folder, {"--log=no/such/folder", "--overwrite"}).err,
            "semlink: log no/such/folder: cannot be written\n");
}

TEST(Program, RulesOnAxesComeFromFileAndCommandLine) {
  const TemporaryFolder folder;
  folder.write("ruled.ini", kGoodScenario +
                                "[sweep]\nchannel.snr_db = 0, 10\nchannel.model = awgn, rayleigh\n"
                                "zip = channel.snr_db + channel.model\n");
  const ProgramResult zipped = run_semlink(folder, {"run", "ruled.ini", "--output=a.h5"});
  EXPECT_EQ(zipped.status, 0) << zipped.err;
  EXPECT_NE(run_semlink(folder, {"info", "a.h5"}).out.find("2 of 2 points finished"), std::string::npos);
  const ProgramResult replayed = run_semlink(folder, {"replay", "a.h5", "--point=1", "--trial=0"});
  EXPECT_TRUE(replayed.out.starts_with("channel.snr_db = 10, channel.model = rayleigh\n")) << replayed.err;
  const ProgramResult all =
      run_semlink(folder, {"run", "ruled.ini", "--output=b.h5",
                           "--sweep.zip=", "--sweep.exclude=channel.model = rayleigh and channel.snr_db = 0"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_NE(run_semlink(folder, {"info", "b.h5"}).out.find("3 of 3 points finished"), std::string::npos);
  EXPECT_EQ(run_semlink(folder, {"replay", "b.h5", "--point=1", "--trial=0"}).err,
            "semlink: command line: --point = 1: the sweep excludes this point\n");
}

TEST(Program, NeverOverwritesAResultUnasked) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_good(folder, {}).status, 0);
  const std::string before = folder.bytes("results/good.h5");
  const ProgramResult second = run_good(folder, {"--channel.snr_db=1"});
  EXPECT_EQ(second.status, 2);
  EXPECT_NE(second.err.find("results/good.h5"), std::string::npos) << second.err;
  EXPECT_EQ(folder.bytes("results/good.h5"), before);
  EXPECT_EQ(run_good(folder, {"--channel.snr_db=1", "--overwrite"}).status, 0);
  EXPECT_NE(folder.bytes("results/good.h5"), before);
}

TEST(Program, RefusesBadCommandLines) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_good(folder, {"stray"}).status, 2);
  EXPECT_EQ(run_good(folder, {"--channel.snr=1"}).err,
            "semlink: command line: unknown key channel.snr; did you mean channel.snr_db?\n");
  EXPECT_EQ(run_good(folder, {"--threads=-1"}).err, "semlink: command line: run.threads = -1: expected [0, 4096]\n");
  EXPECT_EQ(run_semlink(folder, {"run", "missing.ini"}).err,
            "semlink: scenario missing.ini: No such file or directory\n");
  EXPECT_EQ(run_semlink(folder, {"run", "missing.ini"}).status, 2);
  EXPECT_EQ(run_semlink(folder, {"walk"}).status, 2);
  EXPECT_EQ(run_semlink(folder, {}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(folder / "results"));
}

TEST(Program, RefusesResumeTogetherWithOverwrite) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_good(folder, {"--resume", "--overwrite"}).status, 2);
}

TEST(Program, NotesKeysThatDoNothing) {
  const TemporaryFolder folder;
  const ProgramResult result = run_good(folder, {"--channel.rician_k_db=3"});
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.err.find("command line: channel.rician_k_db does nothing here, it belongs to channel.model or "
                            "channel.beneath = rician"),
            std::string::npos)
      << result.err;
}

TEST(Program, AnInterruptedRunGoesOnWithResumeToTheSameNumbers) {
  const TemporaryFolder folder;
  const std::vector<std::string> longer{"--run.max_trials=5000", "--threads=1", "--sweep.channel.snr_db=0, 10"};
  // As soon as the run has begun, however long that takes.
  const std::string interrupted =
      "sh -c '(for i in $(seq 3000); do [ -e results/good.h5.journal ] && kill -INT $$ && exit; sleep 0.01; done) & "
      "exec \"$@\"' sh";
  ASSERT_EQ(run_good(folder, longer, interrupted).status, 1);
  std::vector<std::string> resumed = longer;
  resumed.push_back("--resume");
  const ProgramResult result = run_good(folder, resumed);
  EXPECT_EQ(result.status, 0) << result.err;
  std::vector<std::string> at_once = longer;
  at_once.push_back("--output=at_once.h5");
  ASSERT_EQ(run_good(folder, at_once).status, 0);
  // `info` prints the table, which is read from the stored numbers.
  const auto table = [&](const char* file) {
    const std::string text = run_semlink(folder, {"info", file}).out;
    return text.substr(text.find("[sweep]"));
  };
  EXPECT_EQ(table("results/good.h5"), table("at_once.h5"));
}

TEST(Program, ReplaysATrialOfAResultFromAnywhere) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_good(folder, {"--sweep.channel.snr_db=0, 10"}).status, 0);
  const std::vector<std::string> replay{"replay", "results/good.h5", "--point=1", "--trial=3", "--png=pair.png"};
  const ProgramResult result = run_semlink(folder, replay);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("channel.snr_db = 10\n")) << result.out;
  EXPECT_NE(result.out.find("\npsnr_db "), std::string::npos) << result.out;
  EXPECT_TRUE(folder.bytes("pair.png").starts_with("\x89PNG"));
  EXPECT_EQ(run_semlink(folder, replay).status, 2) << "pair.png is there already";
  EXPECT_EQ(run_semlink(folder, {"replay", "results/good.h5", "--point=2", "--trial=3"}).err,
            "semlink: command line: --point = 2: expected a number from 0 to 1\n");
  EXPECT_EQ(run_semlink(folder, {"replay", "good.ini", "--point=0", "--trial=3"}).status, 2);
}

TEST(Program, ReplaysWhatAPooledNetworkMadeOfItsTokens) {
  const TemporaryFolder folder;
  folder.write("train.ini",
               "[source]\nkind = builtin\n"
               "[network]\npooled_tokens = 16\ndim = 16\nnum_heads = 2\ncondition_dim = 8\nencoder_blocks = 2\n"
               "decoder_blocks = 1\n"
               "[train]\nnum_images = 8\nbatch = 8\nbuiltin_share = 0\nlarge_share = 0\ndrop_share = 0\n"
               "validation_images = 4\n"
               "[run]\nthreads = 1\noutput = pooled.h5\n");
  const ProgramResult trained = run_semlink(folder, {"train", "train.ini"});
  ASSERT_EQ(trained.status, 0) << trained.err;
  folder.write("run.ini",
               "[source]\nkind = builtin\n[codec]\nmodel = adaptive\nweights = pooled.h5\n"
               "[run]\nthreads = 1\nmax_trials = 2\n");
  ASSERT_EQ(run_semlink(folder, {"run", "run.ini"}).status, 0);
  const ProgramResult replayed =
      run_semlink(folder, {"replay", "results/run.h5", "--point=0", "--trial=1", "--png=rows.png"});
  EXPECT_EQ(replayed.status, 0) << replayed.err;
  // Weights of so short a training are those it started from: most of every 2x2 tokens goes into one row.
  EXPECT_NE(replayed.out.find("rows     16 made of 64 tokens, each shown by a letter for the row it weighs most in\n"
                              "         aabbeeff\n         aabbeeff\n         ccddgghh\n"),
            std::string::npos)
      << replayed.out;
  EXPECT_EQ(replayed.out.find("\ntokens "), std::string::npos) << replayed.out;
}

/// Two shards from two folders make one result, which replays in either.
TEST(Program, SweepsOverPathsFromAnyFolder) {
  const TemporaryFolder here, elsewhere;
  for (const char* name : {"one.h5", "two.h5"})
    std::filesystem::copy_file(SEMLINK_SOURCE_DIR "/scenarios/weights/adaptive.h5", here / name);
  here.write("paths.ini",
             "[codec]\nmodel = adaptive\n[sweep]\ncodec.weights = one.h5, two.h5\n"
             "exclude = codec.weights = two.h5\n[run]\nthreads = 1\nmax_trials = 4\n");
  ProgramResult result = run_semlink(here, {"run", "paths.ini", "--output=r.h5", "--shard=1/2"});
  ASSERT_EQ(result.status, 0) << result.err;
  result = run_semlink(elsewhere, {"run", (here / "paths.ini").string(), "--output=r.h5", "--shard=2/2"});
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string second = (elsewhere / "r.shard-2-of-2.h5").string();
  result = run_semlink(here, {"merge", "r.shard-1-of-2.h5", second, "--output=r.h5"});
  ASSERT_EQ(result.status, 0) << result.err;
  result = run_semlink(elsewhere, {"replay", (here / "r.h5").string(), "--point=0", "--trial=3"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("codec.weights = one.h5\n")) << result.out;
}

TEST(Program, TellsWhatIsInAFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_good(folder, {"--sweep.channel.snr_db=0, 10"}).status, 0);
  const ProgramResult info = run_semlink(folder, {"info", "results/good.h5"});
  EXPECT_EQ(info.status, 0) << info.err;
  EXPECT_NE(info.out.find("2 of 2 points finished, 8 trials"), std::string::npos) << info.out;
  EXPECT_NE(info.out.find("channel.snr_db = 0, 10 dB (2 values)"), std::string::npos) << info.out;
  EXPECT_EQ(run_semlink(folder, {"info", "good.ini"}).status, 2);
}

TEST(Program, HelpsAndLists) {
  const TemporaryFolder folder;
  const ProgramResult help = run_semlink(folder, {"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("semlink run SCENARIO"), std::string::npos);
  EXPECT_EQ(run_semlink(folder, {"run", "--help"}).status, 0);
  const ProgramResult list = run_semlink(folder, {"list"});
  EXPECT_EQ(list.status, 0);
  EXPECT_NE(list.out.find("rayleigh"), std::string::npos);
  const ProgramResult keys = run_semlink(folder, {"keys", "channel"});
  EXPECT_EQ(keys.status, 0);
  EXPECT_NE(keys.out.find("channel.snr_db = 10 dB"), std::string::npos) << keys.out;
  EXPECT_EQ(keys.out.find("run.seed"), std::string::npos);
  EXPECT_EQ(run_semlink(folder, {"keys", "chanel"}).status, 2);
}

std::string reference_page() {
  std::ifstream in(std::string(SEMLINK_SOURCE_DIR) + "/scenarios/KEYS.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Program, TheReferencePageIsUpToDate) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_semlink(folder, {"keys", "--markdown"}).out, reference_page())
      << "run: semlink keys --markdown > scenarios/KEYS.md";
}

// --overwrite is about results: what a run reads, or anything else, is not in its way.
TEST(Program, NothingButAResultIsReplaced) {
  const TemporaryFolder folder;
  folder.write("good.ini", kGoodScenario);
  const std::string weights = std::string(SEMLINK_SOURCE_DIR) + "/scenarios/weights/deepjscc_7db.h5";
  std::filesystem::copy_file(weights, folder / "w.h5");
  for (const std::string victim : {"w.h5", "good.ini"}) {
    const std::string before = folder.bytes(victim);
    const std::string advice =
        "semlink: " + victim + ": is not a result of semlink run: remove it first, or give another --output\n";
    EXPECT_EQ(run_semlink(folder, {"run", "good.ini", "--output=" + victim, "--overwrite"}).err, advice);
    EXPECT_EQ(run_semlink(folder, {"submit", "good.ini", "--tasks=1", "--output=" + victim, "--overwrite"}).err,
              advice);
    EXPECT_EQ(folder.bytes(victim), before);
  }
  ASSERT_EQ(run_semlink(folder, {"run", "good.ini", "--output=r.h5"}).status, 0);
  EXPECT_EQ(run_semlink(folder, {"merge", "r.h5", "--output=w.h5", "--overwrite"}).status, 2);
  EXPECT_EQ(std::filesystem::file_size(folder / "w.h5"), std::filesystem::file_size(weights));

  const std::string result = folder.bytes("r.h5");
  const std::vector<std::string> replay{"replay", "r.h5", "--point=0", "--trial=0", "--png=./r.h5", "--overwrite"};
  EXPECT_EQ(run_semlink(folder, replay).err, "semlink: command line: --png = ./r.h5: is the result that is replayed\n");
  EXPECT_EQ(folder.bytes("r.h5"), result);
  folder.write("damaged.h5", result.substr(0, result.size() / 2));
  EXPECT_EQ(run_semlink(folder, {"run", "good.ini", "--output=damaged.h5", "--overwrite"}).status, 0);
}

}  // namespace
}  // namespace semlink
