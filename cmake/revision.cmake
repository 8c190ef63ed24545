# Run at every build by `cmake -P`: writes OUTPUT from TEMPLATE with the revision of SOURCE_DIR, only when that has changed.
execute_process(COMMAND git -C "${SOURCE_DIR}" describe --always --dirty --exclude=* --abbrev=12
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR revision STREQUAL "")
  set(revision unknown)
endif()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
