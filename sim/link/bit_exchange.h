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

}  // namespace semlink
