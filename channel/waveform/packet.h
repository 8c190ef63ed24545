#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// What a receiver without a genie needs in a frame: a preamble of QPSK symbols from a maximum-length sequence, then
/// the symbols with a pilot ahead of every `pilot_spacing` - 1 of them, as liquid-dsp's qpilotgen places them.
///
///     [preamble | p x x x p x x x p x x]
///
/// Both cost channel uses and have power 1. An empty packet, `preamble` = 0 and `pilot_spacing` = 0, adds nothing.
class Packet {
 public:
  /// `preamble_uses` at least 0, `pilot_spacing` 0 (no pilots) or at least 2.
  Packet(Index preamble_uses, Index pilot_spacing);

  /// [preamble_uses, 1].
  const Symbols& preamble() const { return preamble_; }
  Index pilot_spacing() const { return pilot_spacing_; }

  /// Preamble and pilots around `num_symbols`.
  Index overhead(Index num_symbols) const { return preamble_.rows() + num_pilots(num_symbols); }
  /// Pilots among `num_symbols`: ceil(num_symbols / (pilot_spacing - 1)).
  Index num_pilots(Index num_symbols) const;
  /// Symbols in a packet of `num_uses`; 0 for one that is shorter than its preamble.
  Index num_symbols(Index num_uses) const;

  Symbols insert(const Symbols& x) const;
  /// Drops the preamble and the pilots; for symbols and for anything else that has a row per use. Adjoint of `spread`.
  Symbols remove(const Symbols& packet) const;
  /// `insert` with 0 in place of preamble and pilots.
  Symbols spread(const Symbols& x) const;

  /// All pilots of `num_symbols`, in order, [num_pilots, 1]. Throws Error(bad_argument) for more than 32,768.
  Symbols pilots(Index num_symbols) const;

 private:
  bool is_pilot(Index row_after_preamble) const {
    return pilot_spacing_ > 0 && row_after_preamble % pilot_spacing_ == 0;
  }

  Symbols preamble_;
  Index pilot_spacing_;
};

}  // namespace semlink
