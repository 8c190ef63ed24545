#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/record/h5_handle.h>

namespace semlink {

template <typename T>
concept H5Number = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int8_t> ||
                   std::same_as<T, std::uint8_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> ||
                   std::same_as<T, std::uint64_t>;

/// Extent of a dataset, slowest dimension first; empty for a scalar.
using H5Shape = std::vector<std::size_t>;

/// Product of the extents; 1 for a scalar. Throws Error(bad_file) when it overflows.
std::size_t num_elements(const H5Shape& shape);

/// A dataset in memory, row by row.
template <H5Number T>
struct H5Array {
  H5Shape shape;
  std::vector<T> values;
};

/// How a dataset is laid out: in one piece, or in blocks of rows (about 256 KiB) with shuffle and deflate.
enum class H5Storage { plain, compressed };

/// A group of an open HDF5 file, or its root. Names are single path components. The file must outlive it.
///
/// Files are taken for hostile when read: only hard links, only plain number and string types, no external storage, no
/// filters but shuffle, deflate and checksum, sizes bounded before memory is asked for. What does not fit throws
/// Error(bad_file); a write that fails throws Error(io).
class H5Group {
 public:
  /// Elements that one read may ask for unless the caller says otherwise.
  static constexpr std::size_t kMaxElements = std::size_t{1} << 28;

  explicit H5Group(H5Handle handle) : handle_(std::move(handle)) {}
  /// Closes the group, or the file when it is the root; throws Error(io) when what was written cannot be flushed.
  void close();
  /// For HDF5 calls within sim/record.
  std::int64_t id() const { return handle_.id(); }
  /// File and path, for messages.
  std::string location() const;

  bool has_group(const std::string& name) const;
  bool has_dataset(const std::string& name) const;
  /// In the order of creation. Links that are not hard links, and other kinds of objects, are left out.
  std::vector<std::string> group_names() const;
  std::vector<std::string> dataset_names() const;

  H5Group create_group(const std::string& name);
  H5Group group(const std::string& name) const;

  /// Writes a whole dataset; `values` holds num_elements(shape) entries.
  template <H5Number T>
  void write(const std::string& name, std::span<const T> values, const H5Shape& shape,
             H5Storage storage = H5Storage::plain);
  template <H5Number T>
  void write(const std::string& name, const std::vector<T>& values, const H5Shape& shape,
             H5Storage storage = H5Storage::plain) {
    write(name, std::span<const T>(values), shape, storage);
  }
  /// One dimension of variable-length UTF-8 strings.
  void write_strings(const std::string& name, const std::vector<std::string>& values);

  /// Makes a dataset to be filled by `write_rows`; what is never written reads as 0.
  template <H5Number T>
  void create(const std::string& name, const H5Shape& shape, H5Storage storage = H5Storage::compressed);
  /// Writes rows [first_row, first_row + n) where n = values.size() / elements per row.
  template <H5Number T>
  void write_rows(const std::string& name, std::size_t first_row, std::span<const T> values);

  /// Shape of a dataset of numbers or strings.
  H5Shape shape(const std::string& name) const;
  /// Reads a whole dataset. The stored type must be of the same class (integer or floating) and not wider than T.
  template <H5Number T>
  H5Array<T> read(const std::string& name, std::size_t max_elements = kMaxElements) const;
  /// Reads `num_rows` rows from `first_row` on.
  template <H5Number T>
  std::vector<T> read_rows(const std::string& name, std::size_t first_row, std::size_t num_rows,
                           std::size_t max_elements = kMaxElements) const;
  /// For files that are known to be whole: HDF5 1.10 does not survive a damaged heap of strings. What must be read from
  /// elsewhere stands in attributes.
  std::vector<std::string> read_strings(const std::string& name, std::size_t max_elements = 1 << 20) const;

  /// Attributes of the group itself; text is UTF-8 of fixed length.
  void set_attribute(const std::string& name, std::string_view value);
  void set_attribute(const std::string& name, const char* value) { set_attribute(name, std::string_view(value)); }
  void set_attribute(const std::string& name, double value);
  void set_attribute(const std::string& name, std::int64_t value);
  bool has_attribute(const std::string& name) const;
  std::vector<std::string> attribute_names() const;
  std::string text_attribute(const std::string& name) const;
  double number_attribute(const std::string& name) const;
  std::int64_t integer_attribute(const std::string& name) const;

  /// Attributes of the dataset `dataset`.
  void describe(const std::string& dataset, const std::string& name, std::string_view value);
  void describe(const std::string& dataset, const std::string& name, std::span<const std::int8_t> values);
  std::string description(const std::string& dataset, const std::string& name) const;

 private:
  H5Handle handle_;
};

}  // namespace semlink
