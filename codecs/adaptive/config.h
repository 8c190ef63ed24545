#pragma once

#include <algorithm>
#include <string>

#include <semlink/codecs/nn/experts.h>
#include <semlink/core/keys.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Shape of the adaptive transceiver. Part of a weights file: a network is rebuilt from it, never from the scenario.
struct NetworkConfig {
  std::int64_t dim = 128;           ///< width of a token
  std::int64_t num_heads = 4;       ///< attention heads; divides dim
  std::int64_t mlp_ratio = 4;       ///< hidden width of the feed-forward part over dim
  std::int64_t condition_dim = 64;  ///< width of the condition vector
  std::int64_t encoder_blocks = 3;  ///< an exit follows each
  std::int64_t decoder_blocks = 6;  ///< an exit stands before the first and after each
  std::int64_t select_after = 1;    ///< encoder blocks before token selection, in [0, encoder_blocks)
  std::int64_t patch = 4;           ///< pixels a side of a token's patch
  std::int64_t margin = 2;          ///< pixels a token sees, and writes, beyond each side of its patch
  std::int64_t max_width = 12;      ///< complex symbols per token at most
  std::int64_t stem_channels = 0;   ///< of the first convolution before the blocks; 0: there is none
  std::int64_t stem_blocks = 1;     ///< residual blocks after each halving of the map

  std::string task = "reconstruction";  ///< what the receiver gives: reconstruction (image), classification, both
  std::int64_t num_classes = 10;

  std::int64_t experts = 0;  ///< experts in place of a feed-forward part; 0: none
  std::string experts_in = "decoder";
  std::string router = "token_choice";
  std::int64_t experts_per_token = 1;
  std::int64_t expert_slots = 8;  ///< of soft experts
  std::int64_t expert_ratio = 4;  ///< hidden width of an expert over dim
  std::int64_t shared_ratio = 0;  ///< hidden width of the expert that all tokens visit over dim; 0: none
  double expert_capacity = 0;     ///< tokens an expert takes of a sample over its even share; 0: no limit

  std::string depth = "exits";  ///< mechanism that lets decoder blocks run on less than all tokens
  double mod_share = 0.5;       ///< of depth = mod: share of a sample's tokens that a block takes
  bool aggregate = false;       ///< the decoder learns to weigh the images of all exits
  bool rate_gate = false;       ///< the encoder predicts the receiver's error at every width

  std::int64_t pooled_tokens = 0;  ///< rows that the tokens of a window are pooled to; 0: none are
  std::int64_t pool_after = 1;     ///< encoder blocks before that, in [0, encoder_blocks)

  /// Declares the keys `network.*`.
  void declare(Keys& keys);
  /// Throws Error(bad_scenario) when the numbers do not fit together.
  void check() const;

  nn::Experts::Shape experts_shape() const {
    return {experts, expert_ratio, shared_ratio, experts_per_token, expert_capacity, router, expert_slots};
  }

  bool reconstructs() const { return task != "classification"; }
  bool classifies() const { return task != "reconstruction"; }

  bool pools() const { return pooled_tokens > 0; }
  /// Mixtures of tokens that a pooled row is made of: enough for each token of a window to have one. 1 without pooling.
  Index pool_parts() const { return pools() ? (nn::Windows::kTokens + pooled_tokens - 1) / pooled_tokens : 1; }
  /// Rows over tokens of a full window: what turns symbols per row into symbols per token.
  double rows_per_token() const {
    return pools() ? static_cast<double>(pooled_tokens) / static_cast<double>(nn::Windows::kTokens) : 1;
  }
  /// Complex symbols per row at most: `max_width` for every part.
  Index row_width() const { return max_width * pool_parts(); }
  /// Symbols that a row may have where so many per token are meant.
  Index row_width_for(Index per_token) const {
    return pools() ? per_token * nn::Windows::kTokens / pooled_tokens : per_token;
  }

  /// Fewest encoder blocks after which the encoding may end: selection or pooling come first.
  Index first_encoder_exit() const { return std::max<Index>(1, pools() ? pool_after : select_after); }

  /// Reals that enter the embedding of one token: a square of patch + 2 margin pixels a side, RGB.
  Index patch_reals() const { return 3 * (patch + 2 * margin) * (patch + 2 * margin); }

 private:
  void declare_depth(Keys& keys);
};

}  // namespace semlink::adaptive
