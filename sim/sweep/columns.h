#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <semlink/link/trial_result.h>

namespace semlink {

/// A quantity that every trial gives and every result file holds. Terminal, HDF5 and analysis/FORMAT.md read this table.
struct Column {
  /// What stands in the file for a point.
  enum class Estimate {
    mean,       ///< mean over trials with a t interval
    bernoulli,  ///< share of trials with value 1, with a Clopper-Pearson interval
    share,      ///< mean over trials of shares of equal weight, with an interval from the scatter between trials
    per_use,    ///< information bits over all channel uses, both summed over trials, the interval from that of the uses
    total,      ///< sum over trials, no interval
  };

  std::string_view name;
  std::string_view units;
  std::string_view long_name;
  Estimate estimate = Estimate::mean;
  /// May be "not measured" (NaN) in a trial; such a column has its own count, and is left out where nothing was measured.
  bool optional = false;
  double (*value)(const TrialResult&) = nullptr;
};

inline constexpr std::size_t kNumColumns = 44;

/// The table, in the order of the file.
std::span<const Column, kNumColumns> columns();

/// Index in the table. Throws Error(bad_argument) for an unknown name.
std::size_t column_index(std::string_view name);

/// The quantities of a trial in the order of `columns`; NaN where one was not measured.
std::array<double, kNumColumns> column_values(const TrialResult& result);

}  // namespace semlink
