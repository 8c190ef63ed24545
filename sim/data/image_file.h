#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// 8-bit RGB pixels, row by row, the three colours of a pixel adjacent.
struct RgbPixels {
  Index height = 0;
  Index width = 0;
  std::vector<std::uint8_t> bytes;
};

/// Reads a PNG or JPEG file; the first bytes decide which, not the name. Grey and palette become RGB, 16 bits become 8,
/// transparency is put on black; PNG values are taken to sRGB where the file states another gamma. Sides are at most
/// 16,384 and an image at most 2^26 pixels. Throws Error(bad_file) when the file is missing, of another kind, too
/// large, truncated or damaged.
RgbPixels read_image(const std::filesystem::path& path);

/// Writes 8-bit RGB after clipping and rounding; overwrites. Throws Error(io) when the file cannot be written,
/// Error(bad_argument) when the image is empty.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace semlink
