#include <semlink/record/h5_file.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <semlink/record/h5_internal.h>

namespace semlink {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_system(const fs::path& path, const char* what) {
  throw Error(ErrorCode::io, path.string() + ": cannot " + what + " (" + std::strerror(errno) + ")");
}

void sync_to_disk(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) fail_system(path, "open");
  const int status = ::fsync(descriptor);
  // Some file systems refuse to flush a folder; the file itself is safe then.
  const bool refused = status != 0 && errno != EINVAL;
  ::close(descriptor);
  if (refused) fail_system(path, "flush to the disk");
}

H5Handle create_file(const fs::path& path) {
  const std::string what = path.string() + ": cannot create";
  const H5Handle access = h5::own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, ErrorCode::io, what);
  h5::check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_LATEST), ErrorCode::io, what);
  // A forgotten open group must fail the close, not delay it.
  h5::check(H5Pset_fclose_degree(access.id(), H5F_CLOSE_SEMI), ErrorCode::io, what);
  const H5Handle creation = h5::own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, ErrorCode::io, what);
  const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  h5::check(H5Pset_link_creation_order(creation.id(), order), ErrorCode::io, what);
  h5::check(H5Pset_attr_creation_order(creation.id(), order), ErrorCode::io, what);
  h5::check(H5Pset_obj_track_times(creation.id(), false), ErrorCode::io, what);
  return h5::own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose, ErrorCode::io, what);
}

}  // namespace

bool H5File::is_hdf5(const fs::path& path) {
  const h5::Quiet quiet;
  return H5Fis_hdf5(path.c_str()) > 0;
}

H5File H5File::open(const fs::path& path) {
  const h5::Quiet quiet;
  std::error_code status;
  if (!fs::exists(path, status)) throw Error(ErrorCode::bad_file, path.string() + ": no such file");
  if (!fs::is_regular_file(path, status)) throw Error(ErrorCode::bad_file, path.string() + ": not a file");
  if (::access(path.c_str(), R_OK) != 0) throw Error(ErrorCode::bad_file, path.string() + ": not readable");
  if (!is_hdf5(path)) throw Error(ErrorCode::bad_file, path.string() + ": not an HDF5 file");
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  return H5File(h5::own(file, H5Fclose, ErrorCode::bad_file, path.string() + ": damaged HDF5 file"));
}

void remove_unfinished(const fs::path& path) {
  const std::string before = path.filename().string() + ".", after = ".part";
  std::error_code ignored;
  for (const auto& entry :
       fs::directory_iterator(path.has_parent_path() ? path.parent_path() : fs::path("."), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after)) continue;
    const std::string process = name.substr(before.size(), name.size() - before.size() - after.size());
    if (process.find_first_not_of("0123456789") == std::string::npos) fs::remove(entry.path(), ignored);
  }
}

void refuse_existing(const fs::path& path) {
  std::error_code status;
  if (fs::exists(fs::symlink_status(path, status)))
    throw Error(ErrorCode::bad_file, path.string() + ": exists already; give --overwrite to replace it");
}

NewH5File::NewH5File(fs::path path, IfExists if_exists)
    : path_(std::move(path)),
      part_(path_.string() + "." + std::to_string(::getpid()) + ".part"),
      if_exists_(if_exists) {
  const h5::Quiet quiet;
  if (if_exists_ == IfExists::refuse) refuse_existing(path_);
  std::error_code status;
  if (fs::is_directory(path_, status)) throw Error(ErrorCode::bad_file, path_.string() + ": is a folder");
  status.clear();  // a path that is not there yet is no error
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), status);
  if (status) throw Error(ErrorCode::io, path_.parent_path().string() + ": cannot create (" + status.message() + ")");
  root_ = std::make_unique<H5Group>(create_file(part_));
}

NewH5File::~NewH5File() {
  if (!root_) return;
  root_.reset();
  std::error_code ignored;
  fs::remove(part_, ignored);
}

void NewH5File::commit() {
  const h5::Quiet quiet;
  if (!root_) throw Error(ErrorCode::bad_argument, path_.string() + ": committed twice");
  root_->close();
  sync_to_disk(part_, O_RDONLY);
  // A hard link fails where the name is taken, so two writers cannot overwrite each other unnoticed.
  if (if_exists_ == IfExists::refuse && ::link(part_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST) refuse_existing(path_);
    if (errno != EPERM && errno != EOPNOTSUPP) fail_system(path_, "create");
    refuse_existing(path_);  // the file system has no hard links
  }
  if (::rename(part_.c_str(), path_.c_str()) != 0) fail_system(path_, "create");
  std::error_code ignored;
  fs::remove(part_, ignored);  // rename leaves both names when they are links to one file
  root_.reset();
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  sync_to_disk(folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace semlink
