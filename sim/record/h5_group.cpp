#include <semlink/record/h5_group.h>

#include <semlink/record/h5_internal.h>

namespace semlink {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 26;

std::string where(const H5Group& group, const std::string& name) {
  const std::string place = group.location();
  return place + (place.ends_with('/') ? "" : "/") + name;
}

// Only an object that a hard link of this very group names: soft and external links could lead out of the file.
bool is_object(hid_t group, const std::string& name, H5O_type_t type) {
  if (name.empty() || name == "." || name.find('/') != std::string::npos) return false;
  H5L_info_t link;
  if (H5Lexists(group, name.c_str(), H5P_DEFAULT) <= 0) return false;
  if (H5Lget_info(group, name.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return false;
  H5O_info_t info;
  return H5Oget_info_by_name2(group, name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 && info.type == type;
}

herr_t collect_link(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return static_cast<std::vector<std::string>*>(names)->size() > (1u << 20) ? -1 : 0;
}

herr_t collect_attribute(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return static_cast<std::vector<std::string>*>(names)->size() > (1u << 20) ? -1 : 0;
}

std::vector<std::string> names_of(const H5Group& group, H5O_type_t type) {
  std::vector<std::string> all, out;
  hsize_t from = 0;
  // Files made elsewhere may lack a creation order.
  if (H5Literate(group.id(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &from, collect_link, &all) < 0) {
    all.clear();
    from = 0;
    h5::check(H5Literate(group.id(), H5_INDEX_NAME, H5_ITER_INC, &from, collect_link, &all), ErrorCode::bad_file,
              group.location() + ": cannot list");
  }
  for (const std::string& name : all)
    if (is_object(group.id(), name, type)) out.push_back(name);
  return out;
}

H5Handle open_attribute(hid_t object, const std::string& name, const std::string& place) {
  if (H5Aexists(object, name.c_str()) <= 0)
    throw Error(ErrorCode::bad_file, place + ": attribute \"" + name + "\" is missing");
  return h5::own(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, ErrorCode::bad_file,
                 place + ": cannot open attribute \"" + name + "\"");
}

void require_single(hid_t attribute, const std::string& place) {
  const H5Handle space = h5::own(H5Aget_space(attribute), H5Sclose, ErrorCode::bad_file, place);
  if (H5Sget_simple_extent_npoints(space.id()) != 1) throw Error(ErrorCode::bad_file, place + ": expected one value");
}

std::string read_text(hid_t attribute, const std::string& place) {
  require_single(attribute, place);
  const H5Handle stored = h5::own(H5Aget_type(attribute), H5Tclose, ErrorCode::bad_file, place);
  if (H5Tget_class(stored.id()) != H5T_STRING) throw Error(ErrorCode::bad_file, place + ": expected text");
  // A damaged heap of strings makes HDF5 1.10 write past its buffers, so text of variable length is not touched.
  if (H5Tis_variable_str(stored.id()) != 0)
    throw Error(ErrorCode::bad_file, place + ": text of variable length, expected fixed length");
  const std::size_t size = H5Tget_size(stored.id());
  if (size > kMaxTextBytes) throw Error(ErrorCode::bad_file, place + ": text too long");
  std::string out(size, '\0');
  h5::check(H5Aread(attribute, stored.id(), out.data()), ErrorCode::bad_file, place + ": cannot read");
  return out.substr(0, out.find('\0'));
}

template <typename T>
T read_number(const H5Group& group, const std::string& name, H5T_class_t type_class, hid_t memory_type) {
  const h5::Quiet quiet;
  const std::string place = group.location() + ": attribute \"" + name + "\"";
  const H5Handle attribute = open_attribute(group.id(), name, group.location());
  require_single(attribute.id(), place);
  const H5Handle stored = h5::own(H5Aget_type(attribute.id()), H5Tclose, ErrorCode::bad_file, place);
  if (H5Tget_class(stored.id()) != type_class || H5Tget_size(stored.id()) > sizeof(T))
    throw Error(ErrorCode::bad_file, place + ": not of the expected number type");
  T value = 0;
  h5::check(H5Aread(attribute.id(), memory_type, &value), ErrorCode::bad_file, place + ": cannot read");
  return value;
}

void write_attribute(hid_t object, const std::string& name, hid_t type, hid_t space, const void* value) {
  const std::string place = h5::location(object) + ": cannot write attribute \"" + name + "\"";
  H5Handle attribute = h5::own(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                               ErrorCode::io, place);
  h5::check(H5Awrite(attribute.id(), type, value), ErrorCode::io, place);
  attribute.close(place);
}

void write_text(hid_t object, const std::string& name, std::string_view value) {
  const std::string text(value);
  const std::string what = "cannot write attribute \"" + name + "\"";
  const H5Handle type = h5::own(H5Tcopy(H5T_C_S1), H5Tclose, ErrorCode::io, what);
  h5::check(H5Tset_size(type.id(), text.size() + 1), ErrorCode::io, what);
  h5::check(H5Tset_cset(type.id(), H5T_CSET_UTF8), ErrorCode::io, what);
  const H5Handle space = h5::own(H5Screate(H5S_SCALAR), H5Sclose, ErrorCode::io, what);
  write_attribute(object, name, type.id(), space.id(), text.c_str());
}

H5Handle open_dataset(const H5Group& group, const std::string& name, ErrorCode code) {
  if (!is_object(group.id(), name, H5O_TYPE_DATASET))
    throw Error(code, where(group, name) + ": no such dataset");
  return h5::own(H5Dopen2(group.id(), name.c_str(), H5P_DEFAULT), H5Dclose, code, where(group, name) + ": cannot open");
}

}  // namespace

void H5Group::close() { handle_.close(location()); }

std::string H5Group::location() const { return h5::location(id()); }

bool H5Group::has_group(const std::string& name) const {
  const h5::Quiet quiet;
  return is_object(id(), name, H5O_TYPE_GROUP);
}

bool H5Group::has_dataset(const std::string& name) const {
  const h5::Quiet quiet;
  return is_object(id(), name, H5O_TYPE_DATASET);
}

std::vector<std::string> H5Group::group_names() const {
  const h5::Quiet quiet;
  return names_of(*this, H5O_TYPE_GROUP);
}

std::vector<std::string> H5Group::dataset_names() const {
  const h5::Quiet quiet;
  return names_of(*this, H5O_TYPE_DATASET);
}

H5Group H5Group::create_group(const std::string& name) {
  const h5::Quiet quiet;
  const std::string what = where(*this, name) + ": cannot create group";
  const H5Handle creation = h5::own(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, ErrorCode::io, what);
  const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  h5::check(H5Pset_link_creation_order(creation.id(), order), ErrorCode::io, what);
  h5::check(H5Pset_attr_creation_order(creation.id(), order), ErrorCode::io, what);
  h5::check(H5Pset_obj_track_times(creation.id(), false), ErrorCode::io, what);
  return H5Group(h5::own(H5Gcreate2(id(), name.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Gclose,
                         ErrorCode::io, what));
}

H5Group H5Group::group(const std::string& name) const {
  const h5::Quiet quiet;
  if (!is_object(id(), name, H5O_TYPE_GROUP)) throw Error(ErrorCode::bad_file, where(*this, name) + ": no such group");
  return H5Group(h5::own(H5Gopen2(id(), name.c_str(), H5P_DEFAULT), H5Gclose, ErrorCode::bad_file,
                         where(*this, name) + ": cannot open"));
}

void H5Group::set_attribute(const std::string& name, std::string_view value) {
  const h5::Quiet quiet;
  write_text(id(), name, value);
}

void H5Group::set_attribute(const std::string& name, double value) {
  const h5::Quiet quiet;
  const H5Handle space = h5::own(H5Screate(H5S_SCALAR), H5Sclose, ErrorCode::io, "cannot make a data space");
  write_attribute(id(), name, H5T_NATIVE_DOUBLE, space.id(), &value);
}

void H5Group::set_attribute(const std::string& name, std::int64_t value) {
  const h5::Quiet quiet;
  const H5Handle space = h5::own(H5Screate(H5S_SCALAR), H5Sclose, ErrorCode::io, "cannot make a data space");
  write_attribute(id(), name, H5T_NATIVE_INT64, space.id(), &value);
}

bool H5Group::has_attribute(const std::string& name) const {
  const h5::Quiet quiet;
  return H5Aexists(id(), name.c_str()) > 0;
}

std::vector<std::string> H5Group::attribute_names() const {
  const h5::Quiet quiet;
  std::vector<std::string> names;
  hsize_t from = 0;
  if (H5Aiterate2(id(), H5_INDEX_CRT_ORDER, H5_ITER_INC, &from, collect_attribute, &names) < 0) {
    names.clear();
    from = 0;
    h5::check(H5Aiterate2(id(), H5_INDEX_NAME, H5_ITER_INC, &from, collect_attribute, &names), ErrorCode::bad_file,
              location() + ": cannot list attributes");
  }
  return names;
}

std::string H5Group::text_attribute(const std::string& name) const {
  const h5::Quiet quiet;
  const H5Handle attribute = open_attribute(id(), name, location());
  return read_text(attribute.id(), location() + ": attribute \"" + name + "\"");
}

double H5Group::number_attribute(const std::string& name) const {
  return read_number<double>(*this, name, H5T_FLOAT, H5T_NATIVE_DOUBLE);
}

std::int64_t H5Group::integer_attribute(const std::string& name) const {
  return read_number<std::int64_t>(*this, name, H5T_INTEGER, H5T_NATIVE_INT64);
}

void H5Group::describe(const std::string& dataset, const std::string& name, std::string_view value) {
  const h5::Quiet quiet;
  H5Handle object = open_dataset(*this, dataset, ErrorCode::io);
  write_text(object.id(), name, value);
  object.close(where(*this, dataset));
}

void H5Group::describe(const std::string& dataset, const std::string& name, std::span<const std::int8_t> values) {
  const h5::Quiet quiet;
  H5Handle object = open_dataset(*this, dataset, ErrorCode::io);
  const hsize_t extent = values.size();
  const H5Handle space =
      h5::own(H5Screate_simple(1, &extent, nullptr), H5Sclose, ErrorCode::io, "cannot make a data space");
  write_attribute(object.id(), name, H5T_NATIVE_INT8, space.id(), values.data());
  object.close(where(*this, dataset));
}

std::string H5Group::description(const std::string& dataset, const std::string& name) const {
  const h5::Quiet quiet;
  const H5Handle object = open_dataset(*this, dataset, ErrorCode::bad_file);
  const H5Handle attribute = open_attribute(object.id(), name, where(*this, dataset));
  return read_text(attribute.id(), where(*this, dataset) + ": attribute \"" + name + "\"");
}

}  // namespace semlink
