#pragma once

#include <functional>
#include <span>
#include <string>

#include <semlink/channel/front_end.h>
#include <semlink/channel/header_code.h>
#include <semlink/core/keys.h>
#include <semlink/core/types.h>

namespace semlink {

/// Keys of the framer.
struct FramerSettings {
  std::string code = "auto";      ///< or `CODE-MODULATION-xREPETITION`, see `HeaderCode`
  std::string crc_bits = "auto";  ///< 8, 16, 24; auto: HeaderCode::usual_crc

  /// Declares `header.code` and `header.crc_bits`.
  void declare(Keys& keys);
};

/// Puts side information (coded, with CRC) ahead of the payload symbols and takes it off again. One const object serves
/// every thread.
///
/// Frame before pilots: [piece 0 | piece 1 | ... | payload]. Every piece has a CRC of its own and is coded by the code
/// that both ends derive from the SNR report (`header.code = auto`, see `HeaderCode::automatic`), never from the true
/// SNR, or by a fixed one.
class Framer {
 public:
  using Settings = FramerSettings;
  /// Longest piece that is ever sent or expected.
  static constexpr Index kMaxPieceBits = 1 << 20;

  /// Throws Error(bad_scenario) for a code that does not exist.
  explicit Framer(const Settings& settings);

  /// Channel uses that a piece of `num_bits` takes under the code for `report`, CRC included; 0 for 0 bits.
  Index uses(Index num_bits, const SnrReport& report) const;

  /// [uses of all pieces + payload uses, num_streams]; side-information symbols have power 1. Throws
  /// Error(bad_argument) for a piece beyond kMaxPieceBits or for more than one stream.
  Symbols assemble(const Payload& payload, const SnrReport& report) const;

  /// Asks for the number of bits of the next piece, given the pieces so far (0: no more).
  using NextPiece = std::function<Index(std::span<const Bits>)>;

  /// Nothing of a frame that was not detected. Else decodes pieces until one fails its CRC or no more are due; the rest
  /// of `x_hat` is the payload. A length that is negative, beyond kMaxPieceBits or runs past the frame counts as a
  /// failure. `report` must equal the one given to `assemble`.
  ///
  /// A wrong piece may pass its CRC (how often, see `PieceCoder::decode`), so lengths and contents may be garbage
  /// even with header_ok: the reader of the pieces must check them.
  Received parse(const Equalized& equalized, const NextPiece& next_piece, const SnrReport& report) const;

 private:
  double repetition(const SnrReport& report) const;

  bool automatic_;
  HeaderCode fixed_;
  PieceCoder coder_;
};

}  // namespace semlink
