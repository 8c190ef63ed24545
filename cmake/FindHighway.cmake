# Debian's own hwy-config.cmake also wants the test library and GoogleTest; the SIMD library alone is enough here.
find_path(Highway_INCLUDE_DIR hwy/highway.h)
find_library(Highway_LIBRARY hwy)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Highway REQUIRED_VARS Highway_LIBRARY Highway_INCLUDE_DIR)
if(Highway_FOUND AND NOT TARGET Highway::highway)
  add_library(Highway::highway UNKNOWN IMPORTED)
  set_target_properties(Highway::highway PROPERTIES IMPORTED_LOCATION "${Highway_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Highway_INCLUDE_DIR}")
endif()
