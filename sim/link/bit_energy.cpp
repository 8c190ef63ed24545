#include <semlink/link/bit_energy.h>

#include <cmath>

namespace semlink {

std::optional<double> esn0_over_ebn0_db(const Link& link) {
  if (link.packets) {
    const Index num_bits = link.source->bits_per_sample();
    return 10 * std::log10(static_cast<double>(num_bits) / static_cast<double>(link.packets->payload_uses(num_bits)));
  }
  if (!link.transport) return std::nullopt;
  return link.transport->esn0_over_ebn0_db() + 10 * std::log10(static_cast<double>(link.channel->num_streams()));
}

void measure_bit_energy(const Link& link, TrialResult& result) {
  const std::optional<double> ratio_db = esn0_over_ebn0_db(link);
  if (!ratio_db || result.num_bits == 0) return;
  result.bit_energy = std::pow(10, -*ratio_db / 10);
  // A symbol has its share of a slot's power, also where the last slot is not full.
  const double energy =
      static_cast<double>(result.power.total_uses()) / static_cast<double>(link.channel->num_streams());
  result.bit_energy_total = energy / static_cast<double>(result.num_bits);
}

}  // namespace semlink
