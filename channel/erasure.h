#pragma once

#include <cstdint>

#include <semlink/channel/awgn.h>
#include <semlink/channel/channel.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Additive white Gaussian noise, and packets of `packet_uses` channel uses each that are lost with probability `rate`:
/// exactly zero arrives, which every receiver sees (as a lost packet is seen by its number). Losses come in runs of
/// `mean_run` packets on average; mean_run = 1 / (1 - rate) is independent loss. Es/N0 and E|h|^2 = 1 are those of the
/// uses that arrive.
class ErasureChannel final : public Channel {
 public:
  struct Options {
    double rate = 0.1;      ///< share of lost packets, [0, 1]
    double mean_run = 0;    ///< packets, at least 1 and at least rate / (1 - rate); 0: independent losses
    Index packet_uses = 1;  ///< channel uses; 0: the whole frame is one packet
  };
  /// Throws Error(bad_argument) for options out of range.
  /// `beneath` fades the wanted symbols and adds the noise: an AwgnChannel or a FlatFading.
  explicit ErasureChannel(const Options& options,
                          std::unique_ptr<const Channel> beneath = std::make_unique<AwgnChannel>());

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return beneath_->earlier_gain(rng, correlation);
  }

 private:
  Options options_;
  std::unique_ptr<const Channel> beneath_;
};

/// What both erasure channels share.
struct ErasureSettings {
  double rate = 0.1;
  double mean_run = 0;
  BeneathSettings beneath;

  void declare(Keys& keys);
};

/// `channel.model = symbol_erasure`.
class SymbolErasurePlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override { settings_.declare(keys); }
  std::unique_ptr<const Channel> make() const override;

 private:
  ErasureSettings settings_;
};

/// `channel.model = packet_erasure`.
class PacketErasurePlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  ErasureSettings settings_;
  std::int64_t packet_uses_ = 32;
};

}  // namespace semlink
