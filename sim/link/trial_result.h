#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include <semlink/core/types.h>

namespace semlink {

/// Power of one trial in parts, linear, for the ledger. Sums over symbols so that points can add them.
struct PowerLedger {
  double payload_energy = 0;  ///< sum |x|^2 of payload symbols
  double header_energy = 0;   ///< side information, CRC included
  double pilot_energy = 0;
  double gain_energy = 0;     ///< sum |h|^2 over all uses of the frame
  double noise_energy = 0;    ///< sum |n|^2 as added, over all uses
  bool exact_payload = true;  ///< the payload's power is to be 1 in this very trial, not only on average
  Index payload_uses = 0;
  Index header_uses = 0;      ///< side information without positions
  Index position_uses = 0;
  Index pilot_uses = 0;
  Index total_uses() const { return payload_uses + header_uses + position_uses + pilot_uses; }
};

/// Experts whose share of the visits is recorded by trial.
inline constexpr std::size_t kNumRecordedExperts = 16;

constexpr std::array<double, kNumRecordedExperts> no_expert_load() {
  std::array<double, kNumRecordedExperts> load{};
  for (double& share : load) share = std::numeric_limits<double>::quiet_NaN();
  return load;
}

/// What one trial measured. `run_trial` returns it, a recorder writes it.
struct TrialResult {
  std::int64_t sample_id = 0;
  PowerLedger power;
  double bandwidth_ratio = 0;        ///< payload and positions over `Sample::num_reals`; NaN for sources of bits
  double bandwidth_ratio_total = 0;  ///< everything sent
  Index tokens_kept = 0;
  Index num_tokens = 0;
  double encoder_depth = 0;
  double decoder_depth = 0;
  std::int64_t encoder_macs = 0;
  std::int64_t decoder_macs = 0;
  bool header_failed = false;
  double missed = std::numeric_limits<double>::quiet_NaN();  ///< 1 where the frame was not found; NaN: nothing to find
  double snr_estimated_db = 0;
  double expert_entropy = -1;   ///< entropy of the visits over the receiver's experts in nats; -1 where there are none
  double expert_overflow = 0;   ///< share of the visits that an expert had no room for
  double predicted_mse = -1;  ///< the gate's estimate; -1 where it made none
  double transmit_power = 1;  ///< energy radiated over energy ahead of the transmitter's impairments
  double papr_db = 0;         ///< largest |x|^2 of the frame over its mean
  /// Bits per use that Gaussian symbols would carry through this frame's fade, the receiver knowing it.
  double capacity = 0;        ///< with HARQ of the first transmission
  double header_outage = 0;   ///< 1 where the fade could not carry the side information's bits in its uses; NaN without side information
  // Bits; num_bits = 0 means "not measured".
  /// 1 where the fade could not carry the payload's bits in its uses; with HARQ the fades of all transmissions allowed.
  double outage = 0;
  double bit_energy = std::numeric_limits<double>::quiet_NaN();        ///< Eb over Es as `esn0_over_ebn0_db` has it
  double bit_energy_total = std::numeric_limits<double>::quiet_NaN();  ///< the same of a message bit, everything sent
  Index num_bits = 0;
  Index bit_errors = 0;
  Index num_blocks = 0;
  Index block_errors = 0;     ///< blocks with a wrong bit
  Index undetected_blocks = 0;  ///< of these, the ones that passed their CRC
  bool has_block_check = false;  ///< blocks carry a CRC
  double transmissions = 0;   ///< of a block, mean over blocks; 0 without HARQ
  double fec_iterations = 0;  ///< of the decoder, mean over blocks; NaN where it does not iterate or never ran
  // Quality; NaN means "not measured". mse is of 8-bit values after rounding and clipping, peak 255.
  double mse = 0;
  double psnr_db = 0;      ///< capped at 100 dB
  double ssim = 0;
  double ms_ssim = 0;      ///< NaN when a side is under 176 pixels
  double correct = 0;      ///< 1 when the class is right; NaN without labels or class head
  double cross_entropy = 0;  ///< nats; NaN as `correct`, and where the receiver was told the class
  int label = -1;            ///< class of the sample; -1 where there is none
  int decision = -1;         ///< class that came out; -1 without class head
  double local_decision = std::numeric_limits<double>::quiet_NaN();  ///< 1 when the transmitter decided; NaN without class head
  /// Share of the visits by expert of the receiver; NaN where there is none.
  std::array<double, kNumRecordedExperts> expert_load = no_expert_load();
};

}  // namespace semlink
