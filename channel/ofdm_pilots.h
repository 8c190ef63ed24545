#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// Pilots of value 1 on an OFDM grid: on every `subcarrier_step`-th subcarrier, from the first, of every
/// `symbol_step`-th OFDM symbol, from the first. A frame ends with its last symbol of data (an empty one is one pilot),
/// so the pilots of its last OFDM symbol may be incomplete.
class OfdmPilots {
 public:
  static constexpr Complex kPilot{1, 0};

  /// Throws Error(bad_argument) for steps below 1, or when every place would be a pilot.
  OfdmPilots(Index num_subcarriers, Index subcarrier_step, Index symbol_step);

  Index num_subcarriers() const { return num_subcarriers_; }
  Index subcarrier_step() const { return subcarrier_step_; }
  Index symbol_step() const { return symbol_step_; }
  bool is_pilot(Index row) const {
    return row % num_subcarriers_ % subcarrier_step_ == 0 && row / num_subcarriers_ % symbol_step_ == 0;
  }
  /// Pilots of an OFDM symbol that has them and is full.
  Index pilots_per_symbol() const { return (num_subcarriers_ + subcarrier_step_ - 1) / subcarrier_step_; }

  /// Pilots in a frame with `num_uses` symbols of data.
  Index num_pilots(Index num_uses) const;
  /// Symbols of data in a frame. Throws Error(bad_argument) when no frame has that length.
  Index num_symbols(Index frame_uses) const;

  /// [num_uses, 1] -> [num_uses + num_pilots, 1].
  Symbols insert(const Symbols& x) const { return insert(x, kPilot); }
  /// Drops the pilots.
  Symbols remove(const Symbols& y) const;
  /// Inserts zeros where pilots stand: the adjoint of `remove`.
  Symbols spread(const Symbols& g) const { return insert(g, Complex(0, 0)); }

 private:
  Symbols insert(const Symbols& x, Complex pilot) const;
  /// Pilots among the first `rows` of a frame.
  Index pilots_before(Index rows) const;

  Index num_subcarriers_;
  Index subcarrier_step_;
  Index symbol_step_;
};

}  // namespace semlink
