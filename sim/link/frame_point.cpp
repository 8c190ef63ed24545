#include <semlink/link/frame_point.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/energy.h>

namespace semlink {
namespace {

/// Mean square of the reals over the largest square.
double mean_over_peak(const Symbols& payload) {
  double peak = 0;
  for (Index i = 0; i < payload.size(); ++i) {
    const Complex x = payload.data()[i];
    peak = std::max({peak, std::abs(static_cast<double>(x.real())), std::abs(static_cast<double>(x.imag()))});
  }
  return energy_of(payload) / (2 * static_cast<double>(payload.size()) * peak * peak);
}

}  // namespace

ChannelPoint frame_point(const Link& link, const Symbols& payload, double unscaled_power) {
  ChannelPoint point = link.point;
  if (link.label_power == LabelPower::frame || payload.size() == 0 || !(energy_of(payload) > 0)) return point;
  const double share = link.label_power == LabelPower::batch ? unscaled_power / link.batch_power : mean_over_peak(payload);
  if (share > 0) point.snr_db += 10 * std::log10(share);
  return point;
}

double mean_unscaled_power(const Link& link, const TrialRng& rng, std::uint64_t num_trials) {
  double sum = 0;
  for (std::uint64_t trial = 0; trial < num_trials; ++trial) {
    TrialRng at = rng;
    at.trial = trial;
    const SnrReport report = snr_report(link, at);
    MacLedger ledger;
    EncodeWork work{report, *link.encoder_gate, ledger, at, [&](Index num_bits) { return link.framer->uses(num_bits, report); }};
    link.codec->encode(link.source->sample(at), work);
    sum += work.unscaled_power;
  }
  return sum / static_cast<double>(num_trials);
}

}  // namespace semlink
