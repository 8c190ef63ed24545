#include <semlink/codecs/adaptive/codec.h>

#include <semlink/core/error.h>

namespace semlink::adaptive {

AdaptiveCodec::AdaptiveCodec(std::shared_ptr<const ReadyModel> ready, const Rate& rate, const DepthOptions& depth,
                             bool local_decision)
    : ready_(std::move(ready)),
      model_(ready_->model),
      network_(ready_->network),
      packed_(ready_->packed),
      rate_(rate),
      selector_(find_selector(rate.selection)),
      format_(selector_, model_.config),
      rate_rule_(find_rate_rule(rate.rule)),
      depth_(depth),
      local_decision_(local_decision) {
  const NetworkConfig& config = model_.config;
  depth_.check(config);
  if (config.pools() && (rate.selection != "learned" || rate.keep_ratio < 1))
    throw Error(ErrorCode::bad_scenario,
                rate.keep_ratio < 1
                    ? "codec.keep_ratio is below 1: expected 1, for these codec.weights pool tokens and send all rows "
                      "(network.pooled_tokens)"
                    : "codec.selection = " + rate.selection +
                          ": expected learned, the default, for these codec.weights pool tokens and select none "
                          "(network.pooled_tokens)");
  if (selector_.reads_attention && config.select_after == 0)
    throw Error(ErrorCode::bad_scenario,
                "codec.selection = " + rate.selection + ": expected a network with network.select_after of at least 1");
  if (selector_.count_varies && !config.reconstructs())
    throw Error(ErrorCode::bad_scenario, "codec.selection = " + rate.selection +
                                             ": expected weights that give images, whose errors it compares");
  if (rate_rule_.width != nullptr && !config.rate_gate)
    throw Error(ErrorCode::bad_scenario, "codec.rate = " + rate.rule +
                                             ": expected codec.weights that predict the receiver's error "
                                             "(network.rate_gate = true)");
  if (local_decision && (!config.classifies() || config.num_classes > kMaxHeaderClasses))
    throw Error(ErrorCode::bad_scenario, "transmitter.local_decision = yes: expected codec.weights of at most " +
                                             std::to_string(kMaxHeaderClasses) +
                                             " classes (network.task = classification or both)");
}

void AdaptiveCodec::check_policies(const GatePolicy& encoder_gate, const GatePolicy& gate) const {
  const auto require = [](bool holds, const std::string& section, const std::string& expected) {
    if (!holds) throw Error(ErrorCode::bad_scenario, section + ".policy: expected " + expected);
  };
  const NetworkConfig& config = model_.config;
  for (const auto& [section, policy] : {std::pair<std::string, const GatePolicy&>("encoder_gate", encoder_gate),
                                        std::pair<std::string, const GatePolicy&>("gate", gate)}) {
    require(!policy.needs_classes() || config.classifies(), section,
            "one that needs no classes, for these codec.weights have none (network.task = reconstruction)");
    require((!policy.needs_prediction() && !policy.needs_output_changes()) || config.reconstructs(), section,
            "one that looks at no image, for these codec.weights give none (network.task = classification)");
  }
  require(!local_decision_ || encoder_gate.needs_classes(), "encoder_gate",
          "one that decides on classes, such as confidence, with transmitter.local_decision");
}

nn::Context<float> AdaptiveCodec::context(nn::Tape<float>& tape, MacLedger& ledger) const {
  nn::Context<float> context{tape, network_.layout(), model_.values, nullptr, &ledger};
  context.packed = &packed_;
  return context;
}

Index AdaptiveCodec::num_rows(const nn::Grid& grid, Index tokens) const {
  if (model_.config.pools()) return num_pooled_rows(grid, model_.config.pooled_tokens);
  return tokens + (tokens < grid.num_tokens() ? selector_.map.rest_rows(grid) : 0);
}

Index AdaptiveCodec::next_side_info_bits(std::span<const Bits> pieces) const {
  return next_header_bits(pieces, format_);
}

bool AdaptiveCodec::next_is_positions(std::span<const Bits> pieces) const {
  return adaptive::next_is_positions(pieces, format_);
}

}  // namespace semlink::adaptive
