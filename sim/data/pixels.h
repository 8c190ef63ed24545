#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// The 8-bit value of a colour in [0, 1]: clipped, then rounded to the nearest (halves up). NaN becomes 0.
inline std::uint8_t to_byte(float value) {
  // The order of the comparisons sends NaN to 0.
  const float clipped = std::min(std::max(0.0f, value), 1.0f);
  return static_cast<std::uint8_t>(clipped * 255.0f + 0.5f);
}

/// The colour in [0, 1] of an 8-bit value; `to_byte` is its inverse.
inline float from_byte(std::uint8_t byte) { return static_cast<float>(byte) / 255.0f; }

/// All values of an image through `to_byte`, in the order of `Image::values`.
std::vector<std::uint8_t> to_bytes(const Image& image);

}  // namespace semlink
