#pragma once

#include <cstdint>
#include <string>

#include <semlink/channel/equalizer.h>
#include <semlink/channel/front_end.h>
#include <semlink/channel/gain_estimate.h>
#include <semlink/channel/pilot_pattern.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Knows the channel: gain and noise variance are read from the state. Sends no pilots. The bound for every other front
/// end.
class GenieFrontEnd final : public FrontEnd {
 public:
  explicit GenieFrontEnd(Equalizer equalizer) : equalizer_(equalizer) {}

  Symbols frame(const Symbols& x) const override { return x; }
  Symbols frame_pullback(const Symbols& g_y) const override { return g_y; }
  Index num_pilots(Index) const override { return 0; }
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;

 private:
  Equalizer equalizer_;
};

/// Takes what arrives as it is, as over white noise: knows N0, which it reads from the state, and not that there are
/// gains. What many published codes do over fading whose phase is kept.
class UnequalizedFrontEnd final : public FrontEnd {
 public:
  Symbols frame(const Symbols& x) const override { return x; }
  Symbols frame_pullback(const Symbols& g_y) const override { return g_y; }
  Index num_pilots(Index) const override { return 0; }
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols&, const ChannelState&) const override { return g_x_hat; }
};

/// Which statistic of the gain a pilot-based receiver uses.
enum class GainEstimator {
  least_squares,  ///< none
  lmmse,          ///< mean 0, power 1
};

/// Knows only what it receives: pilots at a fixed pattern, see `PilotPattern` and `estimate_least_squares`. Never reads
/// the state.
class PilotFrontEnd final : public FrontEnd {
 public:
  struct Options {
    GainEstimator estimator = GainEstimator::least_squares;
    Interpolation interpolation = Interpolation::average;
    Equalizer equalizer = Equalizer::zero_forcing;
    Index pilot_spacing = 16;
  };
  explicit PilotFrontEnd(const Options& options) : options_(options), pattern_(options.pilot_spacing) {}

  /// Throws Error(bad_argument) for more than one stream.
  Symbols frame(const Symbols& x) const override;
  Symbols frame_pullback(const Symbols& g_y) const override { return pattern_.remove(g_y); }
  Index num_pilots(Index num_uses) const override { return pattern_.num_pilots(num_uses); }
  Equalized equalize(const Symbols& y, const ChannelState& state) const override;
  Symbols pullback(const Symbols& g_x_hat, const Symbols& y, const ChannelState& state) const override;

 private:
  GainEstimate estimate(const Symbols& y) const;

  Options options_;
  PilotPattern pattern_;
};

/// `frontend.equalizer`, which every front end has.
struct EqualizerSettings {
  std::string equalizer = "zf";

  void declare(Keys& keys);
  Equalizer value() const { return equalizer == "mmse" ? Equalizer::mmse : Equalizer::zero_forcing; }
};

/// `frontend.csi = genie`.
class GeniePlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override { equalizer_.declare(keys); }
  std::unique_ptr<const FrontEnd> make() const override { return std::make_unique<GenieFrontEnd>(equalizer_.value()); }

 private:
  EqualizerSettings equalizer_;
};

/// `frontend.csi = none`.
class UnequalizedPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys&) override {}
  std::unique_ptr<const FrontEnd> make() const override { return std::make_unique<UnequalizedFrontEnd>(); }
};

/// `frontend.csi = ls` and `frontend.csi = lmmse`.
template <GainEstimator estimator>
class PilotPlugin final : public Plugin<FrontEnd> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const FrontEnd> make() const override;

 private:
  EqualizerSettings equalizer_;
  std::int64_t pilot_spacing_ = 16;
  std::string interpolation_ = "average";
};

using LeastSquaresPlugin = PilotPlugin<GainEstimator::least_squares>;
using LmmsePlugin = PilotPlugin<GainEstimator::lmmse>;

}  // namespace semlink
