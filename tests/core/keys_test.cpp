#include <semlink/core/keys.h>

#include <gtest/gtest.h>

#include <semlink/core/error.h>

namespace semlink {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

struct Fields {
  double threshold = 0.5;
  double ratio = 1.0 / 12;
  std::optional<double> rate;
  std::int64_t count = 3;
  std::optional<std::int64_t> budget;
  bool crc = true;
  std::string note;
  std::string model = "awgn";
  std::filesystem::path file;
};

Keys declare(Fields& f) {
  Keys keys;
  keys.number("gate.threshold", f.threshold).range(0, 1).unit("1").help("Where it stops.");
  keys.number("codec.bandwidth_ratio", f.ratio).above(0);
  keys.optional_number("codec.rate", f.rate).range(0, 1);
  keys.integer("run.max_trials", f.count).range(1, 1e9).not_identity();
  keys.optional_integer("gate.mac_budget", f.budget).range(0, 1e15);
  keys.flag("fec.crc", f.crc);
  keys.text("run.note", f.note);
  keys.choice("channel.model", f.model, {"awgn", "rayleigh"});
  keys.path("source.path", f.file);
  return keys;
}

TEST(Keys, ValuesReachTheirFields) {
  Fields f;
  Keys keys = declare(f);
  keys.set("gate.threshold", "0.25");
  keys.set("codec.rate", "1/4");
  keys.set("run.max_trials", "1000");
  keys.set("gate.mac_budget", "7");
  keys.set("fec.crc", "off");
  keys.set("run.note", "two words");
  keys.set("channel.model", "rayleigh");
  keys.set("source.path", "data/a.png");
  EXPECT_EQ(f.threshold, 0.25);
  EXPECT_EQ(f.rate, 0.25);
  EXPECT_EQ(f.count, 1000);
  EXPECT_EQ(f.budget, 7);
  EXPECT_FALSE(f.crc);
  EXPECT_EQ(f.note, "two words");
  EXPECT_EQ(f.model, "rayleigh");
  EXPECT_EQ(f.file, "data/a.png");
}

TEST(Keys, NumbersMayBeFractionsAndSigned) {
  Fields f;
  Keys keys = declare(f);
  keys.set("codec.bandwidth_ratio", "1/6");
  EXPECT_EQ(f.ratio, 1.0 / 6);
  keys.set("codec.bandwidth_ratio", "+2.5e-1");
  EXPECT_EQ(f.ratio, 0.25);
}

TEST(Keys, EveryValueReadsBackToItself) {
  Fields f;
  Keys keys = declare(f);
  keys.set("codec.bandwidth_ratio", "1/3");
  keys.set("codec.rate", "0.1");
  for (const Key& key : keys.list()) {
    const std::string text = key.get();
    key.set(text);
    EXPECT_EQ(key.get(), text) << key.name;
  }
  EXPECT_EQ(f.ratio, 1.0 / 3);
  EXPECT_EQ(keys.get("gate.mac_budget"), "none");
}

TEST(Keys, NoneTakesAnOptionalValueAway) {
  Fields f;
  Keys keys = declare(f);
  keys.set("codec.rate", "0.5");
  keys.set("codec.rate", "none");
  EXPECT_FALSE(f.rate.has_value());
}

struct BadValue {
  const char* name;
  const char* value;
  const char* message;
};

class KeysRefuse : public testing::TestWithParam<BadValue> {};

TEST_P(KeysRefuse, TheValueAndSayWhatWasExpected) {
  Fields f;
  Keys keys = declare(f);
  const std::string before = keys.get(GetParam().name);
  EXPECT_EQ(message_of([&] { keys.set(GetParam().name, GetParam().value); }), GetParam().message);
  EXPECT_EQ(keys.get(GetParam().name), before);
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeysRefuse,
    testing::Values(BadValue{"gate.threshold", "1.4", "gate.threshold = 1.4: expected [0, 1]"},
                    BadValue{"gate.threshold", "-0.1", "gate.threshold = -0.1: expected [0, 1]"},
                    BadValue{"gate.threshold", "", "gate.threshold = : expected a number"},
                    BadValue{"gate.threshold", "half", "gate.threshold = half: expected a number"},
                    BadValue{"gate.threshold", "0.5x", "gate.threshold = 0.5x: expected a number"},
                    BadValue{"gate.threshold", "0.5 ", "gate.threshold = 0.5 : expected a number"},
                    BadValue{"gate.threshold", "nan", "gate.threshold = nan: expected a number"},
                    BadValue{"gate.threshold", "inf", "gate.threshold = inf: expected a number"},
                    BadValue{"gate.threshold", "1e999", "gate.threshold = 1e999: expected a number"},
                    BadValue{"gate.threshold", "1/0", "gate.threshold = 1/0: expected a number"},
                    BadValue{"gate.threshold", "1/2/3", "gate.threshold = 1/2/3: expected a number"},
                    BadValue{"gate.threshold", "/2", "gate.threshold = /2: expected a number"},
                    BadValue{"gate.threshold", "+-1", "gate.threshold = +-1: expected a number"},
                    BadValue{"codec.bandwidth_ratio", "0", "codec.bandwidth_ratio = 0: expected above 0"},
                    BadValue{"codec.rate", "2", "codec.rate = 2: expected [0, 1]"},
                    BadValue{"codec.rate", "any", "codec.rate = any: expected a number or none"},
                    BadValue{"run.max_trials", "0", "run.max_trials = 0: expected [1, 1e+09]"},
                    BadValue{"run.max_trials", "1.5", "run.max_trials = 1.5: expected an integer"},
                    BadValue{"run.max_trials", "99999999999999999999",
                             "run.max_trials = 99999999999999999999: expected [1, 1e+09]"},
                    BadValue{"gate.mac_budget", "-1", "gate.mac_budget = -1: expected [0, 1e+15]"},
                    BadValue{"fec.crc", "maybe", "fec.crc = maybe: expected true or false"},
                    BadValue{"channel.model", "nope", "channel.model = nope: expected one of awgn rayleigh"}));

TEST(Keys, AnUnknownNameIsAnsweredWithTheNearestKnownOne) {
  double uses = 1;
  Keys keys;
  keys.number("channel.coherence", uses);
  keys.number("channel.snr_db", uses);
  EXPECT_EQ(message_of([&] { keys.set("channel.coherense", "3"); }),
            "unknown key channel.coherense; did you mean channel.coherence?");
  EXPECT_EQ(message_of([] { Keys().set("a.b", "3"); }), "unknown key a.b");
}

TEST(Keys, DescribeThemselves) {
  Fields f;
  const Keys keys = declare(f);
  const Key& key = keys.list().front();
  EXPECT_EQ(key.name, "gate.threshold");
  EXPECT_EQ(key.type, "number");
  EXPECT_EQ(key.unit, "1");
  EXPECT_EQ(key.default_text, "0.5");
  EXPECT_EQ(key.expected, "[0, 1]");
  EXPECT_EQ(key.help, "Where it stops.");
  EXPECT_TRUE(key.identity);
}

TEST(Keys, ASharedKeyFillsEveryFieldBoundToIt) {
  std::filesystem::path a;
  std::filesystem::path b;
  Keys keys;
  keys.path("source.path", a).help("Where the images are.");
  keys.path("source.path", b);
  keys.set("source.path", "here");
  EXPECT_EQ(a, "here");
  EXPECT_EQ(b, "here");
  EXPECT_EQ(keys.list().size(), 1u);
}

TEST(Keys, ASharedKeyMustAgreeWithItself) {
  double a = 1;
  double b = 2;
  std::int64_t c = 1;
  std::string model = "x";
  Keys keys;
  keys.number("gate.threshold", a);
  keys.choice("channel.fading", model, {"x", "y"});
  EXPECT_THROW(keys.number("gate.threshold", b), Error);
  EXPECT_THROW(keys.integer("gate.threshold", c), Error);
  EXPECT_THROW(keys.choice("channel.fading", model, {"x", "z"}), Error);
}

}  // namespace
}  // namespace semlink
