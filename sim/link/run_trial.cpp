#include <semlink/link/link.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <semlink/core/energy.h>
#include <semlink/core/error.h>
#include <semlink/link/bit_energy.h>
#include <semlink/link/bit_errors.h>
#include <semlink/link/bit_exchange.h>
#include <semlink/link/frame_point.h>
#include <semlink/link/frame_power.h>
#include <semlink/link/metrics.h>
#include <semlink/link/packet_trial.h>
#include <semlink/link/trial_parts.h>

namespace semlink {
namespace {

/// In nats, of shares that sum to one.
double entropy(const std::vector<double>& shares) {
  double sum = 0;
  for (const double share : shares) sum -= share > 0 ? share * std::log(share) : 0;
  return sum;
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

/// The codec's payload, bits made into symbols.
Payload encode(const Link& link, const Sample& sample, EncodeWork& work) {
  Payload payload = link.codec->encode(sample, work);
  if (payload.bits.empty()) return payload;
  if (!link.transport) throw Error(ErrorCode::bad_argument, "link.transport is null: expected one for a payload of bits");
  payload.symbols = link.transport->send(payload.bits);
  payload.exact_power = false;
  return payload;
}

/// What the fade of this frame could have carried, against what was asked of it. Rows of the frame are told apart by their
/// order: side information with its pilots comes first.
void measure_capacity(const Link& link, const Payload& payload, const ChannelState& state, const TrialRng& rng,
                      TrialResult& result) {
  const PowerLedger& power = result.power;
  const Index frame = power.total_uses();
  const Index header = power.header_uses + power.position_uses;
  const Index header_rows = header + link.front_end->num_pilots(header);
  result.capacity = link.channel->mutual_information(state, 0, frame);

  const auto outage = [](Index num_bits, Index uses, const auto& carried_of) {
    if (uses == 0) return std::numeric_limits<double>::quiet_NaN();
    const double rate = static_cast<double>(num_bits) / static_cast<double>(uses);
    const double carried = carried_of(rate);
    return std::isnan(carried) ? carried : carried < rate ? 1.0 : 0.0;
  };
  Index header_bits = 0;
  for (const SideInfo& piece : payload.side_info) header_bits += static_cast<Index>(piece.bits.size());
  result.header_outage = outage(
      header_bits, header, [&](double /*rate*/) { return link.channel->mutual_information(state, 0, header_rows); });
  result.outage = outage(static_cast<Index>(payload.bits.size()), power.payload_uses, [&](double rate) {
    // Frames that HARQ sends again are of bits alone, and so is the first.
    if (link.transport && link.transport->has_harq()) return harq_information(link, state, frame, rate, rng);
    return link.channel->mutual_information(state, header == 0 ? 0 : header_rows, frame);
  });
}

/// What was sent, and what it cost.
void measure_frame(const Sample& sample, const Payload& payload, TrialResult& result) {
  // A source of bits has no reals to count against.
  const double num_reals =
      sample.bits.empty() ? static_cast<double>(sample.num_reals()) : std::numeric_limits<double>::quiet_NaN();
  result.bandwidth_ratio = static_cast<double>(result.power.payload_uses + result.power.position_uses) / num_reals;
  result.bandwidth_ratio_total = static_cast<double>(result.power.total_uses()) / num_reals;
  result.tokens_kept = payload.tokens_kept;
  result.num_tokens = payload.num_tokens;
  result.encoder_depth = payload.encoder_depth;
}

}  // namespace

TrialResult run_trial(const Link& link, const TrialRng& rng, TrialTrace* trace, Profile* profile) {
  if (link.packets) return run_packet_trial(link, rng, trace, profile);
  ProfileSequence stage(profile);
  stage.next("source");
  const Sample sample = link.source->sample(rng);

  const SnrReport report = snr_report(link, rng);
  MacLedger encoder_work{.profile = profile};
  EncodeWork encode_work{report, *link.encoder_gate, encoder_work, rng,
                         [&](Index num_bits) { return link.framer->uses(num_bits, report); }};
  DecisionTrace encoder_decisions, decoder_decisions;
  if (trace) encode_work.decisions = &encoder_decisions;
  stage.next("encode", encoder_work);
  const Payload payload = encode(link, sample, encode_work);
  require_finite(payload.symbols.allFinite(), "the payload", link, rng);

  stage.next("frame");
  const Symbols unframed = link.framer->assemble(payload, report);
  const Symbols x = link.front_end->frame(unframed);

  stage.next("channel");
  const ChannelPoint point = frame_point(link, payload.symbols, encode_work.unscaled_power);
  const ChannelState state = link.channel->realize(x.rows(), point, rng);
  const Symbols y = link.channel->apply(x, state);
  require_finite(y.allFinite(), "the channel's output", link, rng);

  stage.next("front end");
  const Equalized equalized = link.front_end->equalize(y, state);
  require_finite(equalized.x_hat.allFinite() && equalized.noise_var.allFinite() && std::isfinite(equalized.quality.snr_db),
                 "the front end's output", link, rng);
  stage.next("header");
  const auto next_piece = [&](std::span<const Bits> pieces) { return link.codec->next_side_info_bits(pieces); };
  Received received = link.framer->parse(equalized, next_piece, report);
  stage.next("bits");
  const BitExchange exchange = exchange_bits(link, payload, received, rng);
  received.bits = exchange.received.bits;

  MacLedger decoder_work{.profile = profile};
  DecodeWork decode_work{*link.gate, decoder_work, rng, sample.image.height, sample.image.width};
  if (trace) decode_work.decisions = &decoder_decisions;
  stage.next("decode", decoder_work);
  const Output output = link.codec->decode(received, decode_work);
  require_finite(all_finite(output.image.values) && output.logits.allFinite(), "the decoder's output", link, rng);

  stage.next("measure");
  TrialResult result;
  result.sample_id = sample.id;
  result.power = measure_power(link, payload, report, unframed, x, y, state);
  measure_frame(sample, payload, result);
  measure_capacity(link, payload, state, rng, result);
  add_power(result.power, exchange.later);
  result.transmissions = exchange.transmissions;
  result.papr_db = papr_db(link.channel->envelope(x, state));
  result.transmit_power = x.size() > 0 ? link.channel->transmitted_energy(x, state) / energy_of(x) : 1;
  result.decoder_depth = output.decoder_depth;
  result.encoder_macs = encoder_work.macs;
  result.decoder_macs = decoder_work.macs;
  result.header_failed = !received.header_ok;
  if (equalized.detected) result.missed = *equalized.detected ? 0 : 1;
  result.snr_estimated_db = received.quality.snr_db;
  result.predicted_mse = output.predicted_mse;
  result.expert_entropy = output.expert_load.empty() ? -1 : entropy(output.expert_load);
  result.expert_overflow = output.expert_overflow;
  std::copy_n(output.expert_load.begin(), std::min(output.expert_load.size(), result.expert_load.size()),
              result.expert_load.begin());
  measure_quality(sample, output, result);
  if (result.decision >= 0) result.local_decision = payload.label >= 0 ? 1 : 0;
  if (!sample.bits.empty())
    measure_bits(sample.bits, output.bits, link.transport->block_bits(static_cast<Index>(payload.bits.size())),
                 exchange.received, result);
  measure_bit_energy(link, result);

  if (trace)
    *trace = {sample, payload, state, received, output, std::move(encoder_decisions), std::move(decoder_decisions)};
  return result;
}

}  // namespace semlink
