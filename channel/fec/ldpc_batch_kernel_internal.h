#pragma once

#include <cstdint>
#include <span>

#include <semlink/channel/fec/ldpc_base_graph.h>
#include <semlink/channel/fec/ldpc_decoder.h>

namespace semlink::ldpc {

/// Up to a vector's bytes of words, decoded together.
struct BatchTask {
  const LiftedGraph& graph;
  std::span<const Index> rows;  ///< to be run
  const LdpcDecoderSettings& settings;
  Index num_words = 0;
  const float* llrs = nullptr;             ///< [num_words][num_llrs]
  Index num_llrs = 0;                      ///< of a word's first bits; those of the others are 0
  Index bits_per_word = 0;                 ///< to be decided
  std::uint8_t* bits = nullptr;            ///< [num_words][bits_per_word]
  LdpcDecoder::Result* results = nullptr;  ///< [num_words]
};

Index batch_lanes();
void decode_batch(const BatchTask& task);

}  // namespace semlink::ldpc
