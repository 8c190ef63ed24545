#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <semlink/channel/mimo_front_ends.h>
#include <semlink/channel/ofdm_front_end.h>

namespace semlink {

/// What the pilots of a frame say about the matrices of its slots of data.
struct SlotEstimates {
  Symbols effective;          ///< A_hat, one below the other [num_slots num_rx, num_streams]
  Eigen::VectorXd error_var;  ///< E|A_hat - A|^2 of the entries of a row of A together, [num_slots]
  double noise_var = 0;       ///< estimate of N0
  double snr = 0;             ///< estimate of the power of a receive antenna over N0, linear; kMinSnr to kMaxSnr
};

/// Knows only what it receives over a `MimoChannel` of OFDM slots: pilots in a comb for each stream (`OfdmPilots`), the
/// estimates of `ofdm_estimate.h` for every pair of antenna and stream, and the detector in every slot, which takes
/// N0_hat + error_var for the noise. Of precoders only those that are the same on all subcarriers will do:
/// singular vectors of each differ by phases that no estimate between pilots can follow. The statistics are those of
/// channels without precoding. Of the state it takes the length of the frame
/// alone, which both ends know.
class MimoOfdmFrontEnd final : public FrontEnd {
 public:
  struct Options {
    GainEstimator estimator = GainEstimator::least_squares;
    OfdmStatistics statistics;  ///< its grid for both estimators, the rest for LMMSE
    Index num_streams = 2;
    Index subcarrier_step = 4;
    Index symbol_step = 4;
  };
  /// Throws Error(bad_argument) for pilots that `OfdmPilots` refuses.
  MimoOfdmFrontEnd(const Options& options, MimoDetector detector)
      : options_(options),
        pilots_(options.statistics.grid.num_subcarriers, options.subcarrier_step, options.symbol_step,
                options.num_streams),
        detector_(std::move(detector)) {}

  Symbols frame(const Symbols& x) const override;
  Symbols frame_pullback(const Symbols& g_y) const override;
  /// num_streams channel uses for every slot of pilots, whose mean power is 1.
  Index num_pilots(Index num_uses) const override;
  /// Throws Error(bad_scenario) when y is not what a MimoChannel of so many streams gives.
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;
  bool decides_symbols() const override { return detector_.decides_symbols(); }

  /// Of a received frame [num_slots with pilots, num_rx].
  SlotEstimates estimate(const Symbols& y) const;

 private:
  Eigen::VectorXd effective_noise(const SlotEstimates& estimates) const;

  Options options_;
  OfdmPilots pilots_;
  MimoDetector detector_;
};

/// `frontend.csi = mimo_ofdm_ls` and `frontend.csi = mimo_ofdm_lmmse`.
template <GainEstimator estimator>
class MimoOfdmPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const FrontEnd> make() const override;

 private:
  MimoDetectorSettings detector_;
  OfdmReceiverSettings receiver_;
  std::int64_t num_streams_ = 2;
  std::string precoding_ = "none";
};

using MimoOfdmLeastSquaresPlugin = MimoOfdmPlugin<GainEstimator::least_squares>;
using MimoOfdmLmmsePlugin = MimoOfdmPlugin<GainEstimator::lmmse>;

}  // namespace semlink
