#pragma once

#include <semlink/codecs/adaptive/codec.h>

/// Small networks that pool their tokens.
namespace semlink::adaptive {

inline NetworkConfig pooled_config(Index pooled_tokens = 16) {
  NetworkConfig config;
  config.dim = 16;
  config.num_heads = 2;
  config.condition_dim = 8;
  config.encoder_blocks = 3;
  config.decoder_blocks = 2;
  config.pooled_tokens = pooled_tokens;
  return config;
}

/// Values that make every part do something.
inline Model lively_model(const NetworkConfig& config) {
  const Network network(config);
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  Stream stream(5, Purpose::init, 0);
  for (float& value : values) value += 0.1F * stream.normal();
  return {config, std::move(values), "abc"};
}

}  // namespace semlink::adaptive
