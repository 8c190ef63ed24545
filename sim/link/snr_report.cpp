#include <semlink/link/link.h>

#include <charconv>
#include <cmath>

#include <semlink/core/error.h>

namespace semlink {
namespace {

/// Es/N0 in dB of the first channel use of a frame whose gain is rho times that of `now` and else that of `before`; the
/// prefix property of `realize` makes it known before the length is.
double first_use_snr_db(const Link& link, const TrialRng& now, const TrialRng& before, double rho) {
  const ChannelState state = link.channel->realize(1, link.point, rho > 0 ? now : before);
  Symbols gain = state.gain;
  if (rho > 0 && rho < 1)
    gain = static_cast<float>(rho) * gain +
           static_cast<float>(std::sqrt(1 - rho * rho)) * link.channel->realize(1, link.point, before).gain;
  return 10 * std::log10(gain.row(0).squaredNorm() / gain.cols() / state.noise_var);
}

/// What is left of a true SNR after measuring and feeding back.
double reported(const Link& link, const TrialRng& rng, double snr_db) {
  if (link.report_error_db > 0) snr_db += link.report_error_db * rng.stream(Purpose::receiver).normal();
  if (link.report_step_db > 0) snr_db = link.report_step_db * std::round(snr_db / link.report_step_db);
  return snr_db;
}

}  // namespace

SnrReport snr_report(const Link& link, const TrialRng& rng) {
  const std::string& mode = link.transmitter_snr;
  if (mode == "average") return reported(link, rng, link.point.snr_db);
  if (mode == "none") return std::nullopt;
  if (mode == "instantaneous") return reported(link, rng, first_use_snr_db(link, rng, rng, 1));
  if (mode == "delayed") {
    // Trial 0 is told of the last address there is, which no run reaches: an independent fade like any other.
    TrialRng before = rng;
    --before.trial;
    return reported(link, rng, first_use_snr_db(link, rng, before, link.report_correlation));
  }
  double snr_db = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), snr_db);
  if (error != std::errc() || end != mode.data() + mode.size() || !std::isfinite(snr_db))
    throw Error(ErrorCode::bad_scenario,
                "transmitter.snr = " + mode + ": expected average, instantaneous, delayed, none or a number in dB");
  return snr_db;
}

}  // namespace semlink
