#include <gtest/gtest.h>
#include <semlink/sweep/point_rule.h>

#include <map>

#include "support/errors.h"

namespace semlink {
namespace {

class Rules : public testing::Test {
 protected:
  Rules() {
    keys.number("channel.snr_db", snr_db).range(-50, 100);
    keys.integer("gate.depth", depth);
    keys.integer("network.blocks", blocks);
    keys.choice("channel.model", model, {"awgn", "rayleigh"});
    keys.optional_number("run.target", target);
  }
  bool holds(const std::string& rule, const std::map<std::string, std::string>& point) {
    return PointRule(keys, rule).holds([&](const std::string& key) {
      const auto at = point.find(key);
      return at == point.end() ? keys.get(key) : at->second;
    });
  }
  double snr_db = 7;
  std::int64_t depth = 3, blocks = 6;
  std::string model = "awgn";
  std::optional<double> target;
  Keys keys;
};

TEST_F(Rules, CompareNumbersAsNumbers) {
  EXPECT_TRUE(holds("channel.snr_db > 9.5", {{"channel.snr_db", "10"}}));
  EXPECT_FALSE(holds("channel.snr_db > 10", {{"channel.snr_db", "10"}}));
  EXPECT_TRUE(holds("channel.snr_db >= 1e1", {{"channel.snr_db", "10"}}));
  EXPECT_TRUE(holds("channel.snr_db<=-5", {{"channel.snr_db", "-5"}}));
  EXPECT_TRUE(holds("channel.snr_db = 1/2", {{"channel.snr_db", "0.5"}}));
  EXPECT_TRUE(holds("channel.snr_db != 5", {{"channel.snr_db", "10"}}));
}

TEST_F(Rules, CompareTextsForEquality) {
  EXPECT_TRUE(holds("channel.model = rayleigh", {{"channel.model", "rayleigh"}}));
  EXPECT_FALSE(holds("channel.model != rayleigh", {{"channel.model", "rayleigh"}}));
}

TEST_F(Rules, KeysThatAreNotSweptHaveTheirValue) {
  EXPECT_TRUE(holds("channel.snr_db = 7 and channel.model = awgn", {}));
}

TEST_F(Rules, ComparesTwoKeys) {
  EXPECT_FALSE(holds("gate.depth > network.blocks", {{"gate.depth", "6"}}));
  EXPECT_TRUE(holds("gate.depth > network.blocks", {{"gate.depth", "10"}}));
}

TEST_F(Rules, AndBindsCloserThanOr) {
  const std::string rule = "channel.model = awgn and gate.depth = 1 or channel.snr_db > 20";
  EXPECT_TRUE(holds(rule, {{"gate.depth", "1"}}));
  EXPECT_FALSE(holds(rule, {{"gate.depth", "2"}}));
  EXPECT_TRUE(holds(rule, {{"gate.depth", "2"}, {"channel.snr_db", "30"}}));
  EXPECT_EQ(PointRule(keys, rule).text(), rule);
}

TEST_F(Rules, NoneIsNeitherAboveNorBelowANumber) {
  EXPECT_FALSE(holds("run.target > 0.1", {}));
  EXPECT_FALSE(holds("run.target <= 0.1", {}));
  EXPECT_TRUE(holds("run.target = none", {}));
}

TEST_F(Rules, LeaveTheKeysAsTheyWere) {
  PointRule(keys, "channel.snr_db = 20");
  EXPECT_EQ(snr_db, 7);
  EXPECT_THROW(PointRule(keys, "channel.snr_db = 1000"), Error);
  EXPECT_EQ(snr_db, 7);
}

TEST_F(Rules, SayWhatIsWrong) {
  const auto message = [this](const char* rule) {
    return message_of(ErrorCode::bad_scenario, [&] { PointRule(keys, rule); });
  };
  EXPECT_EQ(message("channel.snr = 5"), "unknown key channel.snr; did you mean channel.snr_db?");
  EXPECT_EQ(message("channel.model = awgnn"), "channel.model = awgnn: expected one of awgn rayleigh");
  EXPECT_EQ(message("channel.model < rayleigh"),
            "\"channel.model < rayleigh\": expected = or !=, for texts have no order");
  EXPECT_EQ(message("channel.snr_db"), "\"channel.snr_db\": expected KEY = VALUE, or != < <= > >= in the place of =");
  EXPECT_EQ(message("channel.snr_db = 5 and "), "channel.snr_db = 5 and: expected a number");
}

}  // namespace
}  // namespace semlink
