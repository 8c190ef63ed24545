#include <semlink/data/image_file.h>

#include <gtest/gtest.h>

#include <cmath>

#include <data/image_bytes.h>
#include <semlink/core/rng.h>
#include <semlink/data/pixels.h>
#include <support/expect_error.h>
#include <support/temporary_folder.h>

namespace semlink {
namespace {

/// A smooth picture, so that JPEG keeps it.
std::vector<std::uint8_t> ramp(int height, int width, int num_channels) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < num_channels; ++c) pixels.push_back(static_cast<std::uint8_t>(40 + 3 * y + 2 * x + 20 * c));
  return pixels;
}

/// Reads a file with these bytes; false when that ends in an Error(bad_file). Any other end fails the test.
bool can_read(const TemporaryFolder& folder, const std::string& bytes) {
  folder.write("file", bytes);
  try {
    const RgbPixels image = read_image(folder / "file");
    EXPECT_EQ(static_cast<Index>(image.bytes.size()), 3 * image.height * image.width);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_file) << error.what();
    EXPECT_NE(std::string(error.what()).find((folder / "file").string()), std::string::npos) << error.what();
    return false;
  }
}

/// Every proper prefix of a file must be refused.
void expect_no_prefix_reads(const std::string& bytes) {
  const TemporaryFolder folder;
  ASSERT_TRUE(can_read(folder, bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(can_read(folder, bytes.substr(0, size))) << size;
}

/// A file with any one byte changed is refused or gives some picture, but does nothing worse.
void expect_survives_changed_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  Stream stream(1, Purpose::user, 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(stream.next_u32());
    can_read(folder, changed);
  }
}

TEST(ImageFile, WrittenPngReadsBack) {
  const TemporaryFolder folder;
  Image image{5, 7, {}};
  for (const std::uint8_t byte : ramp(5, 7, 3)) image.values.push_back(from_byte(byte));
  write_png(folder / "image.png", image);
  const RgbPixels back = read_image(folder / "image.png");
  EXPECT_EQ(back.height, 5);
  EXPECT_EQ(back.width, 7);
  EXPECT_EQ(back.bytes, ramp(5, 7, 3));
}

TEST(ImageFile, WritingClipsAndRounds) {
  const TemporaryFolder folder;
  write_png(folder / "image.png", {1, 1, {-1.0f, 2.0f, 0.5f}});
  EXPECT_EQ(read_image(folder / "image.png").bytes, (std::vector<std::uint8_t>{0, 255, 128}));
}

TEST(ImageFile, GreyPngBecomesRgb) {
  const TemporaryFolder folder;
  folder.write("grey.png", png_bytes(1, 2, PNG_FORMAT_GRAY, {10, 200}));
  EXPECT_EQ(read_image(folder / "grey.png").bytes, (std::vector<std::uint8_t>{10, 10, 10, 200, 200, 200}));
}

TEST(ImageFile, TransparentPngStandsOnBlack) {
  const TemporaryFolder folder;
  folder.write("clear.png", png_bytes(1, 2, PNG_FORMAT_RGBA, {90, 80, 70, 0, 90, 80, 70, 255}));
  EXPECT_EQ(read_image(folder / "clear.png").bytes, (std::vector<std::uint8_t>{0, 0, 0, 90, 80, 70}));
}

TEST(ImageFile, JpegIsReadUpToItsCoding) {
  const TemporaryFolder folder;
  folder.write("ramp.png", jpeg_bytes(16, 24, 3, ramp(16, 24, 3)));  // the content decides, not the name
  const RgbPixels image = read_image(folder / "ramp.png");
  const std::vector<std::uint8_t> expected = ramp(16, 24, 3);
  ASSERT_EQ(image.bytes.size(), expected.size());
  // Quality 95 quantises a ramp's coefficients by steps of a few units; colour conversion rounds by one more.
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(image.bytes[i], expected[i], 6);
}

TEST(ImageFile, GreyJpegBecomesRgb) {
  const TemporaryFolder folder;
  folder.write("grey.jpg", jpeg_bytes(8, 8, 1, std::vector<std::uint8_t>(64, 77)));
  EXPECT_EQ(read_image(folder / "grey.jpg").bytes, std::vector<std::uint8_t>(192, 77));
}

TEST(ImageFile, CmykJpegIsRefused) {
  const TemporaryFolder folder;
  folder.write("print.jpg", jpeg_bytes(8, 8, 4, std::vector<std::uint8_t>(256, 77)));
  expect_error(ErrorCode::bad_file, "cannot be decoded as JPEG", [&] { read_image(folder / "print.jpg"); });
}

TEST(ImageFile, TruncatedPngIsRefused) { expect_no_prefix_reads(png_bytes(9, 9, PNG_FORMAT_RGB, ramp(9, 9, 3))); }

TEST(ImageFile, TruncatedJpegIsRefused) { expect_no_prefix_reads(jpeg_bytes(16, 16, 3, ramp(16, 16, 3))); }

TEST(ImageFile, DamagedPngDoesNoHarm) { expect_survives_changed_bytes(png_bytes(9, 9, PNG_FORMAT_RGB, ramp(9, 9, 3))); }

TEST(ImageFile, DamagedJpegDoesNoHarm) { expect_survives_changed_bytes(jpeg_bytes(16, 16, 3, ramp(16, 16, 3))); }

TEST(ImageFile, OtherFilesAreNamed) {
  const TemporaryFolder folder;
  folder.write("note.png", "not a picture");
  expect_error(ErrorCode::bad_file, "neither PNG nor JPEG", [&] { read_image(folder / "note.png"); });
  expect_error(ErrorCode::bad_file, "missing.png", [&] { read_image(folder / "missing.png"); });
}

TEST(ImageFile, HugeSidesAreRefusedBeforeTheyTakeMemory) {
  const TemporaryFolder folder;
  std::string bytes = jpeg_bytes(8, 8, 1, std::vector<std::uint8_t>(64, 77));
  // Start of frame: ff c0, length, precision, height, width. A grey 60000 x 60000 picture would take 10 GB as RGB.
  const std::size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::size_t at : {frame + 5, frame + 7}) bytes.replace(at, 2, "\xea\x60");
  folder.write("huge.jpg", bytes);
  expect_error(ErrorCode::bad_file, "found 60000x60000 pixels: expected sides in [1, 16384]",
               [&] { read_image(folder / "huge.jpg"); });
}

TEST(ImageFile, WritingWhereOneCannotIsAnIoError) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::io, "image.png", [&] { write_png(folder / "no folder" / "image.png", {1, 1, {0, 0, 0}}); });
  expect_error(ErrorCode::bad_argument, "0x0", [&] { write_png(folder / "image.png", {}); });
}

}  // namespace
}  // namespace semlink
