#include <semlink/codecs/nn/kernels/level.h>

#include <algorithm>
#include <cctype>
#include <string>

#include <gtest/gtest.h>

#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/core/error.h>

namespace semlink::kernels {
namespace {

std::string level_in_use() {
  std::string name = level();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

class SimdLevel : public testing::Test {
 protected:
  void TearDown() override { use_simd_level("auto"); }
};

TEST_F(SimdLevel, AutoIsTheBest) {
  use_simd_level("auto");
  ASSERT_FALSE(simd_levels().empty());
  EXPECT_EQ(level_in_use(), simd_levels().front());
}

TEST_F(SimdLevel, EveryLevelCanBePinnedInAnyOrder) {
  const std::vector<std::string> all = simd_levels();
  for (auto name = all.rbegin(); name != all.rend(); ++name) {
    use_simd_level(*name);
    EXPECT_EQ(level_in_use(), *name);
    EXPECT_EQ(simd_levels(), all);
    EXPECT_EQ(level_in_use(), *name);
  }
}

TEST_F(SimdLevel, UnknownLevelSaysWhatThereIs) {
  try {
    use_simd_level("mmx");
    ADD_FAILURE() << "mmx was accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(simd_levels().front()), std::string::npos) << error.what();
  }
  EXPECT_EQ(level_in_use(), simd_levels().front());
}

}  // namespace
}  // namespace semlink::kernels
