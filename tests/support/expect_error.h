#pragma once

#include <gtest/gtest.h>

#include <string>

#include <semlink/core/error.h>

namespace semlink {

/// Runs `action` and expects an Error of this code whose message contains `part`.
template <typename Action>
void expect_error(ErrorCode code, const std::string& part, const Action& action) {
  try {
    action();
    ADD_FAILURE() << "no Error; expected one about \"" << part << "\"";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace semlink
