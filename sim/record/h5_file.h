#pragma once

#include <filesystem>
#include <memory>

#include <semlink/record/h5_group.h>

namespace semlink {

/// An HDF5 file open for reading.
class H5File {
 public:
  static bool is_hdf5(const std::filesystem::path& path);
  /// Throws Error(bad_file) when the file is missing, not HDF5, or cut off.
  static H5File open(const std::filesystem::path& path);

  const H5Group& root() const { return root_; }

 private:
  explicit H5File(H5Handle file) : root_(std::move(file)) {}
  H5Group root_;
};

/// A new HDF5 file that appears whole or not at all: it grows beside its place under a name ending in `.part`; `commit`
/// flushes it to the disk and renames it. Readable by netCDF-4 tools (format bounds of HDF5 1.8, creation order kept).
class NewH5File {
 public:
  enum class IfExists { refuse, replace };

  /// Throws Error(bad_file) when `path` exists and `if_exists` is refuse, Error(io) when it cannot be written.
  NewH5File(std::filesystem::path path, IfExists if_exists);
  /// Without `commit` the partial file is removed and `path` is as it was.
  ~NewH5File();
  NewH5File(const NewH5File&) = delete;
  NewH5File& operator=(const NewH5File&) = delete;

  H5Group& root() { return *root_; }
  /// All groups taken from `root` must be gone by now.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path part_;
  IfExists if_exists_;
  std::unique_ptr<H5Group> root_;
};

/// Takes away what writers of `path` that were killed have left (`r.h5.123.part`). Nobody else may be writing it.
void remove_unfinished(const std::filesystem::path& path);

/// Throws Error(bad_file) with advice when `path` exists.
void refuse_existing(const std::filesystem::path& path);

}  // namespace semlink
