#include <semlink/channel/tdl_channel.h>

#include <string>

#include <semlink/channel/purposes.h>

namespace semlink {

ChannelState TdlChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  Stream stream = rng.stream(Purpose::fade);
  Symbols paths = line_.draw(num_uses, stream);
  ChannelState state = with_noise(line_.matrices(num_uses, paths), point, rng);
  if (!line_.sends_waveform()) return state;
  state.interference_var = line_.leaked_power();
  state.paths = std::move(paths);
  return state;
}

Symbols TdlChannel::earlier_gain(const TrialRng& rng, double correlation) const {
  Stream stream = rng.stream(Purpose::fade), other = rng.stream(kReportedFadePurpose);
  return line_.matrices(1, line_.draw_earlier(1, stream, other, correlation));
}

double TdlChannel::gain_energy(const ChannelState& state) const {
  return Channel::gain_energy(state) + static_cast<double>(state.gain.rows()) * line_.leaked_power();
}

Symbols TdlChannel::propagate(const Symbols& x, const ChannelState& state) const {
  return line_.sends_waveform() ? line_.propagate(x, state.paths) : Channel::propagate(x, state);
}

Symbols TdlChannel::propagate_pullback(const Symbols& g_y, const ChannelState& state) const {
  return line_.sends_waveform() ? line_.propagate_pullback(g_y, state.paths) : Channel::propagate_pullback(g_y, state);
}

void TdlSettings::declare(Keys& keys) {
  if (tdl_is_scalable(profile))
    keys.number("channel.delay_spread_ns", delay_spread_ns)
        .unit("ns")
        .range(0, 1e6)
        .help("root mean square of the path delays: 10 very short, 30 short, 100 nominal, 300 long, 1000 very long");
  keys.number("channel.doppler_hz", doppler_hz)
      .unit("Hz")
      .range(0, 1e6)
      .help("largest Doppler shift, speed over wavelength (fading = doppler, and all tdl models)");
  keys.choice("ofdm.domain", domain, {"frequency", "time"})
      .help(
          "one gain (or matrix) per subcarrier and symbol, or the waveform with its prefix: paths beyond it, and those "
          "that move, then interfere");
}

DelayLine::Options TdlSettings::line(const OfdmGrid& grid) const {
  return {.taps = tdl_taps(profile, delay_spread_ns * 1e-9),
          .doppler_hz = doppler_hz,
          .grid = grid,
          .domain = domain == "time" ? DelayLine::Domain::time : DelayLine::Domain::frequency};
}

void TdlPlugin::declare(Keys& keys) {
  tdl_.declare(keys);
  ofdm_.declare(keys);
}

std::unique_ptr<const Channel> TdlPlugin::make() const { return std::make_unique<TdlChannel>(tdl_.line(ofdm_.grid())); }

}  // namespace semlink
