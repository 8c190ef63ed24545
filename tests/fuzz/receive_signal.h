#pragma once

#include <semlink/channel/awgn.h>
#include <semlink/channel/bit_transport.h>
#include <semlink/channel/fec/code.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/harq_receiver.h>
#include <semlink/channel/waveform/flex_frame.h>
#include <semlink/channel/waveform/pulse_shaper.h>
#include <semlink/channel/waveform/settings.h>
#include <semlink/core/error.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fuzz_input.h"

namespace semlink::fuzz {

// Each target says whether it came to what it is for, so that a test can see that inputs do not all end at the door.

/// Decodes an arbitrary word: the first bytes choose code, decoder, lengths, CRC and base graph, the rest are LLRs,
/// some of them huge or infinite, in every eighth word some no number. True when there was such a code and no NaN.
inline bool decode_word(Bytes input) {
  CodeSettings settings;
  settings.code = code_names()[take_byte(input) % code_names().size()];
  const std::vector<std::string>& decoders = decoder_names(settings.code);
  if (!decoders.empty()) settings.decoder = decoders[take_byte(input) % decoders.size()];
  settings.info_bits = 1 + 3 * take_byte(input);
  settings.coded_bits = settings.info_bits + 5 * take_byte(input);
  const std::uint8_t flags = take_byte(input);
  settings.crc = flags & 1;
  settings.base_graph = (flags >> 1) % 3;
  settings.early_stop = flags & 8;
  settings.iterations = 1 + (flags >> 4);
  std::unique_ptr<const Code> code;
  try {
    code = make_code(settings);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::bad_argument);
    return false;
  }
  std::vector<float> llrs(static_cast<std::size_t>(code->coded_bits()));
  const bool may_have_nan = take_byte(input) % 8 == 7;
  bool has_nan = false;
  for (float& llr : llrs) {
    llr = take_value(input);
    if (llr == 3.5F) llr = std::numeric_limits<float>::infinity();
    if (llr == -3.5F) llr = -std::numeric_limits<float>::infinity();
    if (llr == 3.75F && may_have_nan) llr = std::numeric_limits<float>::quiet_NaN();
    has_nan = has_nan || std::isnan(llr);
  }
  try {
    const Decoded decoded = code->decode(llrs);
    require(!has_nan && static_cast<Index>(decoded.bits.size()) == code->message_bits());
    std::vector<float> buffer(static_cast<std::size_t>(code->buffer_size()));
    for (int version = 0; version < 4; ++version) code->combine(llrs, version, buffer);
    const Decoded combined = code->decode_buffer(buffer);
    require(static_cast<Index>(combined.bits.size()) == code->message_bits());
  } catch (const Error& error) {
    require(has_nan && error.code() == ErrorCode::non_finite);
  }
  return !has_nan;
}

/// Listens to arbitrary transmissions of a frame in blocks, some of them missed, until nothing is waited for: the first
/// bytes choose the number of bits and the kind of HARQ. True when something was sent again.
inline bool hear_transmissions(Bytes input) {
  BitTransportSettings settings;
  settings.code = "nr_ldpc";
  settings.info_bits = 60;
  settings.coded_bits = 120;
  settings.crc = true;
  settings.modem.constellation = "16qam";
  settings.harq = take_byte(input) & 1 ? "chase" : "incremental";
  const BitTransport transport(settings);
  const Index num_bits = take_byte(input);
  HarqReceiver receiver(transport, num_bits);
  while (!receiver.finished()) {
    if (take_byte(input) % 8 == 7) {
      receiver.miss();
      continue;
    }
    const std::vector<Index>& waiting = receiver.waiting();
    const Symbols sent = transport.send_again(Bits(static_cast<std::size_t>(num_bits)), waiting, receiver.attempts());
    Symbols heard(sent.rows(), 1);
    Eigen::VectorXf noise_var(sent.rows());
    for (Index use = 0; use < heard.rows(); ++use) {
      const float real = take_value(input);
      heard(use, 0) = {real, take_value(input)};
      noise_var(use) = std::max(std::abs(take_value(input)), 1e-6F);
    }
    receiver.receive(heard, noise_var);
  }
  const ReceivedBits result = receiver.result();
  require(static_cast<Index>(result.bits.size()) == num_bits);
  return receiver.attempts() > 1;
}

/// What arrives instead of `samples`: arbitrary values all over, or where the first byte is odd in one stretch only.
inline void disturb(Bytes input, Symbols& samples) {
  const bool all_over = take_byte(input) % 2 == 0;
  const Index first = all_over ? 0 : 4 * take_byte(input) % samples.rows();
  const Bytes whole = input;
  for (Index i = first; i < samples.rows() && !whole.empty(); ++i) {
    if (input.empty() && !all_over) break;
    if (input.empty()) input = whole;
    const float real = take_value(input);
    samples(i, 0) = {real, take_value(input)};
  }
}

/// Searches a packet in arbitrary samples, and receives what it takes for one: the first byte chooses how the receiver
/// follows the clock. True when it found one.
inline bool receive_waveform(Bytes input) {
  WaveformSettings settings;
  settings.kind = "rrc";
  settings.sync = "liquid";
  settings.timing = take_byte(input) & 1 ? "loop" : "preamble";
  const auto front_end =
      settings.wrap(std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{.estimator = GainEstimator::lmmse}));
  const auto channel = settings.wrap(std::make_unique<AwgnChannel>(), ImpairmentSettings{});
  const Symbols x = Symbols::Ones(60, 1);
  const Symbols frame = front_end->frame(x);
  const ChannelState state = channel->realize(frame.rows(), {.snr_db = 20}, {1, take_byte(input), 0});
  Symbols samples = channel->apply(frame, state);
  disturb(input, samples);
  const Equalized out = front_end->equalize(samples, state);
  require(out.detected.has_value());
  require(out.x_hat.rows() == (*out.detected ? x.rows() : 0) && out.noise_var.size() == out.x_hat.rows());
  for (Index use = 0; use < out.x_hat.rows(); ++use)
    require(std::isfinite(std::norm(out.x_hat(use, 0))) && out.noise_var(use) > 0);
  return *out.detected;
}

/// The same with liquid-dsp's own packets.
inline bool receive_packet(Bytes input) {
  const FlexFrame packets("qpsk", "golay2412");
  const Index num_bits = 1 + take_byte(input);
  const WaveformFormat format = FlexFrame::format(32);
  Symbols samples = PulseShaper(format).shape(packets.send(Bits(static_cast<std::size_t>(num_bits))), 0);
  disturb(input, samples);
  const FlexFrame::Reception reception = packets.receive(samples, num_bits);
  require(static_cast<Index>(reception.bits.size()) == (reception.header_ok ? num_bits : 0));
  require(reception.found || !reception.header_ok);
  require(reception.header_ok || !reception.payload_ok);
  return reception.found;
}

}  // namespace semlink::fuzz
