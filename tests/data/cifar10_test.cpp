#include <semlink/data/cifar10.h>

#include <gtest/gtest.h>

#include <algorithm>

#include <semlink/data/pixels.h>
#include <support/data_folder.h>
#include <support/expect_error.h>
#include <support/temporary_folder.h>

namespace semlink {
namespace {

constexpr std::size_t kFileBytes = 30730000;
constexpr std::size_t kRecordBytes = 3073;

/// A file of the right size: record r has label r mod 10 and, in colour plane c, the value (r + 50 c) mod 256 at every
/// pixel but the second of the first row, where it is 7.
std::string made_up_file() {
  std::string bytes(kFileBytes, 0);
  for (std::size_t r = 0; r < 10000; ++r) {
    char* record = bytes.data() + r * kRecordBytes;
    record[0] = static_cast<char>(r % 10);
    for (std::size_t c = 0; c < 3; ++c) {
      std::fill_n(record + 1 + 1024 * c, 1024, static_cast<char>(r + 50 * c));
      record[1 + 1024 * c + 1] = 7;
    }
  }
  return bytes;
}

TEST(Cifar10, PlanesBecomePixels) {
  const TemporaryFolder folder;
  folder.write("test_batch.bin", made_up_file());
  const StoredImages source(load_cifar10(folder / "", Split::test), SampleOrder::file, "test");
  const Sample sample = source.sample({1, 10123, 0});
  EXPECT_EQ(source.size(), 10000);
  EXPECT_EQ(sample.id, 123);
  EXPECT_EQ(sample.label, 3);
  ASSERT_EQ(sample.image.num_reals(), 3072);
  EXPECT_EQ(to_byte(sample.image.values[0]), 123);
  EXPECT_EQ(to_byte(sample.image.values[1]), 173);
  EXPECT_EQ(to_byte(sample.image.values[2]), 223);
  EXPECT_EQ(to_byte(sample.image.values[3]), 7);
}

TEST(Cifar10, SplitsOfTheTrainingFilesMeetButDoNotOverlap) {
  const TemporaryFolder folder;
  for (int file = 1; file <= 5; ++file) folder.write("data_batch_" + std::to_string(file) + ".bin", made_up_file());
  const ImageRecords train = load_cifar10(folder / "", Split::train);
  const ImageRecords validation = load_cifar10(folder / "", Split::validation);
  const ImageRecords calibration = load_cifar10(folder / "", Split::calibration);
  EXPECT_EQ(train.entries.front().id, 0);
  EXPECT_EQ(train.entries.back().id, 44999);
  EXPECT_EQ(validation.entries.front().id, 45000);
  EXPECT_EQ(validation.entries.back().id, 47499);
  EXPECT_EQ(calibration.entries.front().id, 47500);
  EXPECT_EQ(calibration.entries.back().id, 49999);
  EXPECT_EQ(train.entries.size() + validation.entries.size() + calibration.entries.size(), 50000u);
  // Record 47,123 is record 7,123 of the fifth file.
  EXPECT_EQ(validation.pixels[2123 * 3072], 7123 % 256);
}

TEST(Cifar10, MissingFileIsNamed) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::bad_file, "test_batch.bin", [&] { load_cifar10(folder / "", Split::test); });
}

TEST(Cifar10, TruncatedFileSaysFoundAndExpected) {
  const TemporaryFolder folder;
  std::string bytes = made_up_file();
  bytes.resize(kFileBytes - 1);
  folder.write("test_batch.bin", bytes);
  expect_error(ErrorCode::bad_file, "found 30729999 bytes: expected 30730000",
               [&] { load_cifar10(folder / "", Split::test); });
}

TEST(Cifar10, WrongLabelIsNamed) {
  const TemporaryFolder folder;
  std::string bytes = made_up_file();
  bytes[17 * kRecordBytes] = 10;
  folder.write("test_batch.bin", bytes);
  expect_error(ErrorCode::bad_file, "image 17 has label 10: expected 0 to 9",
               [&] { load_cifar10(folder / "", Split::test); });
}

TEST(Cifar10, ChecksumFollowsTheData) {
  const TemporaryFolder folder;
  std::string bytes = made_up_file();
  const auto checksum = [&] {
    folder.write("test_batch.bin", bytes);
    return StoredImages(load_cifar10(folder / "", Split::test), SampleOrder::file, "test").checksum();
  };
  const std::string before = checksum();
  bytes[5000] ^= 1;
  EXPECT_NE(checksum(), before);
  bytes[5000] ^= 1;
  EXPECT_EQ(checksum(), before);
}

TEST(Cifar10, RealTestSetHasAThousandImagesPerClass) {
  SEMLINK_NEEDS_DATA("cifar10");
  const ImageRecords records = load_cifar10(data_folder("cifar10"), Split::test);
  std::vector<int> counts(10, 0);
  for (const ImageRecords::Entry& entry : records.entries) ++counts[entry.label];
  EXPECT_EQ(counts, std::vector<int>(10, 1000));
}

}  // namespace
}  // namespace semlink
