#pragma once

#include <optional>
#include <span>
#include <string>

#include <semlink/channel/block_code.h>
#include <semlink/channel/crc.h>
#include <semlink/channel/modem.h>
#include <semlink/core/types.h>

namespace semlink {

/// How side information is protected: code, modulation, and how often all code bits are sent.
///
/// The code is one of BlockCode, or `polar`: NR polar words with list decoding (8 paths), chosen by their CRC. A piece
/// of K bits with its CRC becomes one word of ceil(2 K repetition) bits; one of more than 512 is cut into equal words,
/// each with a CRC. The repetition need not be whole: 0.75 is rate 2/3, 3 rate 1/6.
struct HeaderCode {
  static constexpr double kLeastRepetition = 0.625;  ///< of polar; block codes repeat a whole number of times
  static constexpr double kMostRepetition = 64;

  std::string block_code = "polar";  ///< or a name of BlockCode::names()
  std::string modulation = "qpsk";   ///< bpsk or qpsk
  double repetition = 1;             ///< kLeastRepetition to kMostRepetition

  /// Reads `CODE-MODULATION-xREPETITION`, e.g. `golay2412-qpsk-x4` or `polar-qpsk-x0.75`; `CODE-MODULATION` means once.
  /// Throws Error(bad_scenario).
  static HeaderCode parse(const std::string& name);

  /// What `header.code = auto` means: `polar-qpsk-xR` with
  ///     R = 10^((kSingleSnrDb - report) / 10),   1 <= R <= kMostRepetition,
  /// so that code bits of rate 1/2 are seen at kSingleSnrDb or more after combining; R = kUnknownSnrRepetition without
  /// a report (enough down to -1 dB). There in AWGN a piece of 14 bits with its CRC of 24 fails 3 times in 10^4, and
  /// less often where R is larger (tests/reliability/README.md). It takes 38 uses from 3.5 dB up, 68 at 1 dB, 135 at -2
  /// dB, 270 at -5 dB. The report is what the transmitter knows, which both ends share; with an average report under
  /// block fading the SNR of the frame may be far lower, and then the header fails with the fade.
  static HeaderCode automatic(const SnrReport& report);

  /// The CRC that `header.crc_bits = auto` means: of 24 bits (that of NR's control channels, TS 38.212 V17.1.0, section
  /// 7.3.2) for polar, whose list offers it 8 words to pass wrongly; of 8 bits for a block code.
  Crc usual_crc() const;

  static constexpr double kSingleSnrDb = 3.5;
  static constexpr double kUnknownSnrRepetition = 3;
};

/// Turns one piece of side information into symbols and back: CRC, code, repetition, modulation.
///
/// With a block code every copy holds all code bits in the same order, so that copies of a bit are far apart on the air
/// and a fade that is shorter than a copy hits few of them. The receiver adds the LLRs of the copies, each with the
/// noise variance of its own symbol.
class PieceCoder {
 public:
  /// Throws Error(bad_argument) for an unknown code or modulation.
  PieceCoder(const std::string& block_code, const std::string& modulation, Crc crc);

  /// Channel uses of a piece of `num_bits` without its CRC; 0 for 0 bits.
  Index uses(Index num_bits, double repetition) const;

  /// [uses, 1]; power 1.
  Symbols encode(const Bits& bits, double repetition) const;

  /// The piece of `num_bits`, or nothing when its CRC fails. `x_hat` and `noise_var` are the `uses` rows of the piece,
  /// gain one.
  ///
  /// A wrong piece passes a CRC of c bits with probability about 2^-c with a block code and 2^(3 - c) with the eight
  /// paths of polar: of the pieces that are decoded wrongly, one in 256 with 8 bits and a block code, one in two
  /// million with 24 bits and polar is taken for right. In noise alone (a deep fade) that is the rate of ghosts per
  /// piece.
  std::optional<Bits> decode(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var,
                             Index num_bits, double repetition) const;

 private:
  Index sent_bits(Index num_bits, double repetition) const;
  Bits protect_by_block_code(const Bits& bits, double repetition) const;
  Bits protect_by_polar(std::span<const std::uint8_t> bits, double repetition) const;
  std::optional<Bits> recover_by_block_code(std::span<const float> llrs, Index num_bits) const;
  std::optional<Bits> recover_by_polar(std::span<const float> llrs, Index num_bits, double repetition) const;

  std::optional<BlockCode> block_code_;  ///< none: polar
  Modem modem_;
  Crc crc_;
};

}  // namespace semlink
