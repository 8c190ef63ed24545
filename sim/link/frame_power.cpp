#include <semlink/link/frame_power.h>

#include <semlink/core/energy.h>

namespace semlink {
namespace {

/// Side information as the framer charges it, with and without positions.
void charge_side_info(const Link& link, const Payload& payload, const SnrReport& report, PowerLedger& power) {
  for (const SideInfo& piece : payload.side_info) {
    const Index uses = link.framer->uses(static_cast<Index>(piece.bits.size()), report);
    (piece.positions ? power.position_uses : power.header_uses) += uses;
  }
}

}  // namespace

PowerLedger measure_power(const Link& link, const Payload& payload, const SnrReport& report, const Symbols& unframed,
                          const Symbols& x, const Symbols& y, const ChannelState& state) {
  PowerLedger power;
  charge_side_info(link, payload, report, power);
  power.payload_uses = payload.symbols.rows();
  power.pilot_uses = x.rows() - unframed.rows();
  power.payload_energy = energy_of(unframed.bottomRows(power.payload_uses));
  power.header_energy = energy_of(unframed.topRows(unframed.rows() - power.payload_uses));
  power.pilot_energy = energy_of(x) - power.payload_energy - power.header_energy;
  power.gain_energy = link.channel->gain_energy(state);
  power.noise_energy = link.channel->noise_energy(x, y, state);
  power.exact_payload = payload.exact_power;
  return power;
}

void add_power(PowerLedger& power, const PowerLedger& other) {
  power.payload_energy += other.payload_energy;
  power.header_energy += other.header_energy;
  power.pilot_energy += other.pilot_energy;
  power.gain_energy += other.gain_energy;
  power.noise_energy += other.noise_energy;
  power.payload_uses += other.payload_uses;
  power.header_uses += other.header_uses;
  power.position_uses += other.position_uses;
  power.pilot_uses += other.pilot_uses;
}

}  // namespace semlink
