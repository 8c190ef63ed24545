#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <semlink/link/trial_result.h>

namespace semlink {

/// Sums over trials of the quantities of the power ledger and of all their products: enough for every ratio of them, with
/// its standard error, the trials being independent.
struct LedgerSums {
  static constexpr std::size_t kNumQuantities = 8;
  static constexpr std::size_t kNumProducts = kNumQuantities * (kNumQuantities + 1) / 2;

  std::int64_t count = 0;
  std::array<double, kNumQuantities> sums{};     ///< in the order of `ledger_quantities`
  std::array<double, kNumProducts> products{};   ///< of quantities i <= j, row by row
  double max_payload_error = 0;                  ///< largest |payload power - 1| of a trial

  void add(const PowerLedger& power);
  void merge(const LedgerSums& other);
};

/// Names of the summed quantities, for result files.
std::span<const std::string_view, LedgerSums::kNumQuantities> ledger_quantities();

/// A part of the ledger: what was measured, and what it should be. Linear.
struct LedgerPart {
  std::string_view name;
  std::string_view long_name;
  double measured = 0;        ///< NaN where the part does not occur (no pilots, no header)
  double std_error = 0;       ///< by the delta method on the logarithm; NaN below two trials
  std::optional<double> label;
  bool ok = true;  ///< false: off by more than 0.05 dB and more than five standard errors (Student's t for few trials)
};

/// The ledger of a point, measured.
struct LedgerReport {
  static constexpr std::size_t kNumParts = 6;
  /// payload, header (positions included), pilots, E|h|^2, N0, effective Es/N0.
  std::array<LedgerPart, kNumParts> parts;
  double max_payload_error = 0;
  /// All parts, and every trial's payload power within 1e-5 of 1.
  bool ok = true;

  const LedgerPart& effective_snr() const { return parts[5]; }
};

/// `snr_label_db` is empty for channels without an Es/N0 and under impairments: then N0 and Es/N0 are not compared.
LedgerReport measure_ledger(const LedgerSums& sums, std::optional<double> snr_label_db);

}  // namespace semlink
