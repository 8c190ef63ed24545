#include <semlink/channel/erasure.h>

#include <algorithm>
#include <string>

#include <semlink/channel/purposes.h>
#include <semlink/channel/two_state_chain.h>

namespace semlink {
namespace {

/// Keeps the probabilities of a chain with `rate` and runs of `run` packets within [0, 1].
double least_run(double rate) { return rate < 1 ? std::max(1.0, rate / (1 - rate)) : 1.0; }

TwoStateChain losses(const ErasureChannel::Options& options, const Stream& stream) {
  if (options.mean_run == 0 || options.rate == 0 || options.rate == 1) return {options.rate, 1 - options.rate, stream};
  const double recovery = 1 / options.mean_run;
  return {recovery * options.rate / (1 - options.rate), recovery, stream};
}

}  // namespace

ErasureChannel::ErasureChannel(const Options& options, std::unique_ptr<const Channel> beneath)
    : options_(options), beneath_(std::move(beneath)) {
  if (!(options.rate >= 0 && options.rate <= 1))
    throw Error(ErrorCode::bad_argument, "erasure rate = " + std::to_string(options.rate) + ": expected [0, 1]");
  if (options.mean_run != 0 && !(options.mean_run >= least_run(options.rate)))
    throw Error(ErrorCode::bad_argument, "mean run of losses = " + std::to_string(options.mean_run) +
                                             " packets: expected 0 or at least " +
                                             std::to_string(least_run(options.rate)) + " at that rate");
  if (options.packet_uses < 0)
    throw Error(ErrorCode::bad_argument,
                "packet of " + std::to_string(options.packet_uses) + " channel uses: expected at least 0");
}

ChannelState ErasureChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = beneath_->realize(num_uses, point, rng);
  TwoStateChain chain = losses(options_, rng.stream(kBurstPurpose));
  state.erased.resize(static_cast<std::size_t>(num_uses));
  bool lost = false;
  for (Index i = 0; i < num_uses; ++i) {
    const bool begins = options_.packet_uses == 0 ? i == 0 : i % options_.packet_uses == 0;
    if (begins) lost = chain.next();
    state.erased[static_cast<std::size_t>(i)] = lost;
  }
  return state;
}

void ErasureSettings::declare(Keys& keys) {
  keys.number("channel.erasure_rate", rate).range(0, 1).help("share of what is sent that is lost on the way");
  keys.number("channel.erasure_run", mean_run)
      .range(0, 1e9)
      .help("mean number of symbols or packets lost in a row, at least rate / (1 - rate); 0: independent losses");
  beneath.declare(keys);
}

std::unique_ptr<const Channel> SymbolErasurePlugin::make() const {
  return std::make_unique<ErasureChannel>(ErasureChannel::Options{settings_.rate, settings_.mean_run, 1},
                                          settings_.beneath.make());
}

void PacketErasurePlugin::declare(Keys& keys) {
  settings_.declare(keys);
  keys.integer("channel.packet_uses", packet_uses_)
      .range(0, 1000000000)
      .help("channel uses in a packet, counted from the start of the frame; 0: the frame is one packet");
}

std::unique_ptr<const Channel> PacketErasurePlugin::make() const {
  return std::make_unique<ErasureChannel>(ErasureChannel::Options{settings_.rate, settings_.mean_run, packet_uses_},
                                          settings_.beneath.make());
}

}  // namespace semlink
