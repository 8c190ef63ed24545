#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include <semlink/core/error.h>

namespace semlink {

/// Values one after the other as they lie in memory: for files that stay on one machine.
class ByteWriter {
 public:
  template <typename T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads them back. Throws Error(bad_file), beginning with `name`, where there are too few.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  template <typename T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(get<std::uint32_t>())); }
  /// The number of entries that follow, each of `size` bytes; so many there are.
  std::size_t count(std::size_t size) {
    const auto number = get<std::uint32_t>();
    if (number > bytes_.size() / size) fail();
    return number;
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) fail();
    const std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  [[noreturn]] void fail() const { throw Error(ErrorCode::bad_file, name_ + ": a record is damaged"); }

  std::string_view bytes_;
  std::string name_;
};

}  // namespace semlink
