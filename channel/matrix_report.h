#pragma once

#include <cstdint>
#include <optional>

#include <semlink/core/keys.h>
#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// What a transmitter that precodes is told of its channel matrices: as they were when the report was made, with an
/// error, in so many bits. By default the matrices themselves.
struct MatrixReport {
  /// Of every entry told with that of the frame, in [0, 1]: J0(2 pi f_D delay) by Jakes. 0: of another frame.
  double correlation = 1;
  std::optional<double>
      error_db;           ///< power of a normal error on every entry over the mean power of an entry; empty: none
  std::int64_t bits = 0;  ///< of the real and of the imaginary part of every entry told; 0: not rounded

  /// Declares `channel.csi_correlation`, `channel.csi_error_db` and `channel.csi_bits`.
  void declare(Keys& keys);
  bool is_perfect() const { return correlation == 1 && !error_db && bits == 0; }

  /// H + e, then every real part rounded to the middle of one of 2^bits equal steps over three standard deviations of
  /// what is told each way. `earlier`, H as it was by `correlation`, has E|h|^2 = 1; errors are drawn row by row.
  Symbols tell(const Symbols& earlier, Stream& errors) const;
};

}  // namespace semlink
