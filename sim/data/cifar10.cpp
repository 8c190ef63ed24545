#include <semlink/data/cifar10.h>

#include <algorithm>
#include <fstream>
#include <span>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr Index kSide = 32;
constexpr Index kPlane = kSide * kSide;
constexpr Index kRecordBytes = 1 + 3 * kPlane;
constexpr Index kRecordsPerFile = 10000;

std::vector<std::uint8_t> read_records(const std::filesystem::path& path, RecordRange range) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed)
    throw Error(ErrorCode::bad_file,
                path.string() + ": " + failed.message() + ": expected a file of CIFAR-10, binary version");
  if (size != static_cast<std::uintmax_t>(kRecordsPerFile * kRecordBytes))
    throw Error(ErrorCode::bad_file, path.string() + ": found " + std::to_string(size) +
                                         " bytes: expected 30730000 (10000 records of CIFAR-10, binary version)");
  std::vector<std::uint8_t> bytes(range.count * kRecordBytes);
  std::ifstream file(path, std::ios::binary);
  file.seekg(range.first * kRecordBytes);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
    throw Error(ErrorCode::bad_file, path.string() + ": cannot be read: expected 10000 records of CIFAR-10");
  return bytes;
}

void append(ImageRecords& records, std::span<const std::uint8_t> record, std::int64_t id,
            const std::filesystem::path& path) {
  if (record[0] > 9)
    throw Error(ErrorCode::bad_file, path.string() + ": image " + std::to_string(id) + " has label " +
                                         std::to_string(record[0]) + ": expected 0 to 9");
  const std::size_t offset = records.pixels.size();
  records.entries.push_back({.id = id, .offset = offset, .height = kSide, .width = kSide, .label = record[0]});
  records.pixels.resize(offset + 3 * kPlane);
  std::uint8_t* out = records.pixels.data() + offset;
  const std::uint8_t* planes = record.data() + 1;
  for (Index pixel = 0; pixel < kPlane; ++pixel)
    for (Index c = 0; c < 3; ++c) out[3 * pixel + c] = planes[c * kPlane + pixel];
}

/// The part of `wanted` that lies in the file whose first record is `file_first`, counted from the file's start.
RecordRange part_in_file(RecordRange wanted, Index file_first) {
  const Index first = std::max(wanted.first, file_first);
  const Index end = std::min(wanted.first + wanted.count, file_first + kRecordsPerFile);
  return {first - file_first, std::max<Index>(0, end - first)};
}

}  // namespace

ImageRecords load_cifar10(const std::filesystem::path& folder, Split split) {
  const bool test = split == Split::test;
  const Index num_files = test ? 1 : 5;
  const RecordRange wanted = split_range(split, num_files * kRecordsPerFile);
  ImageRecords records;
  records.class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  records.entries.reserve(wanted.count);
  records.pixels.reserve(wanted.count * 3 * kPlane);
  for (Index file = 0; file < num_files; ++file) {
    const RecordRange part = part_in_file(wanted, file * kRecordsPerFile);
    if (part.count == 0) continue;
    const std::filesystem::path path =
        folder / (test ? "test_batch.bin" : "data_batch_" + std::to_string(file + 1) + ".bin");
    const std::vector<std::uint8_t> bytes = read_records(path, part);
    for (Index i = 0; i < part.count; ++i)
      append(records, std::span(bytes).subspan(i * kRecordBytes, kRecordBytes), file * kRecordsPerFile + part.first + i,
             path);
  }
  return records;
}

}  // namespace semlink
