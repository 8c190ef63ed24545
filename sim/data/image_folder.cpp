#include <semlink/data/image_folder.h>

#include <algorithm>
#include <cctype>

#include <semlink/core/error.h>
#include <semlink/data/image_file.h>

namespace semlink {
namespace {

constexpr Index kPatch = 4;
constexpr std::size_t kMaxTotalBytes = std::size_t{1} << 32;

bool is_image_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

/// Names of the subfolders that are named after splits, each after a blank.
std::string subfolders_of_splits(const std::filesystem::path& folder) {
  std::string names;
  std::error_code ignored;
  for (const Split split : kSplits)
    if (std::filesystem::is_directory(folder / split_name(split), ignored)) names += " " + split_name(split);
  return names;
}

std::vector<std::filesystem::path> image_files(const std::filesystem::path& folder) {
  std::error_code failed;
  if (std::filesystem::is_regular_file(folder, failed)) return {folder};
  std::vector<std::filesystem::path> files;
  std::filesystem::directory_iterator entry(folder, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed))
    if (is_image_name(entry->path()) && entry->is_regular_file(failed)) files.push_back(entry->path());
  if (failed)
    throw Error(ErrorCode::bad_file,
                folder.string() + ": " + failed.message() + ": expected a folder of PNG or JPEG files");
  if (files.empty())
    throw Error(ErrorCode::bad_file, folder.string() + ": no file ends in .png, .jpg or .jpeg: expected at least 1");
  std::sort(files.begin(), files.end());
  return files;
}

void append_cropped(ImageRecords& records, const RgbPixels& image, const std::filesystem::path& path) {
  const Index height = image.height / kPatch * kPatch;
  const Index width = image.width / kPatch * kPatch;
  if (height == 0 || width == 0)
    throw Error(ErrorCode::bad_file, path.string() + ": found " + std::to_string(image.width) + "x" +
                                         std::to_string(image.height) + " pixels: expected at least 4x4");
  const std::size_t offset = records.pixels.size();
  if (offset + 3 * height * width > kMaxTotalBytes)
    throw Error(ErrorCode::bad_file,
                path.string() + ": the images up to this one exceed 4 GiB: expected fewer or smaller ones");
  records.entries.push_back({.id = static_cast<std::int64_t>(records.entries.size()),
                             .offset = offset,
                             .height = height,
                             .width = width,
                             .label = -1});
  records.pixels.resize(offset + 3 * height * width);
  const Index top = (image.height - height) / 2;
  const Index left = (image.width - width) / 2;
  for (Index y = 0; y < height; ++y)
    std::copy_n(&image.bytes[3 * ((top + y) * image.width + left)], 3 * width, &records.pixels[offset + 3 * y * width]);
}

}  // namespace

ImageRecords load_image_folder(const std::filesystem::path& folder, Split split) {
  const std::string parts = subfolders_of_splits(folder);
  ImageRecords records;
  records.is_split = !parts.empty();
  std::error_code ignored;
  const std::filesystem::path part = folder / split_name(split);
  if (records.is_split && !std::filesystem::is_directory(part, ignored))
    throw Error(ErrorCode::bad_file, part.string() + ": no such folder, but" + parts +
                                         " beside it: expected one for source.split = " + split_name(split));
  for (const std::filesystem::path& path : image_files(records.is_split ? part : folder))
    append_cropped(records, read_image(path), path);
  return records;
}

}  // namespace semlink
