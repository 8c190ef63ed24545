#include <semlink/codecs/adaptive/config.h>

#include <bit>
#include <string>

#include <semlink/codecs/adaptive/depth/depth.h>
#include <semlink/core/error.h>

namespace semlink::adaptive {

void NetworkConfig::declare(Keys& keys) {
  keys.integer("network.dim", dim).range(8, 4096).unit("1").help("Width of a token.");
  keys.integer("network.num_heads", num_heads).range(1, 64).unit("1").help("Attention heads; must divide network.dim.");
  keys.integer("network.mlp_ratio", mlp_ratio)
      .range(1, 16)
      .unit("1")
      .help("Hidden width of the feed-forward part over dim.");
  keys.integer("network.condition_dim", condition_dim).range(4, 1024).unit("1").help("Width of the condition vector.");
  keys.integer("network.encoder_blocks", encoder_blocks)
      .range(1, 4)
      .unit("1")
      .help("Encoder blocks; an exit follows each.");
  keys.integer("network.decoder_blocks", decoder_blocks)
      .range(1, 64)
      .unit("1")
      .help("Decoder blocks; an exit stands before the first and after each.");
  keys.integer("network.select_after", select_after)
      .range(0, 3)
      .unit("1")
      .help(
          "Encoder blocks before token selection, fewer than network.encoder_blocks; networks that pool select none.");
  keys.integer("network.patch", patch).range(1, 16).unit("1").help("Pixels a side of a token's patch.");
  keys.integer("network.margin", margin)
      .range(0, 16)
      .unit("1")
      .help("Pixels a token sees and writes beyond its patch.");
  keys.integer("network.max_width", max_width)
      .range(1, 16)
      .unit("1")
      .help("Complex symbols per token at most; a pooled row has this many for each token that it makes up for.");
  keys.integer("network.stem_channels", stem_channels)
      .range(0, 256)
      .unit("1")
      .help(
          "Channels of the first convolution of a stem whose features are added to the tokens before the first block, "
          "doubled by every halving of the map until a position is a token; 0 for no stem. Needs a network.patch that "
          "is a power of two.");
  keys.integer("network.stem_blocks", stem_blocks)
      .range(0, 8)
      .unit("1")
      .help("Residual blocks of two convolutions each that follow every halving in the stem.");
  keys.choice("network.task", task, {"reconstruction", "classification", "both"})
      .help(
          "What the receiver gives: an image, a class, or both. Classes have a head at every exit of decoder and "
          "encoder; a "
          "pure classifier has no image heads and works on the tokens received alone.");
  keys.integer("network.num_classes", num_classes)
      .range(2, 1000)
      .unit("1")
      .help("Classes that the class heads tell apart.");
  keys.integer("network.experts", experts)
      .range(0, 64)
      .unit("1")
      .help("Experts in place of the feed-forward part of a block; 0 keeps one dense part.");
  keys.choice("network.experts_in", experts_in, {"decoder", "encoder", "both"}).help("Blocks that get the experts.");
  std::vector<std::string> names;
  std::string described = "How tokens find their experts:";
  for (const nn::Router& one : nn::routers()) {
    names.emplace_back(one.name);
    described += (names.size() > 1 ? ", " : " ") + names.back() + " (" + std::string(one.help) + ")";
  }
  keys.choice("network.router", router, names).help(described + ".");
  keys.integer("network.experts_per_token", experts_per_token)
      .range(1, 64)
      .unit("1")
      .help("Experts that a token visits, at most network.experts.");
  keys.integer("network.expert_slots", expert_slots)
      .range(1, 64)
      .unit("1")
      .help("Weighted means of a sample's tokens on which each expert of network.router = soft works.");
  keys.integer("network.expert_ratio", expert_ratio)
      .range(1, 16)
      .unit("1")
      .help("Hidden width of an expert over network.dim.");
  keys.integer("network.shared_ratio", shared_ratio)
      .range(0, 16)
      .unit("1")
      .help("Hidden width, over network.dim, of one more expert that every token visits; 0 for none.");
  keys.number("network.expert_capacity", expert_capacity)
      .range(0, 64)
      .unit("1")
      .help(
          "Tokens that an expert takes of a sample, over its even share; 0 for no limit. What has no room passes by.");
  declare_depth(keys);
  keys.integer("network.pooled_tokens", pooled_tokens)
      .range(0, 64)
      .unit("1")
      .help(
          "Rows to which the encoder pools the tokens of each window, by learned weights; 0: tokens are sent "
          "themselves.");
  keys.integer("network.pool_after", pool_after)
      .range(0, 3)
      .unit("1")
      .help("Of networks that pool: encoder blocks that run on all tokens before; fewer than network.encoder_blocks.");
}

void NetworkConfig::declare_depth(Keys& keys) {
  std::vector<std::string> names;
  std::string described = "What lets decoder blocks run on less than everything:";
  for (const DepthMechanism& one : depth_mechanisms()) {
    names.emplace_back(one.name);
    described += (names.size() > 1 ? ", " : " ") + names.back() + " (" + std::string(one.help) + ")";
  }
  keys.choice("network.depth", depth, names).help(described + ".");
  keys.number("network.mod_share", mod_share)
      .range(0.01, 1)
      .unit("1")
      .help("Share of an image's tokens that a block takes with network.depth = mod.");
  keys.flag("network.aggregate", aggregate)
      .help("The decoder learns how much each exit's image counts in their mean; codec.aggregate shows it.");
  keys.flag("network.rate_gate", rate_gate)
      .help(
          "The encoder learns, in the phases of gates, what error the receiver will be left with at every width; "
          "codec.rate reads it.");
}

void NetworkConfig::check() const {
  if (!reconstructs() && (depth != "exits" || aggregate || rate_gate))
    throw Error(ErrorCode::bad_scenario,
                "network.task = classification: expected network.depth = exits and neither network.aggregate nor "
                "network.rate_gate, whose losses are those of an image");
  const auto refuse = [](const std::string& key, std::int64_t got, const std::string& expected) {
    throw Error(ErrorCode::bad_scenario, "network." + key + " = " + std::to_string(got) + ": expected " + expected);
  };
  if (dim % num_heads != 0) refuse("num_heads", num_heads, "a divisor of network.dim = " + std::to_string(dim));
  if (stem_channels > 0 && !std::has_single_bit(static_cast<std::uint64_t>(patch)))
    refuse("patch", patch, "a power of two where network.stem_channels is not 0, for the stem halves the map");
  if (experts > 0 && experts_per_token > experts)
    refuse("experts_per_token", experts_per_token, "at most network.experts = " + std::to_string(experts));
  if (pools()) {
    if (pool_after >= encoder_blocks) refuse("pool_after", pool_after, "less than network.encoder_blocks");
    if (!reconstructs())
      refuse("pooled_tokens", pooled_tokens, "0 with network.task = classification, which has no places to fill");
  } else if (select_after >= encoder_blocks) {
    refuse("select_after", select_after, "less than network.encoder_blocks");
  }
}

}  // namespace semlink::adaptive
