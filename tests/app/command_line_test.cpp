#include <semlink/app/command_line.h>

#include <gtest/gtest.h>

#include <semlink/core/error.h>

namespace semlink {
namespace {

const CommandSyntax kRun{.usage = "run SCENARIO", .min_words = 1, .max_words = 1, .flags = {"resume"}, .options = {"output"},
                         .takes_keys = true};

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    keys_.number("channel.snr_db", snr_db_);
    keys_.text("channel.model", model_);
    keys_.number("channel.coherence", snr_db_);
  }

  CommandLine parse(const std::vector<std::string>& arguments) { return parse_command_line(arguments, kRun, &keys_); }

  std::string message_of(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_scenario);
      return error.what();
    }
    return "no error";
  }

  double snr_db_ = 0;
  std::string model_;
  Keys keys_;
};

TEST_F(CommandLineTest, SortsWordsFlagsOptionsKeysAndAxes) {
  const CommandLine line =
      parse({"a.ini", "--resume", "--output", "r.h5", "--channel.model=awgn", "--sweep.channel.snr_db=1:1:3"});
  EXPECT_EQ(line.words, std::vector<std::string>{"a.ini"});
  EXPECT_TRUE(line.has("resume"));
  EXPECT_EQ(line.get("output"), "r.h5");
  ASSERT_EQ(line.scenario.values.size(), 1u);
  EXPECT_EQ(line.scenario.values[0].key, "channel.model");
  EXPECT_EQ(line.scenario.values[0].value, "awgn");
  ASSERT_EQ(line.scenario.axes.size(), 1u);
  EXPECT_EQ(line.scenario.axes[0].key, "channel.snr_db");
  EXPECT_EQ(line.scenario.axes[0].value, "1:1:3");
}

TEST_F(CommandLineTest, NegativeNumbersAreValues) {
  EXPECT_EQ(parse({"a.ini", "--channel.snr_db=-5"}).scenario.values.at(0).value, "-5");
  EXPECT_EQ(parse({"a.ini", "--channel.snr_db", "-5"}).scenario.values.at(0).value, "-5");
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(message_of({"a.ini", "--channel.coherense=3"}),
            "command line: unknown key channel.coherense; did you mean channel.coherence?");
  EXPECT_EQ(message_of({"a.ini", "--sweep.channel.snrdb=3"}), "command line: unknown key channel.snrdb; did you mean channel.snr_db?");
  EXPECT_EQ(message_of({"a.ini", "--outptu=3"}), "command line: unknown option --outptu; usage: semlink run SCENARIO");
}

TEST_F(CommandLineTest, DoesNotGuessFromTheBeginningOfAName) {
  EXPECT_EQ(message_of({"a.ini", "--channel.snr=3"}), "command line: unknown key channel.snr; did you mean channel.snr_db?");
  EXPECT_EQ(message_of({"a.ini", "--out=3"}), "command line: unknown option --out; usage: semlink run SCENARIO");
}

TEST_F(CommandLineTest, RefusesStrayAndMissingWords) {
  EXPECT_EQ(message_of({"a.ini", "b.ini"}), "command line: unexpected argument \"b.ini\"; usage: semlink run SCENARIO");
  EXPECT_EQ(message_of({"a.ini", "-5"}), "command line: unexpected argument \"-5\"; usage: semlink run SCENARIO");
  EXPECT_EQ(message_of({"--resume"}), "command line: too few arguments; usage: semlink run SCENARIO");
}

TEST_F(CommandLineTest, RefusesAnOptionGivenTwice) {
  EXPECT_EQ(message_of({"a.ini", "--channel.snr_db=1", "--channel.snr_db=2"}), "command line: --channel.snr_db stands twice");
}

TEST_F(CommandLineTest, RefusesMissingAndSuperfluousValues) {
  EXPECT_NE(message_of({"a.ini", "--output"}), "no error");
  EXPECT_NE(message_of({"a.ini", "--resume=yes"}), "no error");
  EXPECT_EQ(message_of({"a.ini", "--sweep.channel.snr_db="}),
            "command line: --sweep.channel.snr_db: expected a list of values for the axis");
}

TEST_F(CommandLineTest, EmptyValuesAreValues) { EXPECT_EQ(parse({"a.ini", "--channel.model="}).scenario.values.at(0).value, ""); }

TEST(OverrideScenario, TheCommandLineWins) {
  const ScenarioText file = parse_scenario_text("[channel]\nsnr_db = 3\nmodel = awgn\n", "a.ini", "");
  ScenarioText command_line;
  command_line.values.push_back({"channel.snr_db", "9", "command line"});
  const ScenarioText result = override_scenario(file, command_line);
  ASSERT_EQ(result.values.size(), 2u);
  EXPECT_EQ(result.values[0].value, "9");
  EXPECT_EQ(result.values[1].value, "awgn");
}

TEST(OverrideScenario, AnAxisReplacesTheOldOneInPlace) {
  const ScenarioText file = parse_scenario_text("[sweep]\na.x = 1, 2\na.y = 3, 4\n", "a.ini", "");
  ScenarioText command_line;
  command_line.axes.push_back({"a.x", "5", "command line"});
  command_line.axes.push_back({"a.z", "6", "command line"});
  const ScenarioText result = override_scenario(file, command_line);
  ASSERT_EQ(result.axes.size(), 3u);
  EXPECT_EQ(result.axes[0].value, "5");
  EXPECT_EQ(result.axes[2].key, "a.z");
}

TEST(OverrideScenario, AScalarTakesTheAxisAway) {
  const ScenarioText file = parse_scenario_text("[sweep]\na.x = 1, 2\na.y = 3, 4\n", "a.ini", "");
  ScenarioText command_line;
  command_line.values.push_back({"a.x", "5", "command line"});
  const ScenarioText result = override_scenario(file, command_line);
  ASSERT_EQ(result.axes.size(), 1u);
  EXPECT_EQ(result.axes[0].key, "a.y");
}

TEST(OverrideScenario, OneKeyCannotBeBoth) {
  ScenarioText command_line;
  command_line.values.push_back({"a.x", "5", "command line"});
  command_line.axes.push_back({"a.x", "5, 6", "command line"});
  EXPECT_THROW(override_scenario({}, command_line), Error);
}

}  // namespace
}  // namespace semlink
