#include <semlink/channel/mimo_ofdm_front_end.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace semlink {

Symbols MimoOfdmFrontEnd::frame(const Symbols& x) const {
  return from_slots(pilots_.insert(to_slots(x, options_.num_streams)), num_pilots(x.rows()) + x.rows());
}

Symbols MimoOfdmFrontEnd::frame_pullback(const Symbols& g_y) const {
  const Symbols g_slots = pilots_.remove(to_slots(g_y, options_.num_streams));
  const Index num_pilots = num_slots(g_y.rows(), options_.num_streams) - g_slots.rows();
  return from_slots(g_slots, g_y.rows() - num_pilots * options_.num_streams);
}

Index MimoOfdmFrontEnd::num_pilots(Index num_uses) const {
  return options_.num_streams * pilots_.num_pilots(num_slots(num_uses, options_.num_streams));
}

SlotEstimates MimoOfdmFrontEnd::estimate(const Symbols& y) const {
  const OfdmEstimates pairs = options_.estimator == GainEstimator::least_squares
                                  ? estimate_ofdm_least_squares(y, pilots_)
                                  : estimate_ofdm_lmmse(y, pilots_, options_.statistics);
  const Index num_rx = y.cols(), num_streams = options_.num_streams, num_slots = pairs.front().gain.size();
  SlotEstimates out{.effective = Symbols(num_slots * num_rx, num_streams),
                    .error_var = Eigen::VectorXd::Zero(num_slots),
                    .noise_var = pairs.front().noise_var,
                    .snr = pairs.front().snr};
  const auto share = 1 / static_cast<float>(num_streams);  // of a stream in the power
  for (Index stream = 0; stream < num_streams; ++stream) {
    out.error_var += static_cast<double>(share) * pairs[stream].error_var.cast<double>();  // equal on all antennas
    for (Index antenna = 0; antenna < num_rx; ++antenna)
      for (Index slot = 0; slot < num_slots; ++slot)
        out.effective(slot * num_rx + antenna, stream) =
            std::sqrt(share) * pairs[antenna * num_streams + stream].gain(slot);
  }
  return out;
}

Eigen::VectorXd MimoOfdmFrontEnd::effective_noise(const SlotEstimates& estimates) const {
  return estimates.error_var.array() + estimates.noise_var;
}

Equalized MimoOfdmFrontEnd::equalize(const Symbols& y, const ChannelState& state) const {
  const Index num_streams = options_.num_streams;
  if (y.cols() < std::max<Index>(2, num_streams) || y.rows() != num_slots(state.gain.rows(), num_streams))
    refuse_mimo_channel();
  const Symbols data = pilots_.remove(y);
  const Index num_uses = state.gain.rows() - (y.rows() - data.rows()) * num_streams;
  const SlotEstimates channel = estimate(y);
  Equalized out = detector_.detect_slots(data, channel.effective, effective_noise(channel), num_uses);
  out.quality = {.snr_db = 10 * std::log10(channel.snr), .noise_var = channel.noise_var};
  return out;
}

Symbols MimoOfdmFrontEnd::pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& /*state*/) const {
  const SlotEstimates channel = estimate(y);
  return pilots_.spread(
      detector_.pullback_slots(g_x_hat, pilots_.remove(y), channel.effective, effective_noise(channel)));
}

template <GainEstimator estimator>
void MimoOfdmPlugin<estimator>::declare(Keys& keys) {
  detector_.declare(keys);
  receiver_.declare(keys, estimator);
  keys.integer("channel.num_streams", num_streams_);
  keys.choice("channel.precoding", precoding_, {"none", "svd", "wideband"});
}

template <GainEstimator estimator>
std::unique_ptr<const FrontEnd> MimoOfdmPlugin<estimator>::make() const {
  if (precoding_ == "svd")
    throw Error(ErrorCode::bad_scenario,
                "channel.precoding = svd: expected none or wideband with frontend.csi = mimo_ofdm_*; singular vectors "
                "differ from subcarrier to subcarrier, which pilots cannot follow");
  if (receiver_.subcarrier_step < num_streams_)
    throw Error(ErrorCode::bad_scenario,
                "frontend.pilot_subcarrier_step = " + std::to_string(receiver_.subcarrier_step) +
                    ": expected at least channel.num_streams = " + std::to_string(num_streams_));
  return std::make_unique<MimoOfdmFrontEnd>(MimoOfdmFrontEnd::Options{.estimator = estimator,
                                                                      .statistics = receiver_.statistics(),
                                                                      .num_streams = num_streams_,
                                                                      .subcarrier_step = receiver_.subcarrier_step,
                                                                      .symbol_step = receiver_.symbol_step},
                                            detector_.make());
}

template class MimoOfdmPlugin<GainEstimator::least_squares>;
template class MimoOfdmPlugin<GainEstimator::lmmse>;

}  // namespace semlink
