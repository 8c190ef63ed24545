#pragma once

#include <cstdint>
#include <string>

#include <semlink/channel/equalizer.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/ofdm_estimate.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Knows only what it receives: pilots on the OFDM grid (`OfdmPilots`), the estimate of `ofdm_estimate.h`, and an
/// equaliser of one tap per subcarrier. Never reads the state. What the equaliser cannot see in the pilots, such as the
/// interference of a short prefix, shows in N0_hat.
class OfdmFrontEnd final : public FrontEnd {
 public:
  struct Options {
    GainEstimator estimator = GainEstimator::least_squares;
    OfdmStatistics statistics;  ///< its grid for both estimators, the rest for LMMSE
    Equalizer equalizer = Equalizer::zero_forcing;
    Index subcarrier_step = 4;
    Index symbol_step = 4;
  };
  explicit OfdmFrontEnd(const Options& options)
      : options_(options),
        pilots_(options.statistics.grid.num_subcarriers, options.subcarrier_step, options.symbol_step) {}

  /// Throws Error(bad_argument) for more than one stream.
  Symbols frame(const Symbols& x) const override;
  Symbols frame_pullback(const Symbols& g_y) const override { return pilots_.remove(g_y); }
  Index num_pilots(Index num_uses) const override { return pilots_.num_pilots(num_uses); }
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;

 private:
  GainEstimate estimate(const Symbols& y) const;

  Options options_;
  OfdmPilots pilots_;
};

/// The grid, `frontend.pilot_*_step`, and for LMMSE the statistics that the receiver believes in.
struct OfdmReceiverSettings {
  OfdmSettings ofdm;
  std::int64_t subcarrier_step = 4;
  std::int64_t symbol_step = 4;
  std::string profile = "exponential";
  double delay_spread_ns = 100;
  double doppler_hz = 100;

  void declare(Keys& keys, GainEstimator estimator);
  OfdmStatistics statistics() const;
};

/// `frontend.csi = ofdm_ls` and `frontend.csi = ofdm_lmmse`.
template <GainEstimator estimator>
class OfdmPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const FrontEnd> make() const override;

 private:
  EqualizerSettings equalizer_;
  OfdmReceiverSettings receiver_;
};

using OfdmLeastSquaresPlugin = OfdmPlugin<GainEstimator::least_squares>;
using OfdmLmmsePlugin = OfdmPlugin<GainEstimator::lmmse>;

}  // namespace semlink
