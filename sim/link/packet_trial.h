#pragma once

#include <semlink/link/link.h>

namespace semlink {

/// `run_trial` of a link whose bits travel in packets of liquid-dsp (`link.packets`): what the receiver makes of the
/// samples is liquid's. Preamble and header count in header_uses; a header that fails, or a packet that is not found, is a
/// header failure; the packet is one block, whose CRC is liquid's.
TrialResult run_packet_trial(const Link& link, const TrialRng& rng, TrialTrace* trace, Profile* profile);

}  // namespace semlink
