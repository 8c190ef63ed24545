#include <algorithm>
#include <limits>

#include <semlink/record/h5_group.h>
#include <semlink/record/h5_internal.h>

namespace semlink {
namespace {

constexpr int kMaxRank = 16;
constexpr std::size_t kChunkBytes = std::size_t{1} << 18;
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 26;

template <H5Number T>
hid_t memory_type() {
  if constexpr (std::same_as<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::same_as<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::same_as<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::same_as<T, std::uint8_t>) return H5T_NATIVE_UINT8;
  if constexpr (std::same_as<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::same_as<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::same_as<T, std::uint64_t>) return H5T_NATIVE_UINT64;
}

std::string where(const H5Group& group, const std::string& name) {
  const std::string place = group.location();
  return place + (place.ends_with('/') ? "" : "/") + name;
}

H5Handle make_space(const H5Shape& shape, const std::string& place) {
  if (shape.empty()) return h5::own(H5Screate(H5S_SCALAR), H5Sclose, ErrorCode::io, place);
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  return h5::own(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose, ErrorCode::io,
                 place);
}

// Blocks of whole rows, about kChunkBytes each.
void set_chunks(hid_t creation, const H5Shape& shape, std::size_t element_bytes, const std::string& place) {
  std::vector<hsize_t> chunk(shape.begin(), shape.end());
  const std::size_t row_bytes = num_elements(H5Shape(shape.begin() + 1, shape.end())) * element_bytes;
  chunk[0] = std::clamp<std::size_t>(kChunkBytes / std::max<std::size_t>(row_bytes, 1), 1, shape[0]);
  h5::check(H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()), ErrorCode::io, place);
  h5::check(H5Pset_shuffle(creation), ErrorCode::io, place);
  h5::check(H5Pset_deflate(creation, 1), ErrorCode::io, place);
}

H5Handle create_dataset(const H5Group& group, const std::string& name, hid_t type, std::size_t element_bytes,
                        const H5Shape& shape, H5Storage storage) {
  const std::string place = where(group, name) + ": cannot create dataset";
  const H5Handle creation = h5::dataset_creation();
  if (storage == H5Storage::compressed && !shape.empty() && num_elements(shape) > 0)
    set_chunks(creation.id(), shape, element_bytes, place);
  const H5Handle space = make_space(shape, place);
  return h5::own(H5Dcreate2(group.id(), name.c_str(), type, space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                 H5Dclose, ErrorCode::io, place);
}

// A virtual dataset or external storage would read other files; an unknown filter would load code.
void require_own_storage(hid_t dataset, const std::string& place) {
  const H5Handle creation = h5::own(H5Dget_create_plist(dataset), H5Pclose, ErrorCode::bad_file, place);
  if (H5Pget_layout(creation.id()) == H5D_VIRTUAL || H5Pget_external_count(creation.id()) != 0)
    throw Error(ErrorCode::bad_file, place + ": data outside the file");
  const int num_filters = H5Pget_nfilters(creation.id());
  for (int i = 0; i < num_filters; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t num_values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation.id(), i, &flags, &num_values, nullptr, 0, nullptr, &config);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      throw Error(ErrorCode::bad_file, place + ": unexpected filter " + std::to_string(filter));
  }
}

H5Handle open_for_reading(const H5Group& group, const std::string& name) {
  const std::string place = where(group, name);
  if (!group.has_dataset(name)) throw Error(ErrorCode::bad_file, place + ": no such dataset");
  H5Handle dataset =
      h5::own(H5Dopen2(group.id(), name.c_str(), H5P_DEFAULT), H5Dclose, ErrorCode::bad_file, place + ": cannot open");
  require_own_storage(dataset.id(), place);
  return dataset;
}

H5Shape shape_of(hid_t dataset, const std::string& place) {
  const H5Handle space = h5::own(H5Dget_space(dataset), H5Sclose, ErrorCode::bad_file, place);
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank < 0 || rank > kMaxRank || H5Sis_simple(space.id()) <= 0 ||
      H5Sget_simple_extent_type(space.id()) == H5S_NULL)
    throw Error(ErrorCode::bad_file, place + ": unexpected rank");
  std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr);
  return H5Shape(extent.begin(), extent.end());
}

