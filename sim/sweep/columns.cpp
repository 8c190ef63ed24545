#include <semlink/sweep/columns.h>

#include <array>
#include <limits>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

using Result = const TrialResult&;
using enum Column::Estimate;

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr bool kOptional = true;

/// Not measured where there is nothing to count.
double ratio(Index part, Index whole) { return whole == 0 ? kNotMeasured : double(part) / double(whole); }
double count(Result r, Index value) { return r.num_bits == 0 ? kNotMeasured : double(value); }

constexpr std::array<Column, kNumColumns> kColumns = {{
    {"psnr_db", "dB", "mean of the per-image PSNRs, each capped at 100 dB", mean, kOptional, [](Result r) { return r.psnr_db; }},
    {"psnr_num_capped", "1", "images whose PSNR was capped at 100 dB", total, kOptional,
     [](Result r) { return r.psnr_db != r.psnr_db ? kNotMeasured : double(r.psnr_db >= 100); }},
    {"mse", "1", "mean squared error of 8-bit values, peak 255, padding not compared", mean, kOptional,
     [](Result r) { return r.mse; }},
    {"ssim", "1", "structural similarity", mean, kOptional, [](Result r) { return r.ssim; }},
    {"ms_ssim", "1", "multi-scale structural similarity", mean, kOptional, [](Result r) { return r.ms_ssim; }},
    {"accuracy", "1", "share of samples classified right", bernoulli, kOptional, [](Result r) { return r.correct; }},
    {"cross_entropy", "1",
     "cross-entropy of the receiver's class scores in nats, of samples whose class the transmitter did not tell it", mean,
     kOptional, [](Result r) { return r.cross_entropy; }},
    {"local_decision_rate", "1", "share of samples whose class the transmitter decided on and sent", bernoulli, kOptional,
     [](Result r) { return r.local_decision; }},
    {"bandwidth_ratio", "1",
     "channel uses of payload and positions over source reals, padding and repeated colours not among them", mean, kOptional,
     [](Result r) { return r.bandwidth_ratio; }},
    {"bandwidth_ratio_total", "1", "all channel uses over source reals, padding and repeated colours not among them", mean, kOptional,
     [](Result r) { return r.bandwidth_ratio_total; }},
    {"payload_uses", "1", "channel uses of payload symbols", mean, !kOptional,
     [](Result r) { return double(r.power.payload_uses); }},
    {"position_uses", "1", "channel uses of token positions", mean, !kOptional,
     [](Result r) { return double(r.power.position_uses); }},
    {"header_uses", "1", "channel uses of the header with its CRC, positions apart", mean, !kOptional,
     [](Result r) { return double(r.power.header_uses); }},
    {"pilot_uses", "1", "channel uses of pilots", mean, !kOptional, [](Result r) { return double(r.power.pilot_uses); }},
    {"tokens_kept", "1", "tokens sent", mean, !kOptional, [](Result r) { return double(r.tokens_kept); }},
    {"num_tokens", "1", "tokens of the source", mean, !kOptional, [](Result r) { return double(r.num_tokens); }},
    {"encoder_depth", "1", "encoder blocks run, token-weighted", mean, !kOptional, [](Result r) { return r.encoder_depth; }},
    {"decoder_depth", "1", "decoder blocks run, token-weighted", mean, !kOptional, [](Result r) { return r.decoder_depth; }},
    {"encoder_macs", "1", "multiply-accumulates of the transmitter, gates and selectors included", mean, !kOptional,
     [](Result r) { return double(r.encoder_macs); }},
    {"decoder_macs", "1", "multiply-accumulates of the receiver, gates included", mean, !kOptional,
     [](Result r) { return double(r.decoder_macs); }},
    {"header_error_rate", "1", "share of trials whose header failed", bernoulli, !kOptional,
     [](Result r) { return double(r.header_failed); }},
    {"missed_frame_rate", "1", "share of trials whose frame the receiver did not find", bernoulli, kOptional,
     [](Result r) { return r.missed; }},
    {"snr_estimated_db", "dB", "mean of the receiver's SNR estimates in dB", mean, kOptional,
     [](Result r) { return r.snr_estimated_db; }},
    {"predicted_mse", "1", "mean squared error that the gate predicted, image values in [0, 1]", mean, kOptional,
     [](Result r) { return r.predicted_mse < 0 ? kNotMeasured : r.predicted_mse; }},
    {"expert_entropy", "1", "entropy of the tokens' visits over the receiver's experts in nats", mean, kOptional,
     [](Result r) { return r.expert_entropy < 0 ? kNotMeasured : r.expert_entropy; }},
    {"expert_overflow", "1", "share of the visits that an expert of the receiver had no room for", mean, kOptional,
     [](Result r) { return r.expert_entropy < 0 ? kNotMeasured : r.expert_overflow; }},
    {"header_outage_rate", "1", "share of trials in whose fade Gaussian symbols could not carry the header's bits", bernoulli,
     kOptional, [](Result r) { return r.header_outage; }},
    {"capacity", "1",
     "bits per channel use that Gaussian symbols would carry, the receiver knowing the fade; with HARQ that of the first "
     "transmission",
     mean, kOptional, [](Result r) { return r.capacity; }},
    {"transmit_power", "1", "power radiated over the power ahead of the transmitter's impairments", mean, !kOptional,
     [](Result r) { return r.transmit_power; }},
    {"papr_db", "dB", "largest power of a frame's symbols, or samples with a waveform, over their mean power", mean, kOptional,
     [](Result r) { return r.papr_db; }},
    {"bit_error_rate", "1", "share of wrong information bits", share, kOptional,
     [](Result r) { return ratio(r.bit_errors, r.num_bits); }},
    {"block_error_rate", "1", "share of blocks with a wrong bit", share, kOptional,
     [](Result r) { return ratio(r.block_errors, r.num_blocks); }},
    {"frame_error_rate", "1", "share of trials with a wrong bit", bernoulli, kOptional,
     [](Result r) { return r.num_bits == 0 ? kNotMeasured : double(r.bit_errors > 0); }},
    {"undetected_error_rate", "1", "share of blocks with a wrong bit whose CRC agrees", share, kOptional,
     [](Result r) { return r.has_block_check ? ratio(r.undetected_blocks, r.num_blocks) : kNotMeasured; }},
    {"num_bits", "1", "information bits sent", total, kOptional, [](Result r) { return count(r, r.num_bits); }},
    {"num_bit_errors", "1", "wrong information bits", total, kOptional, [](Result r) { return count(r, r.bit_errors); }},
    {"num_blocks", "1", "blocks sent", total, kOptional, [](Result r) { return count(r, r.num_blocks); }},
    {"num_block_errors", "1", "blocks with a wrong bit", total, kOptional, [](Result r) { return count(r, r.block_errors); }},
    {"fec_iterations", "1", "iterations of the decoder, mean over blocks of frames found", mean, kOptional,
     [](Result r) { return r.num_bits == 0 ? kNotMeasured : r.fec_iterations; }},
    {"transmissions", "1", "transmissions of a block with HARQ, mean over blocks", mean, kOptional,
     [](Result r) { return r.transmissions == 0 ? kNotMeasured : r.transmissions; }},
    {"bits_per_use", "1", "information bits over all channel uses, header and pilots included", per_use, kOptional,
     [](Result r) { return ratio(r.num_bits, r.num_bits == 0 ? 0 : r.power.total_uses()); }},
    {"bit_energy", "1",
     "Eb over Es: payload of one transmission, CRCs among the information, Es of all streams sent at a time", mean,
     kOptional, [](Result r) { return r.bit_energy; }},
    {"bit_energy_total", "1",
     "Eb over Es: everything sent in all transmissions over the bits of the message, Es of all streams sent at a time",
     mean, kOptional, [](Result r) { return r.bit_energy_total; }},
    {"outage_rate", "1",
     "share of trials in whose fade Gaussian symbols could not carry the payload's bits; with HARQ in the fades of all "
     "transmissions allowed",
     bernoulli, kOptional, [](Result r) { return r.num_bits == 0 ? kNotMeasured : r.outage; }},
}};

}  // namespace

std::span<const Column, kNumColumns> columns() { return kColumns; }

std::size_t column_index(std::string_view name) {
  for (std::size_t i = 0; i < kNumColumns; ++i)
    if (kColumns[i].name == name) return i;
  throw Error(ErrorCode::bad_argument, "no column \"" + std::string(name) + "\"");
}

std::array<double, kNumColumns> column_values(const TrialResult& result) {
  std::array<double, kNumColumns> values{};
  for (std::size_t i = 0; i < kNumColumns; ++i) values[i] = columns()[i].value(result);
  return values;
}

}  // namespace semlink
