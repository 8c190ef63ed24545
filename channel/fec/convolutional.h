#pragma once

#include <span>

#include <semlink/channel/crc.h>
#include <semlink/channel/fec/code.h>

namespace semlink {

/// The convolutional code of constraint length 7 with generators 133 and 171 (octal; CCSDS 131.0-B, IEEE 802.11), at
/// low rates also 165 (3GPP TS 36.212 section 5.1.3.1); the highest place is the newest bit.
///
/// `conv_k7` appends six zeros that end in state 0; `conv_k7_tail_biting` starts in the state in which it ends and
/// sends nothing more. Three generators are used when coded_bits holds all their bits. Then bits are left out, or sent
/// again, evenly: at 3/4 that is the usual pattern 101 / 110.
///
/// The Viterbi decoder sees LLRs in steps of 1/16 up to +-25. For tail biting it goes round the circle, with 96 steps
/// before the word and 96 behind it to settle; where the path does not close, all 64 starts are tried, which finds the
/// likeliest word (and takes 64 times as long: rare where words get through). `ok` says that the CRC holds and is true
/// without one.
class Convolutional final : public Code {
 public:
  /// Throws Error(bad_argument).
  Convolutional(const CodeSettings& settings, bool tail_biting);

  Index message_bits() const override { return info_bits_ - crc_.num_bits; }
  Index info_bits() const override { return info_bits_; }
  Index coded_bits() const override { return coded_bits_; }
  Bits encode(const Bits& message, int version = 0) const override;
  /// Mother code bits: 2 or 3 for each step.
  Index buffer_size() const override { return num_steps_ * static_cast<Index>(generators_.size()); }
  void combine(std::span<const float> llrs, int version, std::span<float> buffer) const override;
  Decoded decode_buffer(std::span<const float> buffer) const override;

 private:
  /// Mother code bit that is sent as bit `sent`.
  Index source(Index sent) const;
  /// The likeliest input that starts and ends in state `start`.
  Bits decode_from(unsigned start, std::span<const std::int16_t> soft) const;
  Bits try_all_starts(std::span<const std::int16_t> soft) const;
  Bits decode_tail_biting(std::span<const std::int16_t> soft) const;

  Index info_bits_;
  Index coded_bits_;
  bool tail_biting_;
  Crc crc_;  ///< 0 bits without one
  Index num_steps_;
  std::span<const unsigned> generators_;
};

}  // namespace semlink