template <H5Number T>
void require_type(hid_t dataset, const std::string& place) {
  const H5Handle stored = h5::own(H5Dget_type(dataset), H5Tclose, ErrorCode::bad_file, place);
  const H5T_class_t expected = std::floating_point<T> ? H5T_FLOAT : H5T_INTEGER;
  if (H5Tget_class(stored.id()) != expected || H5Tget_size(stored.id()) > sizeof(T))
    throw Error(ErrorCode::bad_file, place + ": expected " + (std::floating_point<T> ? "floating" : "integer") +
                                         " numbers of at most " + std::to_string(8 * sizeof(T)) + " bits");
}

void require_size(const H5Shape& shape, std::size_t max_elements, const std::string& place) {
  if (num_elements(shape) > max_elements)
    throw Error(ErrorCode::bad_file, place + ": " + std::to_string(num_elements(shape)) + " elements, expected at most " +
                                         std::to_string(max_elements));
}

// Selects rows of the dataset; the result is the data space to read or write through.
H5Handle select_rows(hid_t dataset, const H5Shape& shape, std::size_t first, std::size_t count, const std::string& place) {
  H5Handle space = h5::own(H5Dget_space(dataset), H5Sclose, ErrorCode::io, place);
  std::vector<hsize_t> start(shape.size(), 0), extent(shape.begin(), shape.end());
  start[0] = first;
  extent[0] = count;
  h5::check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), ErrorCode::io,
            place);
  return space;
}

std::size_t elements_per_row(const H5Shape& shape, const std::string& place) {
  if (shape.empty()) throw Error(ErrorCode::bad_file, place + ": a scalar has no rows");
  return num_elements(H5Shape(shape.begin() + 1, shape.end()));
}

}  // namespace

std::size_t num_elements(const H5Shape& shape) {
  std::size_t product = 1;
  for (const std::size_t extent : shape) {
    if (extent != 0 && product > std::numeric_limits<std::size_t>::max() / extent)
      throw Error(ErrorCode::bad_file, "dataset too large");
    product *= extent;
  }
  return product;
}

template <H5Number T>
void H5Group::write(const std::string& name, std::span<const T> values, const H5Shape& shape, H5Storage storage) {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  if (values.size() != num_elements(shape))
    throw Error(ErrorCode::bad_argument, place + ": " + std::to_string(values.size()) + " values for a shape of " +
                                             std::to_string(num_elements(shape)));
  H5Handle dataset = create_dataset(*this, name, memory_type<T>(), sizeof(T), shape, storage);
  if (!values.empty())
    h5::check(H5Dwrite(dataset.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ErrorCode::io,
              place + ": cannot write");
  dataset.close(place);
}

void H5Group::write_strings(const std::string& name, const std::vector<std::string>& values) {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  const H5Handle type = h5::string_type();
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  H5Handle dataset = create_dataset(*this, name, type.id(), sizeof(char*), {values.size()}, H5Storage::plain);
  if (!values.empty())
    h5::check(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), ErrorCode::io,
              place + ": cannot write");
  dataset.close(place);
}

template <H5Number T>
void H5Group::create(const std::string& name, const H5Shape& shape, H5Storage storage) {
  const h5::Quiet quiet;
  create_dataset(*this, name, memory_type<T>(), sizeof(T), shape, storage).close(where(*this, name));
}

template <H5Number T>
void H5Group::write_rows(const std::string& name, std::size_t first_row, std::span<const T> values) {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  H5Handle dataset = open_for_reading(*this, name);
  const H5Shape shape = shape_of(dataset.id(), place);
  const std::size_t width = elements_per_row(shape, place);
  const std::size_t rows = width == 0 ? 0 : values.size() / width;
  if (rows * width != values.size() || rows > shape[0] || first_row > shape[0] - rows)
    throw Error(ErrorCode::bad_argument, place + ": rows outside the dataset");
  if (rows == 0) return;
  const H5Handle file_space = select_rows(dataset.id(), shape, first_row, rows, place);
  const H5Handle memory_space = make_space({values.size()}, place);
  h5::check(H5Dwrite(dataset.id(), memory_type<T>(), memory_space.id(), file_space.id(), H5P_DEFAULT, values.data()),
            ErrorCode::io, place + ": cannot write");
  dataset.close(place);
}

H5Shape H5Group::shape(const std::string& name) const {
  const h5::Quiet quiet;
  const H5Handle dataset = open_for_reading(*this, name);
  return shape_of(dataset.id(), where(*this, name));
}

