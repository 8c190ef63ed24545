#pragma once

#include <cstdio>
#include <string>

namespace semlink {

/// What `printf` would print of these numbers and C strings, whatever its length.
template <typename... Values>
std::string format(const char* pattern, Values... values) {
  const int length = std::snprintf(nullptr, 0, pattern, values...);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::snprintf(text.data(), text.size() + 1, pattern, values...);
  return text;
}

}  // namespace semlink
