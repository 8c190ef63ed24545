#pragma once

#include <stdexcept>
#include <string>

namespace semlink {

/// What went wrong, in the classes a caller can act on.
enum class ErrorCode {
  bad_scenario,  ///< command line, scenario file or key value: the user can correct it (exit status 2)
  bad_file,      ///< a file from outside is missing, damaged or of the wrong kind (exit status 2)
  bad_argument,  ///< a public library call got a value or shape outside its contract
  non_finite,    ///< a NaN or infinity appeared; the message names seed, point and trial
  io,            ///< the system refused to read or write (disk full, permission)
  interrupted,   ///< the user asked to stop
};

/// The one exception type. The message has the name, the value got and what was expected:
/// `gate.threshold = 1.4: expected [0, 1]`.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace semlink
