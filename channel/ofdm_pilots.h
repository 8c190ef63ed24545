#pragma once

#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// Pilots on an OFDM grid: on every `subcarrier_step`-th subcarrier, from the first, of every `symbol_step`-th OFDM
/// symbol, from the first. With several streams there is a comb for each: stream s sends its pilots s subcarriers
/// further on, and the others are silent there. Pilots have value sqrt(num_streams), which is the mean power 1 of all
/// symbols. A frame ends with its last slot of data (an empty one is one pilot of each stream), so the pilots of its
/// last OFDM symbol may be incomplete. Rows are slots: one symbol of every stream.
class OfdmPilots {
 public:
  /// Throws Error(bad_argument) for steps below 1, a `subcarrier_step` below `num_streams` or an OFDM symbol that has
  /// not room for a pilot of each, or when every place would be a pilot.
  OfdmPilots(Index num_subcarriers, Index subcarrier_step, Index symbol_step, Index num_streams = 1);

  Index num_streams() const { return num_streams_; }
  Index num_subcarriers() const { return num_subcarriers_; }
  Index subcarrier_step() const { return subcarrier_step_; }
  Index symbol_step() const { return symbol_step_; }
  bool is_pilot(Index row) const { return stream_of(row) < num_streams_ && row / num_subcarriers_ % symbol_step_ == 0; }
  /// Subcarriers on which a stream has its pilots.
  std::vector<Index> subcarriers(Index stream) const;

  /// Slots of pilots in a frame with `num_slots` of data.
  Index num_pilots(Index num_slots) const;
  /// Slots of data in a frame. Throws Error(bad_argument) when no frame has that length.
  Index num_slots(Index frame_slots) const;

  /// [num_slots, num_streams] -> [num_slots + num_pilots, num_streams].
  Symbols insert(const Symbols& x) const;
  /// Drops the pilots; any number of columns.
  Symbols remove(const Symbols& y) const;
  /// Inserts zeros where pilots stand: the adjoint of `remove`.
  Symbols spread(const Symbols& g) const;

 private:
  /// The stream whose comb a row would belong to; from `num_streams` on that of none.
  Index stream_of(Index row) const { return row % num_subcarriers_ % subcarrier_step_; }
  /// Pilots among the first `rows` of a frame.
  Index pilots_before(Index rows) const;

  Index num_subcarriers_;
  Index subcarrier_step_;
  Index symbol_step_;
  Index num_streams_;
};

}  // namespace semlink
