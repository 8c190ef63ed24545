#include <semlink/link/packet_trial.h>

#include <limits>

#include <semlink/core/energy.h>
#include <semlink/link/bit_energy.h>
#include <semlink/link/bit_errors.h>
#include <semlink/link/metrics.h>
#include <semlink/link/trial_parts.h>

namespace semlink {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

PowerLedger measure_power(const Link& link, Index num_bits, const Symbols& x, const Symbols& y, const ChannelState& state) {
  PowerLedger power;
  power.payload_uses = link.packets->payload_uses(num_bits);
  power.header_uses = link.packets->overhead_uses();
  power.payload_energy = energy_of(x.bottomRows(power.payload_uses));
  power.header_energy = energy_of(x) - power.payload_energy;
  power.gain_energy = link.channel->gain_energy(state);
  power.noise_energy = link.channel->noise_energy(x, y, state);
  power.exact_payload = false;
  return power;
}

}  // namespace

TrialResult run_packet_trial(const Link& link, const TrialRng& rng, TrialTrace* trace, Profile* profile) {
  ProfileSequence stage(profile);
  stage.next("source");
  const Sample sample = link.source->sample(rng);
  const auto num_bits = static_cast<Index>(sample.bits.size());
  stage.next("frame");
  const Symbols x = link.packets->send(sample.bits);
  stage.next("channel");
  const ChannelState state = link.channel->realize(x.rows(), link.point, rng);
  const Symbols y = link.channel->apply(x, state);
  require_finite(y.allFinite(), "the channel's output", link, rng);
  stage.next("front end");
  const FlexFrame::Reception reception = link.packets->receive(y, num_bits);

  stage.next("measure");
  TrialResult result;
  result.sample_id = sample.id;
  measure_quality(sample, {}, result);
  result.bandwidth_ratio = result.bandwidth_ratio_total = result.header_outage = result.snr_estimated_db = kNotMeasured;
  result.power = measure_power(link, num_bits, x, y, state);
  result.papr_db = papr_db(link.channel->envelope(x, state));
  result.transmit_power = link.channel->transmitted_energy(x, state) / energy_of(x);
  result.capacity = link.channel->mutual_information(state, 0, x.rows());
  const double rate = static_cast<double>(num_bits) / static_cast<double>(result.power.payload_uses);
  result.outage = result.capacity < rate ? 1 : 0;
  result.header_failed = !reception.header_ok;
  result.missed = reception.found ? 0 : 1;
  const ReceivedBits received{
      .bits = reception.bits, .block_ok = {static_cast<std::uint8_t>(reception.payload_ok)}, .iterations = kNotMeasured};
  measure_bits(sample.bits, reception.bits, num_bits, received, result);
  measure_bit_energy(link, result);
  if (trace) {
    *trace = {.sample = sample, .state = state, .received = {.header_ok = reception.header_ok, .bits = reception.bits}};
    trace->payload.bits = sample.bits;
    trace->payload.symbols = x;
    trace->output.bits = reception.bits;
  }
  return result;
}

}  // namespace semlink
