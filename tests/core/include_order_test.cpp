// The rooms stand in an order and includes point down it only (`sim/core` is the bottom, `sim/app` the top).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace semlink {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SEMLINK_SOURCE_DIR;

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"channel", {"core"}},
    {"codecs/nn", {"core"}},
    {"codecs", {"core", "codecs/nn"}},
    {"data", {"core", "channel", "codecs/nn", "codecs"}},
    {"link", {"core", "channel", "codecs/nn", "codecs", "data"}},
    {"sweep", {"core", "channel", "codecs/nn", "codecs", "data", "link"}},
    {"record", {"core", "channel", "codecs/nn", "codecs", "data", "link", "sweep"}},
    {"train", {"core", "channel", "codecs/nn", "codecs", "data", "link", "sweep", "record"}},
    {"calibrate", {"core", "channel", "codecs/nn", "codecs", "data", "link", "sweep", "record", "train"}},
    {"app", {"core", "channel", "codecs/nn", "codecs", "data", "link", "sweep", "record", "train", "calibrate"}},
};

struct Include {
  fs::path file;       ///< relative to the root
  std::string target;  ///< between the brackets or quotes
};

/// `channel/awgn.h` -> `channel`, `codecs/nn/tape.h` -> `codecs/nn`.
std::string room_of(const std::string& path) {
  const std::string room = path.substr(0, path.find('/'));
  return path.starts_with("codecs/nn/") ? "codecs/nn" : room;
}

std::string room_of_file(const fs::path& file) {
  const std::string path = file.generic_string();
  return room_of(path.starts_with("sim/") ? path.substr(4) : path);
}

std::vector<Include> all_includes() {
  static const std::regex pattern("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"].*");
  std::vector<Include> includes;
  for (const char* top : {"sim", "channel", "codecs"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / top)) {
      const fs::path extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream in(entry.path());
      std::smatch match;
      for (std::string line; std::getline(in, line);)
        if (std::regex_match(line, match, pattern)) includes.push_back({entry.path().lexically_relative(kRoot), match[1]});
    }
  }
  return includes;
}

TEST(IncludeOrder, PointsDownTheListOfRoomsOnly) {
  const std::vector<Include> includes = all_includes();
  ASSERT_GT(includes.size(), 20u);
  const std::string prefix = "semlink/";
  for (const Include& include : includes) {
    if (!include.target.starts_with(prefix)) continue;
    const std::string from = room_of_file(include.file);
    const std::string to = room_of(include.target.substr(prefix.size()));
    ASSERT_TRUE(kMayInclude.contains(from)) << include.file;
    EXPECT_TRUE(from == to || kMayInclude.at(from).contains(to)) << include.file << " includes " << include.target;
  }
}

TEST(IncludeOrder, OurHeadersAreIncludedByTheirInstalledNames) {
  for (const Include& include : all_includes())
    EXPECT_FALSE(fs::exists(kRoot / include.file.parent_path() / include.target)) << include.file << ": " << include.target;
}

TEST(IncludeOrder, BoostStaysInSourceFiles) {
  for (const Include& include : all_includes())
    EXPECT_FALSE(include.target.starts_with("boost/") && include.file.extension() == ".h") << include.file;
}

// Source files of the recorder share one private header for it, which no header includes.
TEST(IncludeOrder, Hdf5StaysInTheSourceFilesOfTheRecorder) {
  const std::string private_header = "sim/record/h5_internal.h";
  for (const Include& include : all_includes()) {
    if (include.target.starts_with("hdf5")) {
      EXPECT_EQ(room_of_file(include.file), "record") << include.file;
      EXPECT_TRUE(include.file.extension() == ".cpp" || include.file.generic_string() == private_header) << include.file;
    }
    if (include.target == "semlink/record/h5_internal.h") {
      EXPECT_EQ(include.file.extension(), ".cpp") << include.file;
    }
  }
}

TEST(IncludeOrder, LiquidIsIncludedByOneHeaderOfTheChannelRoom) {
  std::set<fs::path> users;
  for (const Include& include : all_includes())
    if (include.target.starts_with("liquid/")) users.insert(include.file);
  EXPECT_LE(users.size(), 1u);
  for (const fs::path& file : users) {
    EXPECT_EQ(file.extension(), ".h") << file;
    EXPECT_EQ(room_of_file(file), "channel") << file;
  }
}

TEST(IncludeOrder, Random123StaysInsideTheGenerator) {
  for (const Include& include : all_includes()) {
    if (!include.target.starts_with("Random123/")) continue;
    EXPECT_EQ(include.file.generic_string(), "sim/core/rng.cpp");
  }
}

}  // namespace
}  // namespace semlink
