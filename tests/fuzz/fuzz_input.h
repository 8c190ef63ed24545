#pragma once

#include <semlink/core/types.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>

/// How fuzz targets read their input and what they do about a broken promise.
namespace semlink::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// The next byte of the input; 0 behind its end.
inline std::uint8_t take_byte(Bytes& input) {
  if (input.empty()) return 0;
  const std::uint8_t byte = input.front();
  input = input.subspan(1);
  return byte;
}

/// A small number from the next byte, or now and then one far from 0: up to 2^60 or down to 2^-60.
inline float take_value(Bytes& input) {
  const std::uint8_t byte = take_byte(input);
  const float value = static_cast<float>(static_cast<std::int8_t>(byte)) / 32;
  return byte % 32 == 17 ? std::ldexp(value, static_cast<std::int8_t>(take_byte(input)) / 2) : value;
}

/// Ends the program where a promise of the code under test is broken.
inline void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace semlink::fuzz
