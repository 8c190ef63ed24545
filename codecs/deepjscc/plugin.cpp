#include <semlink/codecs/deepjscc/plugin.h>

#include <semlink/core/error.h>

namespace semlink::deepjscc {

void DeepJsccPlugin::declare(Keys& keys) {
  keys.path("codec.weights", weights_)
      .help("Weights file of the network; scenarios/weights holds the ones that come along.");
}

std::unique_ptr<const Codec> DeepJsccPlugin::make() const {
  if (weights_.empty())
    throw Error(ErrorCode::bad_scenario,
                "codec.weights is empty: expected the weights file of a deepjscc network, as semlink train makes them");
  return std::make_unique<DeepJsccCodec>(reader_(weights_));
}

}  // namespace semlink::deepjscc
