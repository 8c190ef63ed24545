#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// Where pilots stand in a frame: one ahead of every `spacing` symbols and one at the very end, each of value 1:
///     P d d d d P d d d d P d d P
/// So every symbol lies between two pilots, and an empty frame is one pilot.
class PilotPattern {
 public:
  static constexpr Complex kPilot{1, 0};

  /// `spacing`: symbols between two pilots, at least 1.
  explicit PilotPattern(Index spacing);

  Index spacing() const { return spacing_; }
  /// 1 + ceil(num_uses / spacing).
  Index num_pilots(Index num_uses) const;
  /// Symbols in a frame of `frame_uses`. Throws Error(bad_argument) when no frame has that length.
  Index num_symbols(Index frame_uses) const;
  /// Row of the frame where pilot k stands; `frame_uses` limits the last one.
  Index pilot_row(Index k, Index frame_uses) const;
  /// Row of the frame where symbol i stands.
  Index symbol_row(Index i) const { return i + i / spacing_ + 1; }

  /// [num_uses, 1] -> [num_uses + num_pilots, 1].
  Symbols insert(const Symbols& x) const;
  /// Drops the pilot rows.
  Symbols remove(const Symbols& y) const;
  /// Inserts zeros where pilots stand: the adjoint of `remove`.
  Symbols spread(const Symbols& g) const;

 private:
  Symbols insert(const Symbols& x, Complex pilot) const;

  Index spacing_;
};

}  // namespace semlink
