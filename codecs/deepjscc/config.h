#pragma once

#include <cstdint>

#include <semlink/core/keys.h>

namespace semlink::deepjscc {

/// Shape of the network. Part of a weights file: a network is rebuilt from it, never from the scenario.
struct NetworkConfig {
  /// Reals sent per 4x4 pixels, two to a complex symbol: the bandwidth ratio is code_channels / 96.
  std::int64_t code_channels = 8;

  /// Declares the key `network.code_channels`.
  void declare(Keys& keys);
  /// Throws Error(bad_scenario) when the number is odd.
  void check() const;
};

}  // namespace semlink::deepjscc
