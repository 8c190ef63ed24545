#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <semlink/channel/front_end.h>
#include <semlink/channel/impaired_channel.h>
#include <semlink/channel/waveform/waveform_format.h>
#include <semlink/core/keys.h>

namespace semlink {

/// Keys `waveform.*`: whether symbols travel as such or as a waveform, and how the receiver synchronises to it.
struct WaveformSettings {
  std::string kind = "none";
  std::int64_t samples_per_symbol = 2;
  double rolloff = 0.25;
  std::int64_t filter_delay = 12;
  std::int64_t max_delay = 32;
  double max_cfo = 0.01;
  std::string sync = "genie";
  std::int64_t preamble = 64;
  std::int64_t pilot_spacing = 16;
  double threshold = 0.35;
  std::string timing = "preamble";
  double timing_bandwidth = 0.005;
  std::string code = "golay2412";

  void declare(Keys& keys);
  bool is_on() const { return kind != "none"; }
  bool is_blind() const { return kind == "rrc" && sync != "genie"; }
  /// Packets of liquid-dsp, from bits to bits.
  bool is_packets() const { return kind == "flexframe"; }

  /// The channel with the radio's imperfections, on symbols or on samples. Throws Error(bad_argument) for a channel
  /// that takes no waveform when there is one.
  std::unique_ptr<const Channel> wrap(std::unique_ptr<const Channel> channel, const ImpairmentSettings& radio) const;
  /// `front_end` itself without a waveform, and for packets of liquid-dsp, which need none.
  std::unique_ptr<const FrontEnd> wrap(std::unique_ptr<const FrontEnd> front_end) const;

 private:
  WaveformFormat format() const;
};

}  // namespace semlink
