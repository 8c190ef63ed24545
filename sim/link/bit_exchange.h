#pragma once

#include <semlink/link/link.h>

namespace semlink {

/// What came of the bits of a payload.
struct BitExchange {
  ReceivedBits received;
  PowerLedger later;         ///< of all transmissions but the first
  double transmissions = 0;  ///< of a block, mean over blocks; 0 without HARQ
};

/// Decodes the payload's bits from the first transmission, and with HARQ sends blocks again that failed their CRC: each
/// time as a frame of its own, pilots included, with a channel draw of its own. Nothing is charged for the receiver's
/// answers, which are never wrong. Without HARQ a lost header leaves nothing to decode; with it the blocks are sent again.
BitExchange exchange_bits(const Link& link, const Payload& payload, const Received& first, const TrialRng& rng);

/// Bits per channel use of one transmission that Gaussian symbols could carry through the fades of all transmissions
/// that HARQ allows, each of the whole frame of `num_uses`, the receiver knowing the fades: SNRs of the same code bits
/// add up (chase), and so does the mutual information of different redundancy versions, as if none had bits of another.
/// `first` is the fade of the first transmission; later ones are drawn as for `exchange_bits`, until `enough` is
/// reached. Caire and Tuninetti, IEEE Trans. Inform. Theory 47 (2001).
double harq_information(const Link& link, const ChannelState& first, Index num_uses, double enough,
                        const TrialRng& rng);

}  // namespace semlink
