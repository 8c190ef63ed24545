#pragma once

// Private to the .cpp files of this folder: the only header that lets hdf5.h in.
#include <hdf5.h>

#include <concepts>
#include <string>

#include <semlink/core/error.h>
#include <semlink/record/h5_handle.h>

namespace semlink::h5 {

static_assert(std::same_as<hid_t, std::int64_t> && std::same_as<herr_t, int>, "H5Handle assumes these types");

/// Keeps HDF5 from printing its error stack to the terminal while it lives; our exceptions carry the text.
class Quiet {
 public:
  Quiet() {
    // We close what we open; HDF5's own clean-up at exit loops over what damaged files leave behind, and says so.
    static const herr_t no_cleanup = H5dont_atexit();
    static_cast<void>(no_cleanup);
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Throws Error(code, what) with HDF5's own reason added.
[[noreturn]] void fail(ErrorCode code, const std::string& what);

/// Passes a status or identifier on, or throws when it is negative.
template <typename Status>
Status check(Status status, ErrorCode code, const std::string& what) {
  if (status < 0) fail(code, what);
  return status;
}

/// Owns an identifier that was just made, or throws when making it failed.
inline H5Handle own(hid_t id, H5Handle::Closer closer, ErrorCode code, const std::string& what) {
  return H5Handle(check(id, code, what), closer);
}

/// Name of the open object in its file, for messages: `results/a.h5:/blocks`.
std::string location(hid_t object);

/// Variable-length UTF-8, the one type of strings in datasets that every reader takes.
H5Handle string_type();

/// Creation list of datasets: attributes in creation order, no time stamps (equal runs give equal files).
H5Handle dataset_creation();

}  // namespace semlink::h5
