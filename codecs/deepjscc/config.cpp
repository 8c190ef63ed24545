#include <semlink/codecs/deepjscc/config.h>

#include <string>

#include <semlink/core/error.h>

namespace semlink::deepjscc {

void NetworkConfig::declare(Keys& keys) {
  keys.integer("network.code_channels", code_channels)
      .range(2, 96)
      .unit("1")
      .help(
          "With codec.model = deepjscc, reals sent per 4x4 pixels, an even number; over 96 it is the bandwidth ratio.");
}

void NetworkConfig::check() const {
  if (code_channels % 2 != 0)
    throw Error(ErrorCode::bad_scenario,
                "network.code_channels = " + std::to_string(code_channels) + ": expected an even number");
}

}  // namespace semlink::deepjscc
