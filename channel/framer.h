#pragma once

#include <functional>
#include <span>
#include <string>

#include <semlink/channel/front_end.h>
#include <semlink/core/types.h>

namespace semlink {

/// Puts side information (coded, with CRC) ahead of the payload symbols and takes it off again.
///
/// Frame before pilots: [piece 0 | piece 1 | ... | payload]. Every piece has a CRC of its own and is coded by the code that
/// both ends derive from the SNR report (`header.code = auto`), never from the true SNR, or by a fixed one.
class Framer {
 public:
  struct Settings {
    std::string code = "auto";  ///< or a fixed code's name; see `declare`
  };
  explicit Framer(const Settings& settings);

  /// Channel uses that a piece of `num_bits` takes under the code for `report`, CRC included; 0 for 0 bits.
  Index uses(Index num_bits, const SnrReport& report) const;

  /// [uses of all pieces + payload uses, num_streams]; side-information symbols have power 1.
  Symbols assemble(const Payload& payload, const SnrReport& report) const;

  /// Asks for the number of bits of the next piece, given the pieces so far (0: no more).
  using NextPiece = std::function<Index(std::span<const Bits>)>;

  /// Decodes pieces until one fails its CRC or no more are due; the rest of `x_hat` is the payload. A length that runs past
  /// the frame counts as a failure. `report` must equal the one given to `assemble`.
  Received parse(const Equalized& equalized, const NextPiece& next_piece, const SnrReport& report) const;

 private:
  Settings settings_;
};

}  // namespace semlink
