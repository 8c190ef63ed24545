#include <semlink/channel/awgn.h>

namespace semlink {

ChannelState AwgnChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  return with_noise(Symbols::Ones(num_uses, 1), point, rng);
}

}  // namespace semlink
