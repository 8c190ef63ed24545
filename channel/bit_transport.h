#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <semlink/channel/modem.h>
#include <semlink/core/keys.h>
#include <semlink/core/types.h>

namespace semlink {

class Code;

/// What came out of a frame of bits.
struct ReceivedBits {
  Bits bits;                           ///< as many as were sent
  std::vector<std::uint8_t> block_ok;  ///< 1 where the block's CRC agrees; empty where blocks have none
  double iterations = 0;               ///< of the decoder, mean over blocks; NaN where it does not iterate or never ran

  /// Makes 0 iterations, of a decoder that has none, "not measured".
  void note_iterations();
};

/// Keys of the transport: `modem.*` and `fec.*`.
struct BitTransportSettings {
  ModemSettings modem;
  std::string code = "none";
  std::optional<std::int64_t> info_bits;
  std::optional<std::int64_t> coded_bits;
  bool crc = false;
  std::string decoder = "auto";
  std::int64_t iterations = 20;
  std::string harq = "none";  ///< none, chase or incremental
  std::int64_t max_transmissions = 4;
  std::string redundancy_order = "0231";  ///< of `incremental`

  void declare(Keys& keys);
};

/// Carries payload bits over symbols: cut into blocks, coded, mapped, and the way back. One const object serves every
/// thread.
///
/// Without a code a bit is decided by the nearest constellation point, which is what the closed forms of bit error
/// rates describe; blocks then only count errors. With one, LLRs for the noise variance of each symbol go to its
/// decoder.
///
/// With HARQ a block is sent again when its CRC fails, up to max_transmissions() times: see HarqReceiver.
class BitTransport {
 public:
  using Settings = BitTransportSettings;

  /// Throws Error(bad_scenario) for settings that do not go together.
  explicit BitTransport(const Settings& settings);
  ~BitTransport();

  /// Information bits of a block of a frame of `num_bits`.
  Index block_bits(Index num_bits) const { return block_bits_ > 0 ? block_bits_ : num_bits; }
  /// ceil(num_bits / block_bits); 0 for no bits.
  Index num_blocks(Index num_bits) const;
  /// Channel uses of `num_bits`; a code fills the last block up with zeros.
  Index uses(Index num_bits) const;
  /// Es/N0 of a symbol over Eb/N0 in dB: 10 log10(M info_bits / coded_bits) with M bits per symbol. The CRC of a block
  /// is among its info_bits; header and pilots are not in it.
  double esn0_over_ebn0_db() const;

  /// [uses, 1]; of power 1 on average over uniform bits.
  Symbols send(const Bits& bits) const;
  /// Transmission `attempt` (0 is that of `send`) of some blocks of the frame `bits` alone, in the order given. Needs a
  /// code.
  Symbols send_again(const Bits& bits, std::span<const Index> blocks, int attempt) const;
  /// `x_hat` and `noise_var` of gain one as a `Received` has them, [uses(num_bits)]. Throws Error(bad_argument) for
  /// another length.
  ReceivedBits receive(const Symbols& x_hat, const Eigen::VectorXf& noise_var, Index num_bits) const;

  /// What there is of a frame that was not found, or whose header was lost: no bits, and no block whose CRC agrees.
  ReceivedBits lost(Index num_bits) const;

  bool has_harq() const { return !redundancy_order_.empty(); }
  int max_transmissions() const { return max_transmissions_; }
  /// Of transmission `attempt`, 0 for the first.
  int redundancy_version(int attempt) const;
  const Modem& modem() const { return modem_; }
  const Code* code() const { return code_.get(); }  ///< null: none

 private:
  /// The code bits of one block of the frame, the last filled up with zeros.
  Bits encode_block(const Bits& bits, Index block, int version) const;
  Bits encode(const Bits& bits) const;
  ReceivedBits decode(std::span<const float> llrs, Index num_bits) const;

  Modem modem_;
  std::unique_ptr<const Code> code_;   ///< null: none
  Index block_bits_ = 0;               ///< 0: the frame is one block
  bool has_check_ = false;             ///< blocks carry a CRC
  std::vector<int> redundancy_order_;  ///< empty: no HARQ
  int max_transmissions_ = 1;
};

}  // namespace semlink
