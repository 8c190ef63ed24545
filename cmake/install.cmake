# Installs the program, the library with its headers, a config package for find_package(semlink), and the scenarios with
# their weights.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/semlink")

install(TARGETS semlink EXPORT semlinkTargets)
install(TARGETS semlink-app)
# Not the headers that only the library's own sources use: those that include liquid-dsp, HDF5 or Highway.
install(DIRECTORY channel codecs sim/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/semlink" FILES_MATCHING PATTERN "*.h"
  PATTERN "*-inl.h" EXCLUDE PATTERN "*_internal.h" EXCLUDE PATTERN "liquid_dsp.h" EXCLUDE PATTERN "simd_targets.h" EXCLUDE)
install(DIRECTORY scenarios DESTINATION "${CMAKE_INSTALL_DATADIR}/semlink" PATTERN "*.sh" EXCLUDE)
install(FILES LICENSE cmake/copyright DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT semlinkTargets NAMESPACE semlink:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/semlinkConfig.cmake.in "${PROJECT_BINARY_DIR}/semlinkConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/semlinkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/semlinkConfig.cmake" "${PROJECT_BINARY_DIR}/semlinkConfigVersion.cmake"
  cmake/FindLiquid.cmake cmake/FindHighway.cmake DESTINATION "${package_dir}")
