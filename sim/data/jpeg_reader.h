#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <semlink/data/image_file.h>

namespace semlink {

/// Throws Error(bad_file) unless the sides are within the bounds of `read_image`.
void check_image_size(const std::filesystem::path& path, std::uint64_t height, std::uint64_t width);

/// Decodes a JPEG file that is in memory; `path` is for messages. Throws Error(bad_file); a warning of the decoder
/// (missing or corrupt data that it would paint over) counts as damage.
RgbPixels decode_jpeg(const std::filesystem::path& path, const std::vector<std::uint8_t>& file);

}  // namespace semlink
