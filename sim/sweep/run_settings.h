#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <semlink/core/keys.h>

namespace semlink {

/// How many trials, until when, on how many threads: section `[run]`.
struct RunSettings {
  std::int64_t seed = 1;
  bool common_random = true;
  std::int64_t max_trials = 1000;
  std::optional<std::int64_t> min_errors;
  std::optional<double> target_psnr_ci_db;
  std::optional<double> target_rel_ci;
  std::int64_t threads = 0;
  std::string simd = "auto";

  void declare(Keys& keys);
  /// `threads`, or the number of processors when it is 0.
  int num_threads() const;
};

}  // namespace semlink
