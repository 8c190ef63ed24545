# liquid-dsp ships neither a CMake nor a pkg-config file.
find_path(Liquid_INCLUDE_DIR liquid/liquid.h)
find_library(Liquid_LIBRARY liquid)
# The FFTW that it plans with, whose planner we hold back from measuring times; the -dev package need not be there.
find_library(Liquid_FFTW_LIBRARY NAMES fftw3f libfftw3f.so.3)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Liquid REQUIRED_VARS Liquid_LIBRARY Liquid_FFTW_LIBRARY Liquid_INCLUDE_DIR)
if(Liquid_FOUND AND NOT TARGET Liquid::liquid)
  add_library(Liquid::liquid UNKNOWN IMPORTED)
  set_target_properties(Liquid::liquid PROPERTIES IMPORTED_LOCATION "${Liquid_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Liquid_INCLUDE_DIR}" INTERFACE_LINK_LIBRARIES "${Liquid_FFTW_LIBRARY}")
endif()
