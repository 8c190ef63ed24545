#include <semlink/record/netcdf.h>

#include <hdf5_hl.h>

#include <semlink/record/h5_internal.h>

namespace semlink {
namespace {

H5Handle open_dataset(const H5Group& group, const std::string& name) {
  return h5::own(H5Dopen2(group.id(), name.c_str(), H5P_DEFAULT), H5Dclose, ErrorCode::io,
                 group.location() + ": cannot open " + name);
}

herr_t take_scale_name(hid_t, unsigned, hid_t scale, void* name) {
  const std::string path = h5::location(scale);
  *static_cast<std::string*>(name) = path.substr(path.rfind('/') + 1);
  return 1;
}

}  // namespace

void make_dimension(H5Group& group, const std::string& name) {
  const h5::Quiet quiet;
  H5Handle scale = open_dataset(group, name);
  h5::check(H5DSset_scale(scale.id(), name.c_str()), ErrorCode::io, group.location() + ": cannot make a scale of " + name);
  scale.close(name);
}

void attach_dimensions(H5Group& group, const std::string& dataset, const H5Group& scales,
                       std::span<const std::string> dimensions) {
  const h5::Quiet quiet;
  H5Handle variable = open_dataset(group, dataset);
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    H5Handle scale = open_dataset(scales, dimensions[i]);
    h5::check(H5DSattach_scale(variable.id(), scale.id(), static_cast<unsigned>(i)), ErrorCode::io,
              group.location() + ": cannot give " + dataset + " the dimension " + dimensions[i]);
    scale.close(dimensions[i]);
  }
  variable.close(dataset);
}

std::vector<std::string> dimension_names(const H5Group& group, const std::string& dataset) {
  const h5::Quiet quiet;
  const H5Shape shape = group.shape(dataset);
  const H5Handle variable = open_dataset(group, dataset);
  if (H5DSis_scale(variable.id()) > 0) return {dataset};
  std::vector<std::string> names(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i)
    H5DSiterate_scales(variable.id(), static_cast<unsigned>(i), nullptr, take_scale_name, &names[i]);
  return names;
}

}  // namespace semlink
