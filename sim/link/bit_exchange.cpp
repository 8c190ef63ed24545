#include <semlink/link/bit_exchange.h>

#include <map>
#include <vector>

#include <semlink/channel/harq_receiver.h>
#include <semlink/link/frame_power.h>

namespace semlink {
namespace {

/// Channel draws of transmission `attempt`, 0 for the first; salts are hashed, so any constant keeps them apart.
TrialRng draws_of(const TrialRng& rng, int attempt) {
  return {rng.seed, rng.trial, rng.salt ^ (0x9e3779b97f4a7c15u * static_cast<std::uint64_t>(attempt))};
}

/// Sends a frame of bits alone and takes the channel out again; what it cost goes to `power`.
Received send_frame(const Link& link, const Symbols& symbols, const TrialRng& rng, PowerLedger& power) {
  const Payload payload{.symbols = symbols, .exact_power = false};
  const Symbols x = link.front_end->frame(symbols);
  const ChannelState state = link.channel->realize(x.rows(), link.point, rng);
  const Symbols y = link.channel->apply(x, state);
  add_power(power, measure_power(link, payload, std::nullopt, symbols, x, y, state));
  const auto no_pieces = [](std::span<const Bits>) { return Index{0}; };
  return link.framer->parse(link.front_end->equalize(y, state), no_pieces, std::nullopt);
}

/// A frame that was not found, or whose header was lost, is none.
void hear(HarqReceiver& receiver, const Received& frame) {
  if (frame.header_ok)
    receiver.receive(frame.symbols, frame.noise_var);
  else
    receiver.miss();
}

}  // namespace

BitExchange exchange_bits(const Link& link, const Payload& payload, const Received& first, const TrialRng& rng) {
  BitExchange exchange;
  const auto num_bits = static_cast<Index>(payload.bits.size());
  if (num_bits == 0) return exchange;
  const BitTransport& transport = *link.transport;
  if (!transport.has_harq()) {
    exchange.received =
        first.header_ok ? transport.receive(first.symbols, first.noise_var, num_bits) : transport.lost(num_bits);
    return exchange;
  }
  HarqReceiver receiver(transport, num_bits);
  hear(receiver, first);
  while (!receiver.finished()) {
    const Symbols again = transport.send_again(payload.bits, receiver.waiting(), receiver.attempts());
    const Received later = send_frame(link, again, draws_of(rng, receiver.attempts()), exchange.later);
    hear(receiver, later);
  }
  exchange.received = receiver.result();
  exchange.transmissions = receiver.mean_transmissions();
  return exchange;
}

double harq_information(const Link& link, const ChannelState& first, Index num_uses, double enough,
                        const TrialRng& rng) {
  const BitTransport& transport = *link.transport;
  std::map<int, std::vector<ChannelState>> heard;  // by redundancy version
  heard[transport.redundancy_version(0)].push_back(first);
  double carried = link.channel->mutual_information(first, 0, num_uses);
  for (int attempt = 1; carried < enough && attempt < transport.max_transmissions(); ++attempt) {
    heard[transport.redundancy_version(attempt)].push_back(
        link.channel->realize(num_uses, link.point, draws_of(rng, attempt)));
    carried = 0;
    for (const auto& [version, states] : heard) carried += link.channel->combined_information(states, 0, num_uses);
  }
  return carried;
}

}  // namespace semlink
