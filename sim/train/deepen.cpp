#include <semlink/train/deepen.h>

#include <string>
#include <utility>

#include <semlink/core/error.h>

namespace semlink::train {

namespace {

/// Checks the ranges that a key checks when it is set.
void check_ranges(const adaptive::NetworkConfig& config) {
  adaptive::NetworkConfig copy;
  Keys keys;
  copy.declare(keys);
  keys.set("network.encoder_blocks", std::to_string(config.encoder_blocks));
  keys.set("network.decoder_blocks", std::to_string(config.decoder_blocks));
}

/// Values of a network that has all slots of an older one: those, and a seeded start for the others.
nn::FlatVector<float> carried_over(const LoadedWeights& old, const adaptive::Network& to, std::uint64_t seed) {
  const adaptive::Network from(old.config);
  nn::FlatVector<float> values = nn::initial_parameters(to.layout(), seed);
  for (const nn::Slot& slot : from.layout().slots())
    nn::view(values, to.layout().slot(to.layout().find(slot.name))) = nn::view(old.values, slot);
  return values;
}

/// Copies the slots whose names start with `from` to those that start with `to` and end alike.
void copy_slots(const adaptive::Network& network, const std::string& from, const std::string& to,
                nn::FlatVector<float>& values) {
  for (const nn::Slot& slot : network.layout().slots()) {
    if (!slot.name.starts_with(from)) continue;
    const nn::Slot& target = network.layout().slot(network.layout().find(to + slot.name.substr(from.size())));
    nn::view(values, target) = nn::view(std::as_const(values), slot);
  }
}

/// The decoder is told where the encoder left: new exits look like the old last one at first.
void copy_exit_description(const adaptive::Network& network, Index from, Index to, nn::FlatVector<float>& values) {
  const nn::ParameterLayout& layout = network.layout();
  auto rows = nn::view(values, layout.slot(layout.find("decoder.condition.up.weight")));
  rows.row(adaptive::encoder_exit_row(to)) = rows.row(adaptive::encoder_exit_row(from)).eval();
}

}  // namespace

LoadedWeights deepen(const LoadedWeights& shallow, Index encoder_blocks, Index decoder_blocks, std::uint64_t seed) {
  const adaptive::NetworkConfig& old = shallow.config;
  if (old.depth == "planned" && decoder_blocks > 0)
    throw Error(ErrorCode::bad_scenario,
                "train.add_decoder_blocks: the network of codec.weights chooses among the depths it has "
                "(network.depth = planned)");
  LoadedWeights deep{old, {}, shallow.checksum};
  deep.config.encoder_blocks += encoder_blocks;
  deep.config.decoder_blocks += decoder_blocks;
  check_ranges(deep.config);
  const adaptive::Network to(deep.config);
  deep.values = carried_over(shallow, to, seed);

  const auto encoder_head = [](Index exit) { return "encoder." + std::to_string(exit - 1) + ".symbols"; };
  const auto decoder_head = [](Index exit) { return "decoder." + std::to_string(exit) + ".pixels"; };
  const auto encoder_classes = [](Index exit) { return "encoder." + std::to_string(exit - 1) + ".classes"; };
  const auto decoder_classes = [](Index exit) { return "decoder." + std::to_string(exit) + ".classes"; };
  for (Index exit = old.encoder_blocks + 1; exit <= deep.config.encoder_blocks; ++exit) {
    copy_slots(to, encoder_head(old.encoder_blocks), encoder_head(exit), deep.values);
    copy_slots(to, encoder_classes(old.encoder_blocks), encoder_classes(exit), deep.values);
    copy_exit_description(to, old.encoder_blocks, exit, deep.values);
  }
  for (Index exit = old.decoder_blocks + 1; exit <= deep.config.decoder_blocks; ++exit) {
    copy_slots(to, decoder_head(old.decoder_blocks), decoder_head(exit), deep.values);
    copy_slots(to, decoder_classes(old.decoder_blocks), decoder_classes(exit), deep.values);
  }
  return deep;
}

LoadedWeights add_depth(const LoadedWeights& plain, const adaptive::NetworkConfig& wanted, std::uint64_t seed) {
  if (plain.config.depth != "exits" || plain.config.aggregate)
    throw Error(ErrorCode::bad_scenario, "train.add_depth: the network of codec.weights already has network.depth = " +
                                             plain.config.depth + (plain.config.aggregate ? " and an aggregate" : ""));
  LoadedWeights more{plain.config, {}, plain.checksum};
  more.config.depth = wanted.depth;
  more.config.mod_share = wanted.mod_share;
  more.config.aggregate = wanted.aggregate;
  more.values = carried_over(plain, adaptive::Network(more.config), seed);
  return more;
}

LoadedWeights add_rate_gate(const LoadedWeights& plain, std::uint64_t seed) {
  if (plain.config.rate_gate) return plain;
  LoadedWeights more{plain.config, {}, plain.checksum};
  more.config.rate_gate = true;
  more.values = carried_over(plain, adaptive::Network(more.config), seed);
  return more;
}

}  // namespace semlink::train
