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
/// The code is one of BlockCode, or `polar`: one NR polar word of rate 1 / (2 repetition) for a piece of up to 512
/// bits, whose list decoder (8 paths) chooses by the piece's CRC; several equal words for a longer piece. In AWGN it
/// needs 1.5 to 2 dB less than Golay at the same length; but eight candidates pass a CRC of 8 bits wrongly 8 times as
/// often (at 0 dB and x1: 1.2 % of pieces of 14 bits), so 16 bits are advised with it.
struct HeaderCode {
  static constexpr Index kMaxRepetition = 64;

  std::string block_code = "golay2412";  ///< or `polar`
  std::string modulation = "qpsk";       ///< bpsk or qpsk
  Index repetition = 1;                  ///< 1 to kMaxRepetition

  /// Reads `CODE-MODULATION-xREPETITION`, e.g. `golay2412-qpsk-x4`; `CODE-MODULATION` means once. Throws
  /// Error(bad_scenario).
  static HeaderCode parse(const std::string& name);

  /// What `header.code = auto` means: `golay2412-qpsk-xR` with the smallest R for which
  ///     report + 10 log10(R) >= kSingleSnrDb,
  /// at most kMaxRepetition; R = kUnknownSnrRepetition without a report (enough down to -1 dB). So the code bits are
  /// seen at kSingleSnrDb or more after combining. There in AWGN a piece of 14 bits with its CRC of 8 fails 3 times in
  /// 10^4, one of 64 bits 8 times; it takes 23 uses from 5 dB up, 46 from 2 dB, 230 at -5 dB. The report is what the
  /// transmitter knows, which both ends share; with an average report under block fading the SNR of the frame may be
  /// far lower, and then the header fails with the fade.
  static HeaderCode automatic(const SnrReport& report);

  static constexpr double kSingleSnrDb = 5.0;
  static constexpr Index kUnknownSnrRepetition = 4;
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
  Index uses(Index num_bits, Index repetition) const;

  /// [uses, 1]; power 1.
  Symbols encode(const Bits& bits, Index repetition) const;

  /// The piece of `num_bits`, or nothing when its CRC fails. `x_hat` and `noise_var` are the `uses` rows of the piece,
  /// gain one.
  ///
  /// A wrong piece passes a CRC of c bits with probability about 2^-c: of the pieces that are decoded wrongly, one in
  /// 256 with 8 bits and one in 65,536 with 16 is taken for right. In noise alone (a deep fade) that is the rate of
  /// ghosts per piece.
  std::optional<Bits> decode(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var,
                             Index num_bits, Index repetition) const;

 private:
  Index sent_bits(Index num_bits, Index repetition) const;
  /// Code bits of a piece with its CRC.
  Bits protect(const Bits& checked, Index repetition) const;
  /// The piece with its CRC, `num_bits` in all.
  Bits recover(std::span<const float> llrs, Index num_bits, Index repetition) const;

  std::optional<BlockCode> block_code_;  ///< none: polar
  Modem modem_;
  Crc crc_;
};

}  // namespace semlink
