#include <semlink/channel/waveform/settings.h>

#include <semlink/channel/waveform/flex_frame.h>
#include <semlink/channel/waveform/waveform_channel.h>
#include <semlink/channel/waveform/waveform_front_end.h>
#include <semlink/core/error.h>

namespace semlink {

void WaveformSettings::declare(Keys& keys) {
  keys.choice("waveform.kind", kind, {"none", "rrc", "flexframe"})
      .help(
          "What the channel carries: symbols, or their waveform of root-raised-cosine pulses with unknown delay, "
          "carrier "
          "frequency and phase, for channels of slow gains and white noise (awgn; rayleigh and rician with "
          "channel.fading = block or doppler), where impairment.* then act on samples; or, of a source of bits, "
          "liquid-dsp's "
          "own packets, received by liquid-dsp.");
  keys.integer("waveform.samples_per_symbol", samples_per_symbol).range(2, 16).help("Samples per symbol.");
  keys.number("waveform.rolloff", rolloff).range(0.05, 1).help("Excess bandwidth of the pulses.");
  keys.integer("waveform.filter_delay", filter_delay)
      .unit("symbols")
      .range(3, 64)
      .help("From the middle of a pulse to where it is cut off; short pulses leave interference between symbols.");
  keys.integer("waveform.max_delay", max_delay)
      .unit("symbols")
      .range(0, 65536)
      .help("A frame arrives up to this late; its delay is drawn evenly, whole samples or not.");
  keys.number("waveform.max_cfo", max_cfo)
      .unit("1/symbol")
      .range(0, 0.05)
      .help(
          "Largest carrier frequency offset in cycles per symbol; drawn evenly per frame, and what a receiver "
          "expects.");
  keys.choice("waveform.sync", sync, {"genie", "liquid"})
      .help(
          "Receiver: knows delay, frequency and phase, or finds them by liquid-dsp's packet detector and pilot "
          "synchroniser; frames then carry a preamble and pilots, counted in pilot_uses.");
  keys.integer("waveform.preamble", preamble)
      .unit("symbols")
      .range(16, 2048)
      .help("Known symbols ahead of a frame, by which it is found.");
  keys.integer("waveform.pilot_spacing", pilot_spacing)
      .unit("symbols")
      .range(0, 1000)
      .help("One symbol in so many is a pilot by which the carrier is followed; 0: none, the preamble must do.");
  keys.number("waveform.threshold", threshold)
      .range(0.05, 1)
      .help("Correlation with the preamble, 1 for the preamble alone, from which a frame counts as found.");
  keys.choice("waveform.timing", timing, {"preamble", "loop"})
      .help(
          "Where symbols are sampled: at a delay measured on the preamble, or where liquid-dsp's timing loop goes, "
          "which "
          "follows a sampling clock that is off (impairment.sampling_offset_ppm) at the price of its own jitter.");
  keys.number("waveform.timing_bandwidth", timing_bandwidth)
      .range(1e-4, 0.1)
      .help("Bandwidth of the timing loop over the symbol rate.");
  keys.choice("waveform.code", code, FlexFrame::codes()).help("Code of the payload of waveform.kind = flexframe.");
}

WaveformFormat WaveformSettings::format() const {
  if (is_packets()) return FlexFrame::format(max_delay);
  return {.samples_per_symbol = samples_per_symbol,
          .rolloff = rolloff,
          .filter_delay = filter_delay,
          .max_delay = max_delay};
}

std::unique_ptr<const Channel> WaveformSettings::wrap(std::unique_ptr<const Channel> channel,
                                                      const ImpairmentSettings& radio) const {
  if (!is_on()) return radio.wrap(std::move(channel));
  return std::make_unique<WaveformChannel>(std::move(channel), format(), max_cfo,
                                           radio.radio(format().samples_per_symbol));
}

std::unique_ptr<const FrontEnd> WaveformSettings::wrap(std::unique_ptr<const FrontEnd> front_end) const {
  if (!is_on() || is_packets()) return front_end;
  if (is_blind() && pilot_spacing == 1)
    throw Error(ErrorCode::bad_scenario, "waveform.pilot_spacing = 1: expected 0 (no pilots) or at least 2");
  if (!is_blind())
    return std::make_unique<WaveformFrontEnd>(std::move(front_end), format(), Packet(0, 0), std::nullopt);
  const std::optional<TimingLoop> loop =
      timing == "loop" ? std::optional(TimingLoop(format(), timing_bandwidth)) : std::nullopt;
  return std::make_unique<WaveformFrontEnd>(std::move(front_end), format(), Packet(preamble, pilot_spacing),
                                            PacketDetector::Options{.threshold = threshold, .max_cfo = max_cfo}, loop);
}

}  // namespace semlink
