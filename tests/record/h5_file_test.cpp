#include <gtest/gtest.h>

#include <semlink/record/h5_file.h>

#include "support/errors.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

using IfExists = NewH5File::IfExists;

TEST(H5File, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  const auto path = folder / "a.h5";
  {
    NewH5File file(path, IfExists::refuse);
    H5Group& root = file.root();
    root.set_attribute("format", "test");
    root.set_attribute("step", std::int64_t{-7});
    root.set_attribute("rate", 0.1);
    root.write("x", std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
    root.write("n", std::vector<std::int64_t>{-1}, {});
    root.write("empty", std::vector<double>{}, {0});
    root.write_strings("names", {"a", "", "größe"});
    H5Group inner = root.create_group("inner");
    inner.write("big", std::vector<double>(300000, 0.5), {300000}, H5Storage::compressed);
    inner.describe("big", "units", "dB");
    inner.close();
    file.commit();
  }
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  EXPECT_EQ(root.text_attribute("format"), "test");
  EXPECT_EQ(root.integer_attribute("step"), -7);
  EXPECT_EQ(root.number_attribute("rate"), 0.1);
  EXPECT_EQ(root.attribute_names(), (std::vector<std::string>{"format", "step", "rate"}));
  EXPECT_EQ(root.dataset_names(), (std::vector<std::string>{"x", "n", "empty", "names"}));
  EXPECT_EQ(root.group_names(), std::vector<std::string>{"inner"});
  EXPECT_EQ(root.read<float>("x").shape, (H5Shape{2, 3}));
  EXPECT_EQ(root.read<float>("x").values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(root.read_rows<double>("x", 1, 1), (std::vector<double>{4, 5, 6}));
  EXPECT_EQ(root.read<std::int64_t>("n").values, std::vector<std::int64_t>{-1});
  EXPECT_TRUE(root.read<double>("empty").values.empty());
  EXPECT_EQ(root.read_strings("names"), (std::vector<std::string>{"a", "", "größe"}));
  EXPECT_EQ(root.group("inner").read<double>("big").values, std::vector<double>(300000, 0.5));
  EXPECT_EQ(root.group("inner").description("big", "units"), "dB");
}

TEST(H5File, RowsFillADatasetPieceByPiece) {
  const TemporaryFolder folder;
  {
    NewH5File file(folder / "a.h5", IfExists::refuse);
    file.root().create<std::int32_t>("x", {3, 2});
    file.root().write_rows<std::int32_t>("x", 2, std::vector<std::int32_t>{5, 6});
    file.root().write_rows<std::int32_t>("x", 0, std::vector<std::int32_t>{1, 2});
    EXPECT_THROW(file.root().write_rows<std::int32_t>("x", 3, std::vector<std::int32_t>{7, 8}), Error);
    file.commit();
  }
  EXPECT_EQ(H5File::open(folder / "a.h5").root().read<std::int32_t>("x").values,
            (std::vector<std::int32_t>{1, 2, 0, 0, 5, 6}));
}

TEST(H5File, EqualContentsGiveEqualBytes) {
  const TemporaryFolder folder;
  for (const char* name : {"a.h5", "b.h5"}) {
    NewH5File file(folder / name, IfExists::refuse);
    file.root().set_attribute("text", "same");
    file.root().write("x", std::vector<double>(1000, 1.0), {1000}, H5Storage::compressed);
    file.commit();
  }
  EXPECT_EQ(folder.bytes("a.h5"), folder.bytes("b.h5"));
}

TEST(NewH5File, TakesANameWithoutAFolder) {
  const TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "");
  NewH5File("a.h5", IfExists::refuse).commit();
  std::filesystem::current_path(before);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
}

TEST(NewH5File, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  { NewH5File file(folder / "a.h5", IfExists::refuse); }
  EXPECT_TRUE(folder.names().empty());
}

TEST(NewH5File, RefusesAnExistingFileAndKeepsIt) {
  const TemporaryFolder folder;
  folder.write("a.h5", "precious");
  const std::string message =
      message_of(ErrorCode::bad_file, [&] { NewH5File(folder / "a.h5", IfExists::refuse); });
  EXPECT_NE(message.find("--overwrite"), std::string::npos) << message;
  EXPECT_EQ(folder.bytes("a.h5"), "precious");
}

TEST(NewH5File, RefusesAFileThatAppearedMeanwhile) {
  const TemporaryFolder folder;
  {
    NewH5File file(folder / "a.h5", IfExists::refuse);
    folder.write("a.h5", "precious");
    message_of(ErrorCode::bad_file, [&] { file.commit(); });
  }
  EXPECT_EQ(folder.bytes("a.h5"), "precious");
}

TEST(NewH5File, ReplacesOnlyAtCommit) {
  const TemporaryFolder folder;
  folder.write("a.h5", "old");
  NewH5File file(folder / "a.h5", IfExists::replace);
  EXPECT_EQ(folder.bytes("a.h5"), "old");
  file.commit();
  EXPECT_NO_THROW(H5File::open(folder / "a.h5"));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
}

TEST(NewH5File, SaysWhichFolderCannotBeWritten) {
  const TemporaryFolder folder;
  folder.write("file", "");
  const std::string message =
      message_of(ErrorCode::io, [&] { NewH5File(folder / "file" / "a.h5", IfExists::refuse); });
  EXPECT_NE(message.find("file"), std::string::npos) << message;
}

class DamagedH5File : public testing::Test {
 protected:
  DamagedH5File() {
    NewH5File file(folder / "a.h5", IfExists::refuse);
    file.root().write("x", std::vector<float>(64, 1.f), {64});
    file.root().write("n", std::vector<std::int64_t>(4, 1), {4});
    file.root().set_attribute("text", "t");
    file.commit();
  }
  TemporaryFolder folder;
};

TEST_F(DamagedH5File, MissingFileIsNamed) {
  const std::string message = message_of(ErrorCode::bad_file, [&] { H5File::open(folder / "none.h5"); });
  EXPECT_NE(message.find("none.h5: no such file"), std::string::npos) << message;
}

TEST_F(DamagedH5File, OtherBytesAreNotHdf5) {
  folder.write("b.h5", "hello");
  const std::string message = message_of(ErrorCode::bad_file, [&] { H5File::open(folder / "b.h5"); });
  EXPECT_NE(message.find("not an HDF5 file"), std::string::npos) << message;
}

TEST_F(DamagedH5File, EveryTruncationIsAnErrorAndNoCrash) {
  const std::string whole = folder.bytes("a.h5");
  for (std::size_t length = 0; length < whole.size(); length += 97) {
    folder.write("b.h5", whole.substr(0, length));
    EXPECT_THROW(
        {
          const H5File file = H5File::open(folder / "b.h5");
          file.root().read<float>("x");
          file.root().text_attribute("text");
        },
        Error)
        << length;
  }
}

TEST_F(DamagedH5File, WrongTypesSizesAndNamesAreRefused) {
  const H5File file = H5File::open(folder / "a.h5");
  EXPECT_THROW(file.root().read<float>("n"), Error);
  EXPECT_THROW(file.root().read<std::int32_t>("n"), Error);
  EXPECT_THROW(file.root().read<float>("x", 63), Error);
  EXPECT_THROW(file.root().read<float>("y"), Error);
  EXPECT_THROW(file.root().read_rows<float>("x", 60, 5), Error);
  EXPECT_THROW(file.root().read_strings("x"), Error);
  EXPECT_THROW(file.root().group("x"), Error);
  EXPECT_THROW(file.root().integer_attribute("text"), Error);
  EXPECT_THROW(file.root().text_attribute("none"), Error);
}

}  // namespace
}  // namespace semlink
