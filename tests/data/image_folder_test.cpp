#include <semlink/data/image_folder.h>

#include <gtest/gtest.h>

#include <filesystem>

#include <data/image_bytes.h>
#include <semlink/data/pixels.h>
#include <support/data_folder.h>
#include <support/expect_error.h>
#include <support/temporary_folder.h>

namespace semlink {
namespace {

std::string flat_png(int height, int width, std::uint8_t value) {
  return png_bytes(height, width, PNG_FORMAT_GRAY, std::vector<std::uint8_t>(height * width, value));
}

TEST(ImageFolder, TakesPicturesInTheOrderOfTheirNames) {
  const TemporaryFolder folder;
  folder.write("c.PNG", flat_png(4, 4, 30));
  folder.write("a.png", flat_png(8, 4, 10));
  folder.write("b.jpeg", jpeg_bytes(4, 8, 1, std::vector<std::uint8_t>(32, 20)));
  folder.write("notes.txt", "no picture");
  const StoredImages source(load_image_folder(folder / "", Split::test), SampleOrder::file, "images");
  ASSERT_EQ(source.size(), 3);
  const Sample second = source.sample({1, 1, 0});
  EXPECT_EQ(to_byte(source.sample({1, 0, 0}).image.values[0]), 10);
  EXPECT_EQ(to_byte(second.image.values[0]), 20);
  EXPECT_EQ(to_byte(source.sample({1, 2, 0}).image.values[0]), 30);
  EXPECT_EQ(second.image.height, 4);
  EXPECT_EQ(second.image.width, 8);
  EXPECT_EQ(second.id, 1);
  EXPECT_EQ(second.label, -1);
}

TEST(ImageFolder, CropsAboutTheCentreToMultiplesOfFour) {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> pixels(6 * 11, 0);
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 11; ++x) pixels[11 * y + x] = static_cast<std::uint8_t>(16 * y + x);
  folder.write("a.png", png_bytes(6, 11, PNG_FORMAT_GRAY, pixels));
  const ImageRecords records = load_image_folder(folder / "", Split::test);
  EXPECT_EQ(records.entries[0].height, 4);
  EXPECT_EQ(records.entries[0].width, 8);
  EXPECT_EQ(records.pixels.front(), 16 * 1 + 1);
  EXPECT_EQ(records.pixels.back(), 16 * 4 + 8);
}

TEST(ImageFolder, ASingleFileIsASetOfOne) {
  const TemporaryFolder folder;
  folder.write("a.png", flat_png(4, 4, 10));
  folder.write("b.png", flat_png(4, 4, 20));
  EXPECT_EQ(load_image_folder(folder / "b.png", Split::test).entries.size(), 1u);
}

TEST(ImageFolder, WithoutSubfoldersOfSplitsAllPicturesServeEverySplit) {
  const TemporaryFolder folder;
  folder.write("a.png", flat_png(4, 4, 10));
  folder.write("b.png", flat_png(4, 4, 20));
  std::filesystem::create_directory(folder / "raw");
  for (const Split split : kSplits) {
    const StoredImages source(load_image_folder(folder / "", split), SampleOrder::file, "images");
    EXPECT_EQ(source.size(), 2);
    EXPECT_FALSE(source.is_split());
  }
}

TEST(ImageFolder, ASplitIsTheSubfolderOfItsName) {
  const TemporaryFolder folder;
  folder.write("a.png", flat_png(4, 4, 10));
  for (const Split split : {Split::train, Split::calibration}) {
    std::filesystem::create_directory(folder / split_name(split));
    folder.write(split_name(split) + "/b.png", flat_png(4, 4, split == Split::train ? 20 : 30));
  }
  const StoredImages train(load_image_folder(folder / "", Split::train), SampleOrder::file, "images");
  const ImageRecords calibration = load_image_folder(folder / "", Split::calibration);
  EXPECT_TRUE(train.is_split());
  EXPECT_EQ(train.size(), 1);
  EXPECT_EQ(to_byte(train.sample({1, 0, 0}).image.values[0]), 20);
  EXPECT_EQ(calibration.entries.size(), 1u);
  EXPECT_EQ(calibration.pixels.front(), 30);
  expect_error(ErrorCode::bad_file, "test: no such folder, but train calibration beside it",
               [&] { load_image_folder(folder / "", Split::test); });
}

TEST(ImageFolder, BadFoldersAreNamed) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::bad_file, "missing", [&] { load_image_folder(folder / "missing", Split::test); });
  expect_error(ErrorCode::bad_file, "expected at least 1", [&] { load_image_folder(folder / "", Split::test); });
}

TEST(ImageFolder, BadPicturesAreNamed) {
  const TemporaryFolder folder;
  folder.write("thin.png", flat_png(3, 9, 10));
  expect_error(ErrorCode::bad_file, "thin.png: found 9x3 pixels: expected at least 4x4",
               [&] { load_image_folder(folder / "", Split::test); });
}

TEST(ImageFolder, KodakHasItsSizes) {
  SEMLINK_NEEDS_DATA("kodak");
  const ImageRecords records = load_image_folder(data_folder("kodak"), Split::test);
  for (const ImageRecords::Entry& entry : records.entries) {
    EXPECT_EQ(entry.height * entry.width, 768 * 512);
    EXPECT_EQ(std::max(entry.height, entry.width), 768);
  }
}

}  // namespace
}  // namespace semlink
