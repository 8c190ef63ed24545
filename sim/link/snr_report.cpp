#include <semlink/link/link.h>

#include <charconv>
#include <cmath>

#include <semlink/core/error.h>

namespace semlink {
namespace {

/// Es/N0 in dB of the first channel use of a frame; the prefix property of `realize` makes it known before the length is.
double first_use_snr_db(const Link& link, const TrialRng& rng) {
  const ChannelState state = link.channel->realize(1, link.point, rng);
  return 10 * std::log10(state.gain.row(0).squaredNorm() / state.gain.cols() / state.noise_var);
}

}  // namespace

SnrReport snr_report(const Link& link, const TrialRng& rng) {
  const std::string& mode = link.transmitter_snr;
  if (mode == "average") return link.point.snr_db;
  if (mode == "none") return std::nullopt;
  if (mode == "instantaneous") return first_use_snr_db(link, rng);
  if (mode == "delayed") {
    // Trial 0 is told of the last address there is, which no run reaches: an independent fade like any other.
    TrialRng before = rng;
    --before.trial;
    return first_use_snr_db(link, before);
  }
  double snr_db = 0;
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), snr_db);
  if (error != std::errc() || end != mode.data() + mode.size() || !std::isfinite(snr_db))
    throw Error(ErrorCode::bad_scenario,
                "transmitter.snr = " + mode + ": expected average, instantaneous, delayed, none or a number in dB");
  return snr_db;
}

}  // namespace semlink
