#pragma once

#include <cstdint>

#include <semlink/core/keys.h>
#include <semlink/core/types.h>

namespace semlink {

/// How channel uses lie on OFDM subcarriers: use i is subcarrier i mod num_subcarriers of OFDM symbol i /
/// num_subcarriers. Subcarrier k is at (k - num_subcarriers / 2) spacing_hz; all are used, so the sampling rate is
/// num_subcarriers spacing_hz. The cyclic prefix costs time, but no channel uses: it is not in the bandwidth ratio.
struct OfdmGrid {
  Index num_subcarriers = 64;
  double spacing_hz = 30e3;
  Index prefix = 5;  ///< samples

  double sampling_rate_hz() const { return static_cast<double>(num_subcarriers) * spacing_hz; }
  double prefix_s() const { return static_cast<double>(prefix) / sampling_rate_hz(); }
  /// From one OFDM symbol to the next, prefix included.
  double symbol_s() const { return 1 / spacing_hz + prefix_s(); }
  /// Middle of the first OFDM symbol without its prefix.
  double middle_s() const { return prefix_s() + 0.5 / spacing_hz; }
  double frequency_hz(Index subcarrier) const {
    return static_cast<double>(subcarrier - num_subcarriers / 2) * spacing_hz;
  }
  /// Number of OFDM symbols that hold `num_uses`, the last one perhaps in part.
  Index num_symbols(Index num_uses) const { return (num_uses + num_subcarriers - 1) / num_subcarriers; }
  /// Throws Error(bad_argument) for a prefix that is negative or longer than a symbol.
  void require_prefix() const;
};

/// `ofdm.num_subcarriers`, `ofdm.spacing_hz`, `ofdm.prefix`: shared by channel and front end.
struct OfdmSettings {
  std::int64_t num_subcarriers = 64;
  double spacing_hz = 30e3;
  std::int64_t prefix = 5;

  void declare(Keys& keys);
  OfdmGrid grid() const { return {num_subcarriers, spacing_hz, prefix}; }
};

}  // namespace semlink
