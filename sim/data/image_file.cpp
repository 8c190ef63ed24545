#include <semlink/data/image_file.h>

#include <png.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include <semlink/core/error.h>
#include <semlink/data/jpeg_reader.h>
#include <semlink/data/pixels.h>

namespace semlink {
namespace {

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 28;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& found) {
  throw Error(ErrorCode::bad_file, path.string() + ": " + found);
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed) fail(path, failed.message() + ": expected a PNG or JPEG file");
  if (size > kMaxFileBytes) fail(path, "found " + std::to_string(size) + " bytes: expected at most 268435456");
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size)))
    fail(path, "cannot be read: expected a PNG or JPEG file");
  return bytes;
}

/// Frees what libpng holds for an image.
struct PngGuard {
  png_image& image;
  ~PngGuard() { png_image_free(&image); }
};

/// libpng stops after the last pixel; whoever cut the file behind it has cut it all the same.
bool has_end_chunk(const std::vector<std::uint8_t>& file) {
  constexpr std::array<std::uint8_t, 12> kEnd{0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
  return std::search(file.begin(), file.end(), kEnd.begin(), kEnd.end()) != file.end();
}

RgbPixels decode_png(const std::filesystem::path& path, const std::vector<std::uint8_t>& file) {
  if (!has_end_chunk(file)) fail(path, "PNG without its last chunk: expected a whole file");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const PngGuard guard{image};
  if (!png_image_begin_read_from_memory(&image, file.data(), file.size()))
    fail(path, std::string("cannot be decoded as PNG: ") + image.message);
  check_image_size(path, image.height, image.width);
  image.format = PNG_FORMAT_RGB;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit values are not linear unless the file says so
  RgbPixels pixels{image.height, image.width, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&image, &black, pixels.bytes.data(), 0, nullptr))
    fail(path, std::string("cannot be decoded as PNG: ") + image.message);
  return pixels;
}

}  // namespace

void check_image_size(const std::filesystem::path& path, std::uint64_t height, std::uint64_t width) {
  constexpr std::uint64_t kMaxSide = 16384;
  constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 26;
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide || height * width > kMaxPixels)
    fail(path, "found " + std::to_string(width) + "x" + std::to_string(height) +
                   " pixels: expected sides in [1, 16384] and at most 67108864 pixels");
}

RgbPixels read_image(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> file = read_file(path);
  const auto begins_with = [&](std::initializer_list<std::uint8_t> magic) {
    return file.size() >= magic.size() && std::equal(magic.begin(), magic.end(), file.begin());
  };
  if (begins_with({0x89, 'P', 'N', 'G'})) return decode_png(path, file);
  if (begins_with({0xff, 0xd8, 0xff})) return decode_jpeg(path, file);
  fail(path, "neither PNG nor JPEG by its first bytes: expected one of them");
}

void write_png(const std::filesystem::path& path, const Image& image) {
  if (image.height < 1 || image.width < 1)
    throw Error(ErrorCode::bad_argument, "write_png: image of " + std::to_string(image.width) + "x" +
                                             std::to_string(image.height) + " pixels: expected at least 1x1");
  const std::vector<std::uint8_t> bytes = to_bytes(image);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(image.height);
  png.width = static_cast<png_uint_32>(image.width);
  png.format = PNG_FORMAT_RGB;
  if (!png_image_write_to_file(&png, path.c_str(), 0, bytes.data(), 0, nullptr))
    throw Error(ErrorCode::io, path.string() + ": " + png.message + ": expected a place to write a PNG file");
}

}  // namespace semlink
