#pragma once

#include <string>
#include <vector>

#include <semlink/channel/waveform/waveform_format.h>

namespace semlink {

/// liquid-dsp's own packets for bits, flexframegen and flexframesync: a preamble of 64 symbols, a coded header that
/// names modulation, code and length, then the payload with a CRC of 32 bits. The receiver is liquid's from detection
/// to bits; it knows nothing ahead of the packet, not even how long it is. A yardstick for packets made elsewhere.
///
/// A header passes its own CRC of 32 bits by chance once in 4 10^9 wrong ones, and may then name codes that this build
/// of liquid lacks, which it does not survive.
class FlexFrame {
 public:
  /// bpsk, qpsk, 16qam, 64qam, 256qam and 8psk to 32psk, with liquid's labels. (Its timing is too coarse for
  /// 64psk.)
  static const std::vector<std::string>& constellations();
  /// Codes of liquid-dsp that need no libfec, decoded from soft bits: none, rep3, rep5, hamming74, ..., golay2412.
  static const std::vector<std::string>& codes();
  /// Longest payload that a header can name.
  static constexpr Index kMaxBits = 65535 * 8;

  /// Throws Error(bad_argument) for a constellation or code that is not in the lists.
  FlexFrame(const std::string& constellation, const std::string& code);

  /// The pulses of liquid's frames.
  static WaveformFormat format(Index max_delay) {
    return {.samples_per_symbol = 2, .rolloff = 0.25, .filter_delay = 7, .max_delay = max_delay};
  }

  /// Symbols of a packet of `num_bits`, preamble and header among them.
  Index uses(Index num_bits) const { return overhead_uses() + payload_uses(num_bits); }
  /// Symbols of the payload, CRC and code included; its last byte is filled up.
  Index payload_uses(Index num_bits) const;
  Index overhead_uses() const { return overhead_uses_; }

  /// [uses, 1]: the symbols of flexframegen's packet, read off its samples by the matched filter (-48 dB of
  /// interference between them). Power 1 on average. Throws Error(bad_argument) for more than kMaxBits.
  Symbols send(const Bits& bits) const;

  struct Reception {
    bool found = false;       ///< a preamble was detected
    bool header_ok = false;   ///< and a header passed its CRC and has the length that was sent
    bool payload_ok = false;  ///< and the payload passed its own
    Bits bits;                ///< as many as were sent with header_ok, right or wrong; else empty
  };
  /// From the samples of a window of `format`, power 1. Objects of liquid plan Fourier transforms while they receive,
  /// so threads take turns.
  Reception receive(const Symbols& samples, Index num_bits) const;

 private:
  int modulation_ = 0;  ///< liquid's modulation_scheme
  int code_ = 0;        ///< liquid's fec_scheme
  Index overhead_uses_ = 0;
};

}  // namespace semlink
