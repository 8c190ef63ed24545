#include "record/format_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace semlink {
namespace {

TEST(FormatPage, IsWhatTheRecorderWrites) {
  std::ifstream stream(SEMLINK_SOURCE_DIR "/analysis/FORMAT.md");
  const std::string committed{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(committed, format_page()) << "build the target format_page to write it anew";
}

}  // namespace
}  // namespace semlink
