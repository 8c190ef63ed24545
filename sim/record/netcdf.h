#pragma once

#include <span>
#include <string>
#include <vector>

#include <semlink/record/h5_group.h>

namespace semlink {

/// Makes the one-dimensional dataset `name` a coordinate variable in the netCDF-4 data model: a dimension of that name.
void make_dimension(H5Group& group, const std::string& name);

/// Ties every axis of a dataset to the dimension of that name in `scales`; readers refuse files where one is missing.
void attach_dimensions(H5Group& group, const std::string& dataset, const H5Group& scales,
                       std::span<const std::string> dimensions);

/// Names of the dimensions that the axes of a dataset are tied to; empty text for an axis that is not tied.
std::vector<std::string> dimension_names(const H5Group& group, const std::string& dataset);

}  // namespace semlink
