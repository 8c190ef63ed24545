#include <semlink/app/scenario_text.h>

#include <gtest/gtest.h>

#include <semlink/core/error.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

std::string message_of(std::string_view text) {
  try {
    parse_scenario_text(text, "a.ini", "folder");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_scenario);
    return error.what();
  }
  return "no error";
}

TEST(ScenarioText, SectionsMakeTheNamesOfKeys) {
  const ScenarioText text = parse_scenario_text("[channel]\nmodel = awgn\nsnr_db=3\n[run]\nseed = 7\n", "a.ini", "folder");
  ASSERT_EQ(text.values.size(), 3u);
  EXPECT_EQ(text.values[0].key, "channel.model");
  EXPECT_EQ(text.values[0].value, "awgn");
  EXPECT_EQ(text.values[0].origin, "a.ini:2");
  EXPECT_EQ(text.values[0].base, "folder");
  EXPECT_EQ(text.values[1].value, "3");
  EXPECT_EQ(text.values[2].key, "run.seed");
}

TEST(ScenarioText, SweepLinesBecomeAxesInTheirOrder) {
  const ScenarioText text = parse_scenario_text("[sweep]\nchannel.snr_db = -5:1:20\ncodec.keep_ratio = 0.5, 1\n", "a.ini", "");
  EXPECT_TRUE(text.values.empty());
  ASSERT_EQ(text.axes.size(), 2u);
  EXPECT_EQ(text.axes[0].key, "channel.snr_db");
  EXPECT_EQ(text.axes[0].value, "-5:1:20");
  EXPECT_EQ(text.axes[1].origin, "a.ini:3");
}

TEST(ScenarioText, CommentsBlanksAndLineEndsAreSkipped) {
  const ScenarioText text = parse_scenario_text(
      "\xef\xbb\xbf# question?\r\n\r\n; more\r\n[ run ]\r\n  note = a#b; c  # why\r\nseed = 1\r\n", "a.ini", "");
  ASSERT_EQ(text.values.size(), 2u);
  EXPECT_EQ(text.values[0].value, "a#b; c");
  EXPECT_EQ(text.values[1].value, "1");
}

TEST(ScenarioText, AheadOfTheFirstSectionKeysAreWrittenInFull) {
  EXPECT_EQ(parse_scenario_text("run.seed = 1", "a.ini", "").values.at(0).key, "run.seed");
}

TEST(ScenarioText, AValueMayBeEmptyAndHoldEqualsSigns) {
  const ScenarioText text = parse_scenario_text("[run]\noutput =\nnote = a=b\n", "a.ini", "");
  EXPECT_EQ(text.values[0].value, "");
  EXPECT_EQ(text.values[1].value, "a=b");
}

TEST(ScenarioText, RefusesWhatItDoesNotUnderstandWithItsLine) {
  EXPECT_EQ(message_of("[run]\n\nseed 1\n"), "a.ini:3: \"seed 1\": expected key = value, [section] or a comment");
  EXPECT_EQ(message_of("[run\n"), "a.ini:1: \"[run\": expected [section]");
  EXPECT_EQ(message_of("[]\n"), "a.ini:1: \"[]\": expected [section]");
  EXPECT_EQ(message_of("[run]\n= 3\n"), "a.ini:2: \"\": expected the name of a key before =");
  EXPECT_EQ(message_of("[run]\nmy seed = 3\n"), "a.ini:2: \"my seed\": expected the name of a key before =");
  EXPECT_EQ(message_of("[run]\nseed = 1\n[run]\nseed = 2\n"), "a.ini:4: run.seed stands twice, first in line 2");
  EXPECT_EQ(message_of("[sweep]\nrun.seed = 1\nrun.seed = 2\n"), "a.ini:3: run.seed stands twice, first in line 2");
  EXPECT_EQ(message_of("[sweep]\nrun.seed =\n"), "a.ini:2: run.seed = : expected a list of values for the axis");
  EXPECT_EQ(message_of(std::string_view("[run]\0", 6)), "a.ini: expected text, found a zero byte");
}

TEST(ScenarioText, ASweptKeyMayAlsoStandAsAScalar) {
  const ScenarioText text = parse_scenario_text("[channel]\nsnr_db = 3\n[sweep]\nchannel.snr_db = 1, 2\n", "a.ini", "");
  EXPECT_EQ(text.values.size(), 1u);
  EXPECT_EQ(text.axes.size(), 1u);
}

