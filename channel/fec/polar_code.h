#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <semlink/channel/crc.h>
#include <semlink/core/types.h>

namespace semlink {

/// Bit channels 0..1023 from the least to the most reliable (3GPP TS 38.212 V17.1.0, table 5.3.1.2-1).
std::span<const std::int16_t> polar_sequence();

/// What a bit channel carries.
enum class PolarBit : std::uint8_t { frozen, info, parity };

/// The polar code of NR with its rate matching (3GPP TS 38.212 V17.1.0, sections 5.3.1 and 5.4.1), for one word and any
/// CRC. The interleaver of the input bits (downlink) is not there; the one of the coded bits (uplink) is.
class PolarCode {
 public:
  /// `info_bits` K with their CRC, `coded_bits` E; `parity_bits` n_PC of which `low_weight` stand on channels of
  /// smallest row weight (0 or 1). Throws Error(bad_argument): K + n_PC must fit into E and into N <= 1024.
  PolarCode(Index info_bits, Index coded_bits, Index parity_bits = 0, Index low_weight = 0);

  Index info_bits() const { return info_bits_; }
  Index coded_bits() const { return coded_bits_; }
  /// N, a power of two from 32 to 1024.
  Index mother_bits() const { return static_cast<Index>(kinds_.size()); }
  std::span<const PolarBit> kinds() const { return kinds_; }

  /// [coded_bits()].
  Bits encode(std::span<const std::uint8_t> info) const;

  struct Word {
    Bits info;
    bool crc_ok = false;
  };

  /// Successive-cancellation list decoding with exact updates: the likeliest of at most `list_size` paths whose last
  /// bits are `crc` of those before; the likeliest of all when there is none. A CRC of 0 bits always holds. `llrs`
  /// [coded_bits()], positive means bit 0.
  Word decode(std::span<const float> llrs, Index list_size, const Crc& crc) const;

 private:
  void choose_channels(Index parity_bits, Index low_weight);
  /// Mother code bit sent as bit `sent`, before the channel interleaver.
  Index source(Index sent) const;
  /// Channels that rate matching makes useless.
  std::vector<bool> lost_channels() const;
  std::vector<float> mother_llrs(std::span<const float> llrs) const;

  Index info_bits_;
  Index coded_bits_;
  std::vector<PolarBit> kinds_;      ///< [N]
  std::vector<Index> interleaving_;  ///< bit interleaving_[i] of the selected bits is sent as bit i
};

}  // namespace semlink
