#pragma once

#include <cstdint>
#include <string>

#include <semlink/channel/awgn.h>
#include <semlink/channel/channel.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Additive white Gaussian noise and other transmitters on the same channel, in step with the wanted one:
///     y = h x + sqrt(1 / (SIR K)) sum_k g_k s_k + sqrt(N0) n,
/// s_k QPSK symbols, g_k of power 1 with uniform phase, one per frame and interferer: of magnitude 1, or Rayleigh. h is
/// 1, or fades as the channel beneath does, apart from the g_k. The label stays Es/N0: the interference is not in it.
class InterferenceChannel final : public Channel {
 public:
  static constexpr int kMaxInterferers = 16;
  struct Options {
    double sir = 10;          ///< power of the wanted over that of all unwanted symbols, linear, above 0
    int num_interferers = 1;  ///< K, 1 to kMaxInterferers
    bool fading = true;       ///< g_k Rayleigh
  };
  /// Throws Error(bad_argument) for options out of range.
  /// `beneath` fades the wanted symbols and adds the noise: an AwgnChannel or a FlatFading.
  explicit InterferenceChannel(const Options& options,
                               std::unique_ptr<const Channel> beneath = std::make_unique<AwgnChannel>());

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return beneath_->earlier_gain(rng, correlation);
  }

 private:
  Options options_;
  std::unique_ptr<const Channel> beneath_;
};

/// `channel.model = interference`.
class InterferencePlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  double sir_db_ = 10;
  std::int64_t num_interferers_ = 1;
  std::string fading_ = "block";
  BeneathSettings beneath_;
};

}  // namespace semlink