template <H5Number T>
H5Array<T> H5Group::read(const std::string& name, std::size_t max_elements) const {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  const H5Handle dataset = open_for_reading(*this, name);
  H5Array<T> out{shape_of(dataset.id(), place), {}};
  require_size(out.shape, max_elements, place);
  require_type<T>(dataset.id(), place);
  out.values.resize(num_elements(out.shape));
  if (!out.values.empty())
    h5::check(H5Dread(dataset.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.values.data()),
              ErrorCode::bad_file, place + ": cannot read");
  return out;
}

template <H5Number T>
std::vector<T> H5Group::read_rows(const std::string& name, std::size_t first_row, std::size_t num_rows,
                                  std::size_t max_elements) const {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  const H5Handle dataset = open_for_reading(*this, name);
  H5Shape shape = shape_of(dataset.id(), place);
  require_type<T>(dataset.id(), place);
  elements_per_row(shape, place);
  if (num_rows > shape[0] || first_row > shape[0] - num_rows)
    throw Error(ErrorCode::bad_file, place + ": has " + std::to_string(shape[0]) + " rows, expected more");
  const H5Handle file_space = select_rows(dataset.id(), shape, first_row, num_rows, place);
  shape[0] = num_rows;
  require_size(shape, max_elements, place);
  std::vector<T> out(num_elements(shape));
  if (out.empty()) return out;
  const H5Handle memory_space = make_space({out.size()}, place);
  h5::check(H5Dread(dataset.id(), memory_type<T>(), memory_space.id(), file_space.id(), H5P_DEFAULT, out.data()),
            ErrorCode::bad_file, place + ": cannot read");
  return out;
}

std::vector<std::string> H5Group::read_strings(const std::string& name, std::size_t max_elements) const {
  const h5::Quiet quiet;
  const std::string place = where(*this, name);
  const H5Handle dataset = open_for_reading(*this, name);
  const H5Shape shape = shape_of(dataset.id(), place);
  require_size(shape, max_elements, place);
  const H5Handle stored = h5::own(H5Dget_type(dataset.id()), H5Tclose, ErrorCode::bad_file, place);
  if (H5Tget_class(stored.id()) != H5T_STRING || H5Tis_variable_str(stored.id()) <= 0)
    throw Error(ErrorCode::bad_file, place + ": expected strings of variable length");
  if (num_elements(shape) == 0) return {};
  const H5Handle space = h5::own(H5Dget_space(dataset.id()), H5Sclose, ErrorCode::bad_file, place);
  const H5Handle type = h5::string_type();
  hsize_t bytes = 0;
  h5::check(H5Dvlen_get_buf_size(dataset.id(), type.id(), space.id(), &bytes), ErrorCode::bad_file,
            place + ": cannot read");
  if (bytes > kMaxTextBytes) throw Error(ErrorCode::bad_file, place + ": too much text");
  std::vector<char*> pointers(num_elements(shape), nullptr);
  h5::check(H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), ErrorCode::bad_file,
            place + ": cannot read");
  std::vector<std::string> out;
  for (const char* text : pointers) out.emplace_back(text ? text : "");
  H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, pointers.data());
  return out;
}

#define SEMLINK_H5_NUMBER(T)                                                                                   \
  template void H5Group::write<T>(const std::string&, std::span<const T>, const H5Shape&, H5Storage);         \
  template void H5Group::create<T>(const std::string&, const H5Shape&, H5Storage);                            \
  template void H5Group::write_rows<T>(const std::string&, std::size_t, std::span<const T>);                  \
  template H5Array<T> H5Group::read<T>(const std::string&, std::size_t) const;                                \
  template std::vector<T> H5Group::read_rows<T>(const std::string&, std::size_t, std::size_t, std::size_t) const;
SEMLINK_H5_NUMBER(float)
SEMLINK_H5_NUMBER(double)
SEMLINK_H5_NUMBER(std::int8_t)
SEMLINK_H5_NUMBER(std::uint8_t)
SEMLINK_H5_NUMBER(std::int32_t)
SEMLINK_H5_NUMBER(std::int64_t)
SEMLINK_H5_NUMBER(std::uint64_t)
#undef SEMLINK_H5_NUMBER

}  // namespace semlink
