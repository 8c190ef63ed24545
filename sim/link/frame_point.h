#pragma once

#include <semlink/link/link.h>

namespace semlink {

/// The link's point as a frame meets it whose payload had mean power `unscaled_power` before it was scaled to 1: where
/// `link.label_power` is not the frame's, at the SNR that the label comes to for this payload. An empty payload, or one
/// without power, meets the point itself.
ChannelPoint frame_point(const Link& link, const Symbols& payload, double unscaled_power);

}  // namespace semlink
