#include <semlink/data/idx.h>

#include <gtest/gtest.h>
#include <zlib.h>

#include <semlink/data/pixels.h>
#include <support/expect_error.h>
#include <support/temporary_folder.h>

namespace semlink {
namespace {

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// Image i is filled with i, its first pixel with 100 + i.
std::string image_file(int count, int height, int width) {
  std::string bytes = number(0x803) + number(count) + number(height) + number(width);
  for (int i = 0; i < count; ++i)
    bytes += static_cast<char>(100 + i) + std::string(height * width - 1, static_cast<char>(i));
  return bytes;
}

std::string label_file(int count) {
  std::string bytes = number(0x801) + number(count);
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i % 10);
  return bytes;
}

std::string gzip(const std::string& bytes, const TemporaryFolder& folder) {
  gzFile file = gzopen((folder / "scratch").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return folder.bytes("scratch");
}

TEST(Idx, GreyBecomesThreeEqualColours) {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", image_file(3, 8, 4));
  folder.write("t10k-labels-idx1-ubyte", label_file(3));
  const StoredImages source(load_idx({folder / ""}, Split::test), SampleOrder::file, "idx");
  const Sample sample = source.sample({1, 2, 0});
  EXPECT_EQ(source.size(), 3);
  EXPECT_EQ(sample.id, 2);
  EXPECT_EQ(sample.label, 2);
  EXPECT_EQ(sample.image.height, 8);
  EXPECT_EQ(sample.image.width, 4);
  EXPECT_EQ(to_byte(sample.image.values[0]), 102);
  EXPECT_EQ(to_byte(sample.image.values[1]), 102);
  EXPECT_EQ(to_byte(sample.image.values[2]), 102);
  EXPECT_EQ(to_byte(sample.image.values[3]), 2);
}

TEST(Idx, SidesArePaddedWithBlackToMultiplesOfFour) {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", image_file(1, 6, 5));
  const ImageRecords records = load_idx({folder / "", "auto", "none"}, Split::test);
  EXPECT_EQ(records.entries[0].height, 8);
  EXPECT_EQ(records.entries[0].width, 8);
  EXPECT_EQ(records.entries[0].label, -1);
  // 1 row above, 1 column to the left.
  EXPECT_EQ(records.pixels[8 * 0 + 1], 0);
  EXPECT_EQ(records.pixels[8 * 1 + 0], 0);
  EXPECT_EQ(records.pixels[8 * 1 + 1], 100);
}

TEST(Idx, SourceValuesAreThoseOfTheFile) {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", image_file(1, 6, 5));
  folder.write("whole", image_file(1, 8, 8));
  const auto sample = [&](const char* images) {
    return StoredImages(load_idx({folder / "", images, "none"}, Split::test), SampleOrder::file, "idx")
        .sample({1, 0, 0});
  };
  const Sample padded = sample("auto");
  EXPECT_EQ(padded.num_reals(), 30);
  EXPECT_EQ(padded.image.num_reals(), 192);
  ASSERT_TRUE(padded.picture);
  EXPECT_EQ(padded.picture->top, 1);
  EXPECT_EQ(padded.picture->left, 1);
  EXPECT_EQ(sample("whole").num_reals(), 64);  // grey counts once
}

/// Padding decides what is counted and compared: a picture of 8x8 that looks like a padded one is another source.
TEST(Idx, PaddingIsPartOfTheChecksum) {
  const TemporaryFolder folder;
  folder.write("padded", number(0x803) + number(1) + number(8) + number(7) + std::string(56, 0));
  folder.write("whole", number(0x803) + number(1) + number(8) + number(8) + std::string(64, 0));
  const auto checksum = [&](const char* images) {
    return StoredImages(load_idx({folder / "", images, "none"}, Split::test), SampleOrder::file, "idx").checksum();
  };
  EXPECT_NE(checksum("padded"), checksum("whole"));
}

TEST(Idx, SplitsHoldOutTheLastTwentieths) {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", image_file(40, 4, 4));
  folder.write("train-labels-idx1-ubyte", label_file(40));
  EXPECT_EQ(load_idx({folder / ""}, Split::train).entries.size(), 36u);
  EXPECT_EQ(load_idx({folder / ""}, Split::validation).entries.front().id, 36);
  EXPECT_EQ(load_idx({folder / ""}, Split::calibration).entries.front().id, 38);
}

TEST(Idx, CompressedFilesAreReadAsTheyAre) {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte.gz", gzip(image_file(2, 4, 4), folder));
  folder.write("t10k-labels-idx1-ubyte.gz", gzip(label_file(2), folder));
  const ImageRecords records = load_idx({folder / ""}, Split::test);
  EXPECT_EQ(records.entries.size(), 2u);
  EXPECT_EQ(records.pixels[16], 101);
}

TEST(Idx, OtherNamesCanBeGiven) {
  const TemporaryFolder folder;
  folder.write("pictures", image_file(2, 4, 4));
  folder.write("classes", label_file(2));
  EXPECT_EQ(load_idx({folder / "", "pictures", "classes"}, Split::test).entries[1].label, 1);
}

TEST(Idx, EveryPrefixOfAFileIsRefused) {
  const TemporaryFolder folder;
  for (const std::string& whole : {image_file(2, 4, 4), gzip(image_file(2, 4, 4), folder)})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      folder.write("cut", whole.substr(0, size));
      expect_error(ErrorCode::bad_file, "cut", [&] { load_idx({folder / "", "cut", "none"}, Split::test); });
    }
}

TEST(Idx, BadHeadersAreNamed) {
  const TemporaryFolder folder;
  const auto expect_refused = [&](const std::string& bytes, const std::string& part) {
    folder.write("bad", bytes);
    expect_error(ErrorCode::bad_file, part, [&] { load_idx({folder / "", "bad", "none"}, Split::test); });
  };
  expect_refused(label_file(3), "begins with 0x00000801: expected 0x00000803");
  expect_refused(image_file(2, 4, 4) + "x", "goes on after 48 bytes");
  expect_refused(number(0x803) + number(1) + number(0) + number(4), "says 4x0 pixels");
  expect_refused(number(0x803) + number(0xffffffff) + number(4096) + number(4096), "expected at most 4 GiB");
  expect_refused(number(0x803) + number(200) + number(4096) + number(1024), "after");
}

TEST(Idx, MissingFilesAndMismatchedLabelsAreNamed) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::bad_file, "t10k-images-idx3-ubyte", [&] { load_idx({folder / ""}, Split::test); });
  folder.write("t10k-images-idx3-ubyte", image_file(2, 4, 4));
  folder.write("t10k-labels-idx1-ubyte", label_file(3));
  expect_error(ErrorCode::bad_file, "has 3 labels: expected 2", [&] { load_idx({folder / ""}, Split::test); });
}

TEST(Idx, AnEmptySetIsAnError) {
  const TemporaryFolder folder;
  folder.write("none", image_file(0, 4, 4));
  expect_error(ErrorCode::bad_file, "expected at least 1", [&] {
    StoredImages(load_idx({folder / "", "none", "none"}, Split::test), SampleOrder::file, "none");
  });
}

}  // namespace
}  // namespace semlink
