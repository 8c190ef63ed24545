#pragma once

#include <functional>
#include <memory>
#include <span>

#include <semlink/codecs/decision_trace.h>
#include <semlink/codecs/gate_policy.h>
#include <semlink/core/mac_ledger.h>
#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// What an encoder may use besides the sample. Nothing is stored in the codec.
struct EncodeWork {
  SnrReport snr_report;  ///< what the transmitter knows of the SNR
  const GatePolicy& gate;
  MacLedger& ledger;
  TrialRng rng;
  /// Channel uses that a piece of side information of so many bits will take (CRC and code included), so that positions
  /// can be paid from the budget.
  std::function<Index(Index num_bits)> side_info_uses;
  DecisionTrace* decisions = nullptr;  ///< receives what was decided on the way; null when nobody asks
  /// Set by a codec that scales its payload to power 1: the mean power that its symbols had before. For comparison with
  /// codes that scale whole batches instead (`LabelPower::batch`).
  double unscaled_power = 1;
};

struct DecodeWork {
  const GatePolicy& gate;
  MacLedger& ledger;
  TrialRng rng;
  /// Size of the image, which both ends agree on when a session begins: it is not sent with every frame and not charged.
  Index image_height = 0;
  Index image_width = 0;
  DecisionTrace* decisions = nullptr;  ///< as in `EncodeWork`
};

/// Turns samples into payloads and back. One const object serves every thread.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual Payload encode(const Sample& sample, EncodeWork& work) const = 0;

  /// Always gives an output: with `received.header_ok == false` or no symbols, what a receiver would really show.
  virtual Output decode(const Received& received, DecodeWork& work) const = 0;

  /// Number of bits of the next piece of side information, given those that were received intact; 0 when there are no
  /// more. The bits may be garbage that passed a CRC: the answer stays within [0, 1 << 20].
  virtual Index next_side_info_bits(std::span<const Bits> pieces) const = 0;

  /// Whether that next piece describes token positions (only a question of book-keeping).
  virtual bool next_is_positions(std::span<const Bits> pieces) const = 0;

  /// Throws Error(bad_scenario) where a policy needs what this codec cannot give, such as predictions or classes.
  virtual void check_policies(const GatePolicy& /*encoder_gate*/, const GatePolicy& /*gate*/) const {}

  /// The codec for sources of bits; null where this one codes images only.
  virtual std::unique_ptr<const Codec> for_bits() const { return nullptr; }

  /// Classes that the outputs tell apart; 0 without class scores.
  virtual Index num_classes() const { return 0; }

  /// Of the weights, as hex; part of a result's identity. Empty where there are none.
  virtual std::string checksum() const { return ""; }
};

}  // namespace semlink
