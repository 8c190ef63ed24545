#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// What a decoder makes of one word.
struct Decoded {
  Bits bits;              ///< message_bits() of them, also when `ok` is false
  bool ok = false;        ///< the decoder's own verdict: CRCs where the code has them, and parity checks (LDPC)
  double iterations = 0;  ///< run by an iterative decoder, mean over the code blocks; 0 for others
};

/// A forward error correction code of fixed lengths, with the rate matching that belongs to it. One const object serves
/// every thread.
///
/// A word may be sent several times (HARQ). Transmission v carries redundancy version v: other code bits with NR LDPC,
/// the same ones with every other code. A receiver adds all of them into one soft buffer (see SoftBuffer).
class Code {
 public:
  virtual ~Code() = default;

  /// Bits that `encode` takes.
  virtual Index message_bits() const = 0;
  /// What counts as information in the code rate: message_bits(), and the transport block's CRC where CodeSettings::crc
  /// asks for it.
  virtual Index info_bits() const = 0;
  /// Bits that `encode` gives.
  virtual Index coded_bits() const = 0;

  /// coded_bits() bits for message_bits() bits; `version` 0 to 3. Throws Error(bad_argument).
  virtual Bits encode(const Bits& message, int version = 0) const = 0;

  /// The message, from coded_bits() LLRs of version 0 (positive means bit 0). Throws Error(bad_argument) for another
  /// number of LLRs, Error(non_finite) for a NaN.
  Decoded decode(std::span<const float> llrs) const;
  /// The messages of several words, one after the other in `llrs`; each is what `decode` makes of it, but a code may
  /// take independent words side by side (NrLdpc says when, and where that differs). Throws as `decode` does.
  virtual std::vector<Decoded> decode_words(std::span<const float> llrs) const;

  /// LLRs in the soft buffer of one word.
  virtual Index buffer_size() const = 0;
  /// Adds the LLRs of one transmission to those in `buffer`, [buffer_size()]; infinite ones as `bounded_llr`.
  virtual void combine(std::span<const float> llrs, int version, std::span<float> buffer) const = 0;
  /// The message, from a soft buffer.
  virtual Decoded decode_buffer(std::span<const float> buffer) const = 0;

 protected:
  /// Throws Error(non_finite).
  static void require_no_nan(std::span<const float> llrs);
};

/// An LLR that sums of many transmissions keep finite: infinities of opposite signs would add up to NaN.
inline float bounded_llr(float llr) {
  constexpr float kMost = 0x1p100f;
  return llr > kMost ? kMost : llr < -kMost ? -kMost : llr;
}

/// Chooses a code.
struct CodeSettings {
  std::string code = "nr_ldpc";  ///< a name of code_names()
  Index info_bits = 500;         ///< k; with `crc` its check bits are among them
  Index coded_bits = 1000;       ///< n after rate matching
  bool crc = false;              ///< attach a CRC of 16 or 24 bits (NR polar has its own in any case)
  std::string decoder;           ///< a name of decoder_names(code); empty for the first of them
  int iterations = 20;           ///< at most, for an iterative decoder; >= 1
  bool early_stop = true;        ///< an iterative decoder ends when all parity checks hold
  /// NR LDPC: bits of a symbol for the bit interleaver of TS 38.212 section 5.4.2.2; 1 leaves it out.
  Index bits_per_symbol = 1;
  int base_graph = 0;  ///< NR LDPC: 1 or 2; 0 follows TS 38.212 section 7.2.2
};

/// `none`, `nr_ldpc`, ...
const std::vector<std::string>& code_names();

/// The decoders of a code, the default first; empty for an unknown code.
const std::vector<std::string>& decoder_names(const std::string& code);

/// Throws Error(bad_argument) that names the field, the value got and what was expected.
std::unique_ptr<const Code> make_code(const CodeSettings& settings);

}  // namespace semlink
