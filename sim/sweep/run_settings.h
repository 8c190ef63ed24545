#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string>

#include <semlink/core/keys.h>

namespace semlink {

/// How many trials, until when, on how many threads: section `[run]`.
struct RunSettings {
  std::int64_t seed = 1;
  bool common_random = true;
  std::int64_t max_trials = 1000;
  std::optional<double> max_time_s;
  std::optional<std::int64_t> min_errors;
  std::string target_metric = "auto";
  std::optional<double> target_abs_ci;
  std::optional<double> target_rel_ci;
  std::string quiet_axis = "none";
  std::string allocation = "even";
  std::optional<std::int64_t> total_trials;
  std::int64_t threads = 0;
  std::string simd = "auto";

  void declare(Keys& keys);
  bool is_adaptive() const { return allocation == "adaptive"; }
  bool has_quiet_axis() const { return quiet_axis != "none"; }
  /// `threads`, or the number of processors when it is 0.
  int num_threads() const;
};

}  // namespace semlink
