#include <semlink/core/registry.h>

#include <gtest/gtest.h>

namespace semlink {
namespace {

struct Lamp {
  double brightness;
};

class PlainLamp : public Plugin<Lamp> {
 public:
  void declare(Keys& keys) override { keys.number("lamp.brightness", brightness_); }
  std::unique_ptr<const Lamp> make() const override { return std::make_unique<Lamp>(Lamp{brightness_}); }

 private:
  double brightness_ = 1;
};

/// Stands in the section it is told to.
class MovableLamp : public Plugin<Lamp> {
 public:
  explicit MovableLamp(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override { keys.number(section_ + ".brightness", brightness_); }
  std::unique_ptr<const Lamp> make() const override { return std::make_unique<Lamp>(Lamp{brightness_}); }

 private:
  std::string section_;
  double brightness_ = 2;
};

TEST(Registry, MakesThePlugInFromItsKeys) {
  Registry<Lamp> registry;
  registry.add<PlainLamp>("plain", "A lamp.");
  const auto settings = registry.find("plain").make_settings("lamp");
  Keys keys;
  settings->declare(keys);
  keys.set("lamp.brightness", "7");
  EXPECT_EQ(settings->make()->brightness, 7);
}

TEST(Registry, SettingsCanBeToldTheirSection) {
  Registry<Lamp> registry;
  registry.add<MovableLamp>("movable", "A lamp.");
  const auto left = registry.find("movable").make_settings("left");
  const auto right = registry.find("movable").make_settings("right");
  Keys keys;
  left->declare(keys);
  right->declare(keys);
  keys.set("left.brightness", "7");
  EXPECT_EQ(left->make()->brightness, 7);
  EXPECT_EQ(right->make()->brightness, 2);
}

TEST(Registry, NamesAreKeptInOrderAndTakenOnce) {
  Registry<Lamp> registry;
  registry.add<PlainLamp>("b", "A lamp.");
  registry.add<PlainLamp>("a", "A lamp.");
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"b", "a"}));
  EXPECT_THROW(registry.add<PlainLamp>("a", "Another."), Error);
}

TEST(Registry, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  Registry<Lamp> registry;
  registry.add<PlainLamp>("plain", "A lamp.");
  try {
    registry.find("nope");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no plug-in \"nope\"; known: plain");
  }
}

}  // namespace
}  // namespace semlink
