#include <semlink/codecs/adaptive/plugin.h>

#include <semlink/core/error.h>

namespace semlink::adaptive {

void AdaptivePlugin::declare(Keys& keys) {
  keys.path("codec.weights", weights_)
      .help("Weights file of the network; scenarios/weights holds the ones that come along.");
  keys.number("codec.bandwidth_ratio", rate_.bandwidth_ratio)
      .range(1e-4, 1)
      .unit("1")
      .help(
          "Channel uses for payload and token positions over source reals, at most; padding and the repeated colours "
          "of grey pictures are no source reals.");
  keys.number("codec.keep_ratio", rate_.keep_ratio).range(0, 1).unit("1").help("Share of the tokens that are kept.");
  keys.flag("transmitter.local_decision", local_decision_)
      .help(
          "Whether the transmitter sends the class alone, in the header and without symbols, once encoder_gate.policy "
          "is sure of it, also where the budget has no room for symbols; needs weights with class heads.");
  std::vector<std::string> names;
  std::string described = "Which tokens are sent:";
  for (const Selector& one : selectors()) {
    names.emplace_back(one.name);
    described += (names.size() > 1 ? ", " : " ") + names.back() + " (" + std::string(one.help) + ")";
  }
  keys.choice("codec.selection", rate_.selection, names).help(described + ".");
  keys.number("codec.keep_threshold", rate_.keep_threshold)
      .above(0)
      .unit("1")
      .help("Predicted squared error, values in [0, 1], above which codec.selection = threshold sends a token.");
  keys.integer("codec.max_width", max_width_)
      .range(1, 16)
      .unit("1")
      .help(
          "Complex symbols per token at most; a network may have fewer. A pooled row has them for each token that it "
          "makes up for.");
  std::vector<std::string> rules;
  described = "How many symbols per token an image gets:";
  for (const RateRule& one : rate_rules()) {
    rules.emplace_back(one.name);
    described += (rules.size() > 1 ? ", " : " ") + rules.back() + " (" + std::string(one.help) + ")";
  }
  keys.choice("codec.rate", rate_.rule, rules).help(described + ". All but fixed need a rate gate in the weights.");
  keys.number("codec.least_gain", rate_.least_gain)
      .range(0, 1e6)
      .unit("1")
      .help(
          "Least predicted decrease of the mean squared error (8-bit values) per 0.01 of bandwidth ratio for which "
          "codec.rate = least_gain sends more symbols per token.");
  keys.number("codec.target_psnr_db", rate_.target_psnr_db)
      .range(0, 100)
      .unit("dB")
      .help("PSNR at the receiver's last exit that codec.rate = target_psnr aims at, if the budget allows.");
  depth_.declare(keys);
}

std::shared_ptr<const ReadyModel> AdaptivePlugin::ready_model() const {
  std::weak_ptr<const ReadyModel>& kept = in_use_[weights_];
  std::shared_ptr<const ReadyModel> ready = kept.lock();
  if (!ready) kept = ready = std::make_shared<const ReadyModel>(reader_(weights_));
  return ready;
}

std::unique_ptr<const Codec> AdaptivePlugin::make() const {
  if (weights_.empty())
    throw Error(ErrorCode::bad_scenario, "codec.weights is empty: expected the weights file of an adaptive network");
  Rate rate = rate_;
  rate.max_width = max_width_;
  return std::make_unique<AdaptiveCodec>(ready_model(), rate, depth_, local_decision_);
}

}  // namespace semlink::adaptive
