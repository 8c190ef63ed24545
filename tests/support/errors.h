#pragma once

#include <gtest/gtest.h>

#include <semlink/core/error.h>
#include <string>

namespace semlink {

/// Message of the Error with code `code` that `call` must throw.
template <typename Call>
std::string message_of(ErrorCode code, Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace semlink