TEST(ScenarioText, AMissingFileIsNamed) {
  try {
    read_scenario_file("does/not/exist.ini");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "scenario does/not/exist.ini: No such file or directory");
  }
}

/// Value of the key, or "none".
std::string value_of(const std::vector<Assignment>& list, const std::string& key) {
  for (const Assignment& assignment : list)
    if (assignment.key == key) return assignment.value;
  return "none";
}

TEST(ScenarioText, IncludesStandBelowTheFile) {
  const TemporaryFolder folder;
  folder.write("first.ini", "[run]\nseed = 1\nmax_trials = 1\nthreads = 1\n[sweep]\ncodec.keep_ratio = 0.5, 1\n");
  folder.write("second.ini", "[run]\nmax_trials = 2\nthreads = 2\n[sweep]\nchannel.snr_db = 1, 2\n");
  folder.write("top.ini", "include = first.ini, second.ini\n[run]\nthreads = 3\n[codec]\nkeep_ratio = 0.7\n");
  const ScenarioText text = read_scenario_file(folder / "top.ini");
  EXPECT_EQ(value_of(text.values, "run.seed"), "1");
  EXPECT_EQ(value_of(text.values, "run.max_trials"), "2");
  EXPECT_EQ(value_of(text.values, "run.threads"), "3");
  EXPECT_EQ(value_of(text.values, "include"), "none");
  EXPECT_EQ(value_of(text.axes, "channel.snr_db"), "1, 2");
  EXPECT_EQ(value_of(text.axes, "codec.keep_ratio"), "none");  // a value takes the axis away
}

TEST(ScenarioText, RulesOnAxesAreNoAxesAndReplaceThoseBelow) {
  const TemporaryFolder folder;
  folder.write("below.ini", "[sweep]\nchannel.snr_db = 1, 2\nzip = a.b + c.d\nexclude = channel.snr_db > 1\n");
  folder.write("top.ini", "include = below.ini\n[sweep]\nzip =\n");
  const ScenarioText text = read_scenario_file(folder / "top.ini");
  EXPECT_EQ(text.axes.size(), 1u);
  EXPECT_EQ(text.rule("zip"), nullptr);
  ASSERT_NE(text.rule("exclude"), nullptr);
  EXPECT_EQ(text.rule("exclude")->value, "channel.snr_db > 1");
}

TEST(ScenarioText, PathsOfAnIncludedFileStartFromItsFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "below");
  folder.write("below/inner.ini", "[source]\npath = data\n");
  folder.write("top.ini", "include = below/inner.ini\n");
  EXPECT_EQ(read_scenario_file(folder / "top.ini").values.front().base, folder / "below");
}

TEST(ScenarioText, IncludesThatDoNotEndAreRefused) {
  const TemporaryFolder folder;
  folder.write("loop.ini", "include = loop.ini\n");
  expect_error(ErrorCode::bad_scenario, "loop.ini:1: include = loop.ini: includes itself",
               [&] { read_scenario_file(folder / "loop.ini"); });
  folder.write("there.ini", "include = back.ini\n");
  folder.write("back.ini", "include = ./there.ini\n");
  expect_error(ErrorCode::bad_scenario, "there.ini:1: back.ini:1: include = ./there.ini: includes itself",
               [&] { read_scenario_file(folder / "there.ini"); });
  for (int i = 0; i < 9; ++i)
    folder.write("deep" + std::to_string(i) + ".ini", "include = deep" + std::to_string(i + 1) + ".ini\n");
  folder.write("deep9.ini", "run.seed = 7\n");
  EXPECT_EQ(value_of(read_scenario_file(folder / "deep1.ini").values, "run.seed"), "7");
  expect_error(ErrorCode::bad_scenario, "expected at most 8", [&] { read_scenario_file(folder / "deep0.ini"); });
  folder.write("top.ini", "include = missing.ini\n");
  expect_error(ErrorCode::bad_scenario, "top.ini:1: scenario ", [&] { read_scenario_file(folder / "top.ini"); });
}

}  // namespace
}  // namespace semlink
