#pragma once

#include <semlink/link/link.h>

namespace semlink {

/// The ledger of one frame, measured: `unframed` is the frame without pilots, `x` what went into the channel, `y` what
/// came out.
PowerLedger measure_power(const Link& link, const Payload& payload, const SnrReport& report, const Symbols& unframed,
                          const Symbols& x, const Symbols& y, const ChannelState& state);

/// Adds the energies and uses of another frame.
void add_power(PowerLedger& power, const PowerLedger& other);

}  // namespace semlink
