#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace semlink {

/// Owner of one HDF5 identifier (file, group, dataset, type, ...). Move only. The HDF5 header stays out of ours, hence the
/// plain integer.
class H5Handle {
 public:
  using Closer = int (*)(std::int64_t);

  H5Handle() = default;
  H5Handle(std::int64_t id, Closer closer) : id_(id), closer_(closer) {}
  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  /// Closes without a word: writers call `close`, where a failed flush is seen.
  ~H5Handle() {
    if (id_ >= 0) closer_(id_);
  }

  std::int64_t id() const { return id_; }
  bool valid() const { return id_ >= 0; }
  /// Closes now. HDF5 compresses and writes chunks at this moment, so it may fail although every write succeeded: throws
  /// Error(io) that names `what`.
  void close(const std::string& what);

 private:
  std::int64_t id_ = -1;
  Closer closer_ = nullptr;
};

}  // namespace semlink
