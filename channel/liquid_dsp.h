#pragma once

// Private to channel/*.cpp and the tests: the only place that includes liquid-dsp. Its header makes
// liquid_float_complex a plain struct, silently, unless <complex> comes first, and it defines macros with common names.
#include <complex>

#include <liquid/liquid.h>

#include <memory>

namespace semlink {

struct FecDeleter {
  void operator()(fec_s* object) const { fec_destroy(object); }
};
/// liquid's codes are plain C objects: independent ones may be used by different threads, one must not be shared.
using FecObject = std::unique_ptr<fec_s, FecDeleter>;

}  // namespace semlink
