#include <semlink/link/link.h>

#include <charconv>
#include <cmath>

#include <semlink/core/error.h>

namespace semlink {
namespace {

double snr_db_of(const Symbols& gain, double noise_var) {
  return 10 * std::log10(gain.row(0).squaredNorm() / static_cast<double>(gain.cols()) / noise_var);
}

/// Of the first channel use of this frame; the prefix property of `realize` makes it known before the length is.
double instantaneous_snr_db(const Link& link, const TrialRng& rng) {
  const ChannelState state = link.channel->realize(1, link.point, rng);
  return snr_db_of(state.gain, state.noise_var);
}

/// The same at an earlier time.
double delayed_snr_db(const Link& link, const TrialRng& rng) {
  if (link.point.noise_follows_gain) return link.point.snr_db;
  return snr_db_of(link.channel->earlier_gain(rng, link.report_correlation), link.point.noise_var());
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
  if (mode == "instantaneous") return reported(link, rng, instantaneous_snr_db(link, rng));
  if (mode == "delayed") return reported(link, rng, delayed_snr_db(link, rng));
  double snr_db = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), snr_db);
  if (error != std::errc() || end != mode.data() + mode.size() || !std::isfinite(snr_db))
    throw Error(ErrorCode::bad_scenario,
                "transmitter.snr = " + mode + ": expected average, instantaneous, delayed, none or a number in dB");
  return snr_db;
}

}  // namespace semlink
