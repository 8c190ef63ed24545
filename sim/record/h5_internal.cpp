#include <semlink/record/h5_internal.h>

#include <vector>

namespace semlink {

void H5Handle::close(const std::string& what) {
  const h5::Quiet quiet;
  if (id_ < 0) return;
  const std::int64_t id = std::exchange(id_, -1);
  h5::check(closer_(id), ErrorCode::io, what + ": cannot close");
}

namespace h5 {
namespace {

// Called from the innermost record outwards; the innermost one says what really happened.
herr_t keep_first(unsigned depth, const H5E_error2_t* record, void* text) {
  if (depth == 0 && record->desc) *static_cast<std::string*>(text) = record->desc;
  return 0;
}

}  // namespace

void fail(ErrorCode code, const std::string& what) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  throw Error(code, reason.empty() ? what : what + " (HDF5: " + reason + ")");
}

std::string location(hid_t object) {
  const auto ask = [object](auto function) {
    const ssize_t length = function(object, nullptr, 0);
    if (length <= 0 || length > (1 << 16)) return std::string();
    std::vector<char> text(static_cast<std::size_t>(length) + 1);
    function(object, text.data(), text.size());
    return std::string(text.data());
  };
  return ask(H5Fget_name) + ":" + ask(H5Iget_name);
}

H5Handle string_type() {
  H5Handle type = own(H5Tcopy(H5T_C_S1), H5Tclose, ErrorCode::io, "cannot make a string type");
  check(H5Tset_size(type.id(), H5T_VARIABLE), ErrorCode::io, "cannot make a string type");
  check(H5Tset_cset(type.id(), H5T_CSET_UTF8), ErrorCode::io, "cannot make a string type");
  return type;
}

H5Handle dataset_creation() {
  H5Handle list = own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, ErrorCode::io, "cannot make a creation list");
  check(H5Pset_attr_creation_order(list.id(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED), ErrorCode::io,
        "cannot track creation order");
  check(H5Pset_obj_track_times(list.id(), false), ErrorCode::io, "cannot switch time stamps off");
  return list;
}

}  // namespace h5
}  // namespace semlink
