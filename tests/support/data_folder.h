#pragma once

#include <cstdlib>
#include <filesystem>

namespace semlink {

/// Where the tests find a data set that is not part of the project: below the folder that the environment variable
/// SEMLINK_DATA names, else below ../shared/data beside the source tree. The folder need not exist; a test then skips.
inline std::filesystem::path data_folder(const char* set) {
  if (const char* folder = std::getenv("SEMLINK_DATA")) return std::filesystem::path(folder) / set;
  return std::filesystem::path(SEMLINK_SOURCE_DIR) / "../shared/data" / set;
}

/// Skips the running test when the data set is not there.
#define SEMLINK_NEEDS_DATA(set) \
  if (!std::filesystem::exists(semlink::data_folder(set))) GTEST_SKIP() << "no data in " << semlink::data_folder(set)

}  // namespace semlink
