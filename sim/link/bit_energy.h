#pragma once

#include <optional>

#include <semlink/link/link.h>

namespace semlink {

/// Es/N0 over Eb/N0 in dB of a payload of bits: 10 log10 of the information bits in a slot of it. Es is that of a slot,
/// which is a symbol, or with several antennas all symbols sent at a time; CRCs of blocks count as information; header,
/// pilots and transmissions but the first do not count. Empty for analog payloads.
std::optional<double> esn0_over_ebn0_db(const Link& link);

/// Fills the energies of a bit in `result` from what it has of bits and uses.
void measure_bit_energy(const Link& link, TrialResult& result);

}  // namespace semlink
