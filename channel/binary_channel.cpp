#include <semlink/channel/binary_channel.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/channel/purposes.h>

namespace semlink {
namespace {

/// The N0 from which a demapper of unit-power BPSK (points +-1) or QPSK (+-1/sqrt(2) each way) makes LLRs of +-llr.
double noise_var_of(double llr, int bits_per_use) { return (bits_per_use == 1 ? 4 : 2) / llr; }

}  // namespace

BinaryChannel::BinaryChannel(const Options& options) : options_(options) {
  const double most = options.kind == Kind::symmetric ? 0.5 : 1.0;
  if (!(options.probability >= 0 && options.probability <= most))
    throw Error(ErrorCode::bad_argument, "probability = " + std::to_string(options.probability) + ": expected [0, " +
                                             (options.kind == Kind::symmetric ? "0.5]" : "1]"));
  if (options.bits_per_use != 1 && options.bits_per_use != 2)
    throw Error(ErrorCode::bad_argument,
                "bits_per_use = " + std::to_string(options.bits_per_use) + ": expected 1 (bpsk) or 2 (qpsk)");
}

ChannelState BinaryChannel::realize(Index num_uses, const ChannelPoint&, const TrialRng& rng) const {
  const double p = options_.probability;
  const bool symmetric = options_.kind == Kind::symmetric;
  const double llr = symmetric ? std::log((1 - p) / std::max(p, 1e-300)) : kMaxLlr;
  ChannelState state{.gain = Symbols::Ones(num_uses, 1), .noise = Symbols::Zero(num_uses, 1)};
  // p = 1/2 says nothing: the LLR is cut off below as it is above.
  state.noise_var = noise_var_of(std::clamp(llr, 1e-6, kMaxLlr), options_.bits_per_use);
  Stream stream = rng.stream(kBurstPurpose);
  const float hit = symmetric ? -1.0f : 0.0f;
  state.detail.resize(num_uses, 1);  // what the two parts are multiplied by
  for (Index i = 0; i < num_uses; ++i) {
    const float re = stream.uniform() < p ? hit : 1.0f;
    const float im = stream.uniform() < p ? hit : 1.0f;
    state.detail(i, 0) = {re, im};
  }
  return state;
}

Symbols BinaryChannel::propagate(const Symbols& x, const ChannelState& state) const {
  Symbols y(x.rows(), 1);
  for (Index i = 0; i < x.rows(); ++i)
    y(i, 0) = {x(i, 0).real() * state.detail(i, 0).real(), x(i, 0).imag() * state.detail(i, 0).imag()};
  return y;
}

template <BinaryChannel::Kind kind>
void BinaryPlugin<kind>::declare(Keys& keys) {
  if constexpr (kind == BinaryChannel::Kind::symmetric)
    keys.number("channel.flip_probability", probability_)
        .range(0, 0.5)
        .help("share of the bits that arrive wrong; each part of a symbol is one bit");
  else
    keys.number("channel.bit_erasure_rate", probability_)
        .range(0, 1)
        .help("share of the bits that do not arrive; each part of a symbol is one bit");
  keys.integer("channel.bits_per_use", bits_per_use_)
      .range(1, 2)
      .help("bits of a symbol: 1 with modem.constellation = bpsk, 2 with qpsk; sets the scale of the LLRs");
}

template <BinaryChannel::Kind kind>
std::unique_ptr<const Channel> BinaryPlugin<kind>::make() const {
  return std::make_unique<BinaryChannel>(BinaryChannel::Options{kind, probability_, static_cast<int>(bits_per_use_)});
}

template class BinaryPlugin<BinaryChannel::Kind::symmetric>;
template class BinaryPlugin<BinaryChannel::Kind::erasure>;

}  // namespace semlink
