#pragma once

#include <semlink/channel/channel.h>
#include <semlink/channel/front_end.h>
#include <semlink/codecs/codec.h>
#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>
#include <semlink/data/source.h>

namespace semlink {

/// The tables a scenario chooses from. A program of one's own adds to them and hands them to `run_command_line`.
struct Plugins {
  Registry<Source> sources;         ///< `source.kind`
  Registry<Codec> codecs;           ///< `codec.model`
  Registry<GatePolicy> gates;       ///< `gate.policy` and `encoder_gate.policy`
  Registry<Channel> channels;       ///< `channel.model`
  Registry<FrontEnd> front_ends;    ///< `frontend.csi`
};

/// What semlink brings along.
Plugins builtin_plugins();

}  // namespace semlink
