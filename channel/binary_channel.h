#pragma once

#include <cstdint>

#include <semlink/channel/channel.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Binary symmetric and erasure channel for bits that travel as BPSK or QPSK: each of the two real parts of a symbol
/// changes its sign, or becomes 0, with probability p, independently. There is no noise and no Es/N0; the noise
/// variance that the receiver is told is the one from which the demapper makes the channel's own LLRs, +-ln((1 - p) /
/// p) for the symmetric channel and 0 or +-kMaxLlr for the erasure channel. Linear in x, so it has an adjoint. Bits
/// need a constellation that is all signs, and no pilots, from which nothing can be learned here; a link refuses
/// others, and analog payloads, which would pass as real numbers. Cover and Thomas, Elements of Information Theory,
/// section 7.1.
class BinaryChannel final : public Channel {
 public:
  enum class Kind { symmetric, erasure };
  /// Where the certainty of an error-free bit is cut off.
  static constexpr double kMaxLlr = 30;

  struct Options {
    Kind kind = Kind::symmetric;
    double probability = 0.01;  ///< p; [0, 0.5] for symmetric, [0, 1] for erasure
    int bits_per_use = 2;       ///< 1: bpsk, 2: qpsk; it only sets the scale of the LLRs
  };
  /// Throws Error(bad_argument) for options out of range.
  explicit BinaryChannel(const Options& options);

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols propagate(const Symbols& x, const ChannelState& state) const override;
  Symbols propagate_pullback(const Symbols& g_y, const ChannelState& state) const override {
    return propagate(g_y, state);
  }
  bool has_snr() const override { return false; }
  int bits_per_use() const override { return options_.bits_per_use; }
  bool is_single_carrier() const override { return false; }

 private:
  Options options_;
};

/// `channel.model = bsc` and `channel.model = bec`.
template <BinaryChannel::Kind kind>
class BinaryPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  double probability_ = 0.01;
  std::int64_t bits_per_use_ = 2;
};

using BscPlugin = BinaryPlugin<BinaryChannel::Kind::symmetric>;
using BecPlugin = BinaryPlugin<BinaryChannel::Kind::erasure>;

}  // namespace semlink
