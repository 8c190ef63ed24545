#include <gtest/gtest.h>
#include <semlink/sweep/grid.h>

#include <set>

#include "support/errors.h"

namespace semlink {
namespace {

using Texts = std::vector<std::string>;

TEST(ExpandList, TakesItemsAsTheyAre) {
  EXPECT_EQ(expand_list("awgn, rayleigh ,rician"), (Texts{"awgn", "rayleigh", "rician"}));
  EXPECT_EQ(expand_list(" 5 "), (Texts{"5"}));
  EXPECT_EQ(expand_list("file:name"), (Texts{"file:name"}));
}

TEST(ExpandList, RangeHoldsItsEndWhenHit) {
  EXPECT_EQ(expand_list("-5:2.5:5"), (Texts{"-5", "-2.5", "0", "2.5", "5"}));
  EXPECT_EQ(expand_list("0:2:5"), (Texts{"0", "2", "4"}));
  EXPECT_EQ(expand_list("3:1:3"), (Texts{"3"}));
  EXPECT_EQ(expand_list("2:-1:0"), (Texts{"2", "1", "0"}));
}

TEST(ExpandList, RangeEndTakesAMillionthOfAStep) {
  EXPECT_EQ(expand_list("0:1:1.9999995").size(), 3u);
  EXPECT_EQ(expand_list("0:1:1.99999").size(), 2u);
}

TEST(ExpandList, RangeValuesAreThoseOneWouldWrite) {
  EXPECT_EQ(expand_list("0:0.1:0.3"), (Texts{"0", "0.1", "0.2", "0.3"}));
  EXPECT_EQ(expand_list("-0.3:0.1:0"), (Texts{"-0.3", "-0.2", "-0.1", "0"}));
  EXPECT_EQ(expand_list("-900:0.001:0").at(899999), "-0.001");
}

TEST(ExpandList, ItemsMayBeRanges) { EXPECT_EQ(expand_list("0, 5:5:15, 40"), (Texts{"0", "5", "10", "15", "40"})); }

TEST(ExpandList, ItemsOfTextsAreNoRanges) {
  EXPECT_EQ(expand_list("0:4, 0:5 9:2, 1:1:3", ListItems::values), (Texts{"0:4", "0:5 9:2", "1:1:3"}));
}

TEST(ExpandList, SaysWhatIsWrong) {
  const auto message = [](const char* list) {
    return message_of(ErrorCode::bad_scenario, [list] { expand_list(list); });
  };
  EXPECT_EQ(message(""), "\"\": expected at least one value");
  EXPECT_EQ(message("1,,2"), "\"1,,2\": expected a value between commas");
  EXPECT_EQ(message("0:0:1"), "\"0:0:1\": expected a step other than 0");
  EXPECT_EQ(message("0:-1:1"), "\"0:-1:1\": expected an end below the start, or a positive step");
  EXPECT_EQ(message("1:1:0"), "\"1:1:0\": expected an end above the start, or a negative step");
  EXPECT_EQ(message("0:1"), "\"0:1\": expected start:step:end");
  EXPECT_EQ(message("0:1e-7:1"), "\"0:1e-7:1\": expected at most 1000000 values");
  EXPECT_EQ(message("0:1e-300:1e300"), "\"0:1e-300:1e300\": expected at most 1000000 values");
}

class Axes : public testing::Test {
 protected:
  Axes() {
    keys.number("channel.snr_db", snr_db).unit("dB").range(-50, 100).help("Average Es/N0.");
    keys.number("codec.keep_ratio", keep_ratio).range(0, 1);
    keys.integer("run.seed", seed);
    keys.choice("channel.model", model, {"awgn", "rayleigh"});
    keys.integer("run.threads", threads).not_identity();
    keys.text("gate.table", table);
  }
  double snr_db = 7, keep_ratio = 1;
  std::int64_t seed = 1, threads = 1;
  std::string model = "awgn", table = "0:1";
  Keys keys;
};

TEST_F(Axes, OfTextsMayHoldColons) {
  EXPECT_EQ(make_axis(keys, "gate.table", "0:4, 0:5 10:2").texts, (Texts{"0:4", "0:5 10:2"}));
}

TEST_F(Axes, HaveNumbersUnitAndName) {
  const Axis axis = make_axis(keys, "channel.snr_db", "-5:5:5");
  EXPECT_EQ(axis.kind, Axis::Kind::number);
  EXPECT_EQ(axis.numbers, (std::vector<double>{-5, 0, 5}));
  EXPECT_EQ(axis.unit, "dB");
  EXPECT_EQ(axis.variable(), "channel_snr_db");
  EXPECT_EQ(make_axis(keys, "run.seed", "1:1:3").kind, Axis::Kind::integer);
  EXPECT_EQ(make_axis(keys, "channel.model", "awgn,rayleigh").kind, Axis::Kind::text);
}

TEST_F(Axes, LeaveTheKeysAsTheyWere) {
  make_axis(keys, "channel.snr_db", "0,10");
  EXPECT_EQ(snr_db, 7);
  EXPECT_THROW(make_axis(keys, "channel.snr_db", "0,1000"), Error);
  EXPECT_EQ(snr_db, 7);
}

TEST_F(Axes, RefuseBadKeysAndValues) {
  const auto message = [this](const char* key, const char* list) {
    return message_of(ErrorCode::bad_scenario, [&] { make_axis(keys, key, list); });
  };
  EXPECT_NE(message("channel.snr", "1").find("channel.snr_db"), std::string::npos);
  EXPECT_NE(message("channel.snr_db", "0,200").find("200"), std::string::npos);
  EXPECT_NE(message("channel.model", "awgn,nope").find("nope"), std::string::npos);
  EXPECT_NE(message("run.threads", "1,2").find("does not"), std::string::npos);
}

TEST_F(Axes, FirstAxisIsTheSlowest) {
  const Grid grid({make_axis(keys, "channel.model", "awgn,rayleigh"), make_axis(keys, "channel.snr_db", "0,5,10")});
  EXPECT_EQ(grid.num_points(), 6u);
  EXPECT_EQ(grid.label(0), "channel.model = awgn, channel.snr_db = 0");
  EXPECT_EQ(grid.label(1), "channel.model = awgn, channel.snr_db = 5");
  EXPECT_EQ(grid.label(5), "channel.model = rayleigh, channel.snr_db = 10");
  EXPECT_EQ(Grid().num_points(), 1u);
  EXPECT_EQ(Grid().label(0), "");
}

TEST_F(Axes, SaltDependsOnValuesAndNotOnIndices) {
  const Axis model = make_axis(keys, "channel.model", "awgn,rayleigh");
  const Grid grid({model, make_axis(keys, "channel.snr_db", "0,5,10")});
  const Grid reordered({make_axis(keys, "channel.snr_db", "10.0,3,5:1:5"), model});
  EXPECT_EQ(grid.salt(5), reordered.salt(1));  // rayleigh, 10 dB
  EXPECT_EQ(grid.salt(1), reordered.salt(4));  // awgn, 5 dB
  std::set<std::uint64_t> salts;
  for (std::size_t i = 0; i < grid.num_points(); ++i) salts.insert(grid.salt(i));
  EXPECT_EQ(salts.size(), grid.num_points());
  EXPECT_FALSE(salts.contains(0));
}

TEST_F(Axes, TooManyPointsAreRefused) {
  const Axis snr = make_axis(keys, "channel.snr_db", "0:0.01:99");
  const Axis keep = make_axis(keys, "codec.keep_ratio", "0:0.001:1");
  message_of(ErrorCode::bad_scenario, [&] { Grid({snr, keep}); });
}

}  // namespace
}  // namespace semlink
