#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <semlink/channel/front_ends.h>
#include <semlink/channel/mimo_detector.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Throws Error(bad_scenario): what arrived is not that of a MimoChannel with the expected streams.
[[noreturn]] void refuse_mimo_channel();

/// Knows A of every slot and N0 of a MimoChannel, flat or over OFDM. Sends no pilots.
class MimoFrontEnd final : public FrontEnd {
 public:
  explicit MimoFrontEnd(MimoDetector detector) : detector_(std::move(detector)) {}

  Symbols frame(const Symbols& x) const override { return x; }
  Symbols frame_pullback(const Symbols& g_y) const override { return g_y; }
  Index num_pilots(Index) const override { return 0; }
  /// Throws Error(bad_scenario) when the state is not that of a MimoChannel.
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;
  bool decides_symbols() const override { return detector_.decides_symbols(); }

 private:
  MimoDetector detector_;
};

/// What the pilots of a frame say about a matrix channel.
struct MatrixEstimate {
  ComplexMatrix effective;  ///< A_hat [num_rx, num_streams]
  double error_var = 0;     ///< E|A_hat - A|^2 of one entry
  double noise_var = 0;     ///< estimate of N0
  double snr = 0;           ///< estimate of the power of a receive antenna over N0, linear; kMinSnr to kMaxSnr
};

/// Learns A from pilots ahead of the frame: `num_streams` slots in which stream k sends exp(-2 pi j t k / num_streams),
/// orthogonal over the streams, `repetitions` times: num_streams^2 repetitions channel uses of power 1.
///
/// Least squares: A_hat = mean over the repetitions of Y^T conj(S) / num_streams, of error N0 / (num_streams
/// repetitions) for each entry; N0_hat from what the mean leaves of the repetitions. LMMSE shrinks both for entries of
/// mean 0 and power 1 / num_streams, which is what it knows of the channel (not of precoding). The detector takes
/// N0_hat
/// + num_streams error_var for the noise.
class MimoPilotFrontEnd final : public FrontEnd {
 public:
  struct Options {
    GainEstimator estimator = GainEstimator::lmmse;
    Index num_streams = 2;
    Index repetitions = 2;  ///< at least 2, else there is no N0_hat
  };
  /// Throws Error(bad_argument) for options out of range.
  MimoPilotFrontEnd(const Options& options, MimoDetector detector);

  Symbols frame(const Symbols& x) const override;
  Symbols frame_pullback(const Symbols& g_y) const override { return g_y.bottomRows(g_y.rows() - num_pilots(0)); }
  Index num_pilots(Index) const override { return options_.num_streams * num_pilot_slots(); }
  /// Of `state` it takes the length of the frame alone, which both ends know. Throws Error(bad_scenario) when y is not
  /// what a MimoChannel of so many streams gives.
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;
  bool decides_symbols() const override { return detector_.decides_symbols(); }

  MatrixEstimate estimate(const Symbols& y) const;

 private:
  Index num_pilot_slots() const { return options_.num_streams * options_.repetitions; }
  /// N0_hat with what the error of A_hat adds to it.
  double effective_noise(const MatrixEstimate& estimate) const;

  Options options_;
  MimoDetector detector_;
  Symbols pilots_;  ///< S [num_streams slots, num_streams]
};

/// `frontend.detector` and what belongs to it.
struct MimoDetectorSettings {
  std::string detector = "mmse";
  std::string slicing = "soft";
  std::string constellation = "qpsk";  ///< modem.constellation

  void declare(Keys& keys);
  MimoDetector make() const;
};

/// `frontend.csi = mimo_genie`.
class MimoFrontEndPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override { detector_.declare(keys); }
  std::unique_ptr<const FrontEnd> make() const override { return std::make_unique<MimoFrontEnd>(detector_.make()); }

 private:
  MimoDetectorSettings detector_;
};

/// `frontend.csi = mimo_ls` and `frontend.csi = mimo_lmmse`.
template <GainEstimator estimator>
class MimoPilotPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const FrontEnd> make() const override;

 private:
  MimoDetectorSettings detector_;
  std::int64_t num_streams_ = 2;
  std::int64_t repetitions_ = 2;
};

using MimoLeastSquaresPlugin = MimoPilotPlugin<GainEstimator::least_squares>;
using MimoLmmsePlugin = MimoPilotPlugin<GainEstimator::lmmse>;

}  // namespace semlink
