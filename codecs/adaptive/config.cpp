#include <semlink/codecs/adaptive/config.h>

#include <string>

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
      .help("Encoder blocks that run before token selection; fewer than network.encoder_blocks.");
  keys.integer("network.patch", patch).range(1, 16).unit("1").help("Pixels a side of a token's patch.");
  keys.integer("network.margin", margin)
      .range(0, 16)
      .unit("1")
      .help("Pixels a token sees and writes beyond its patch.");
  keys.integer("network.max_width", max_width).range(1, 16).unit("1").help("Complex symbols per token at most.");
}

void NetworkConfig::check() const {
  const auto refuse = [](const std::string& key, std::int64_t got, const std::string& expected) {
    throw Error(ErrorCode::bad_scenario, "network." + key + " = " + std::to_string(got) + ": expected " + expected);
  };
  if (dim % num_heads != 0) refuse("num_heads", num_heads, "a divisor of network.dim = " + std::to_string(dim));
  if (select_after >= encoder_blocks) refuse("select_after", select_after, "less than network.encoder_blocks");
}

}  // namespace semlink::adaptive
