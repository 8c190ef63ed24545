#include <semlink/app/training.h>

#include <algorithm>

#include <semlink/core/error.h>
#include <semlink/record/weights.h>
#include <semlink/train/adaptive_trainee.h>
#include <semlink/train/deepen.h>
#include <semlink/train/deepjscc_trainee.h>

namespace semlink {
namespace {

/// Whether the key is one of the network's own.
template <typename Config>
bool is_key_of(Config config, const std::string& name) {
  Keys keys;
  config.declare(keys);
  return std::any_of(keys.list().begin(), keys.list().end(), [&](const Key& key) { return key.name == name; });
}

/// Keys that make the weights what they are; a network that comes with its weights brings its own shape.
template <typename Config>
std::string resolved_text(const Scenario& scenario, const Config& config, bool has_network) {
  std::string text;
  for (const Key& key : scenario.keys().list()) {
    const bool matters = key.name.starts_with("train.") || (!has_network && is_key_of(config, key.name)) ||
                         key.name == "source.kind" || key.name == "run.seed";
    if (matters && key.identity) text += key.name + " = " + key.get() + "\n";
  }
  return text;
}

/// Throws for what only trained weights can be given.
void require_nothing_added(const train::TrainSettings& settings) {
  if (settings.deepens())
    throw Error(ErrorCode::bad_scenario, "codec.weights is empty: train.add_..._blocks deepens trained weights");
  if (settings.add_depth)
    throw Error(ErrorCode::bad_scenario, "codec.weights is empty: train.add_depth adds to trained weights");
  if (settings.phase != "backbone")
    throw Error(ErrorCode::bad_scenario,
                "codec.weights is empty: train.phase = " + settings.phase + " starts from a trained backbone");
}

adaptive::NetworkConfig choose_adaptive(const Scenario& scenario, const std::filesystem::path& weights,
                                        train::TrainJob& job) {
  const train::TrainSettings& settings = job.settings;
  adaptive::NetworkConfig network = scenario.network;
  network.check();
  job.scenario = resolved_text(scenario, network, !weights.empty());
  if (weights.empty()) {
    require_nothing_added(settings);
  } else {
    LoadedWeights loaded = read_weights(weights);
    if (settings.deepens())
      loaded = train::deepen(loaded, settings.add_encoder_blocks, settings.add_decoder_blocks, job.seed);
    if (settings.add_depth) {
      loaded = train::add_depth(loaded, scenario.network, job.seed);
      for (const char* key : {"network.depth", "network.mod_share", "network.aggregate"})
        job.scenario += std::string(key) + " = " + scenario.keys().get(key) + "\n";
    }
    if (settings.phase == "rate_gate") loaded = train::add_rate_gate(loaded, job.seed);
    network = loaded.config;
    job.start = std::move(loaded.values);
    job.scenario += "starting weights = " + loaded.checksum + "\n";
  }
  if (settings.phase != "backbone" && !network.reconstructs())
    throw Error(
        ErrorCode::bad_scenario,
        "train.phase = " + settings.phase + ": expected weights that give images, whose errors gates learn to predict");
  return network;
}

deepjscc::NetworkConfig choose_deepjscc(const Scenario& scenario, const std::filesystem::path& weights,
                                        train::TrainJob& job) {
  deepjscc::NetworkConfig network = scenario.deepjscc;
  network.check();
  job.scenario = "codec.model = deepjscc\n" + resolved_text(scenario, network, !weights.empty());
  if (weights.empty()) return network;
  DeepJsccWeights loaded = read_deepjscc_weights(weights);
  job.start = std::move(loaded.values);
  job.scenario += "starting weights = " + loaded.checksum + "\n";
  return loaded.config;
}

}  // namespace

std::string model_of_training_key(const std::string& key) {
  if (key.starts_with("network.")) return is_key_of(deepjscc::NetworkConfig(), key) ? "deepjscc" : "adaptive";
  return train::DeepJsccTrainee::heeds(key) ? "" : "adaptive";
}

void refuse_unheeded(const Scenario& scenario, const ScenarioText& text) {
  const std::string& chosen = scenario.codec.name();
  if (chosen != "adaptive" && chosen != "deepjscc") return;  // it has no network at all
  for (const Assignment& given : text.values) {
    if (!given.key.starts_with("train.") && !given.key.starts_with("network.")) continue;
    const std::string model = model_of_training_key(given.key);
    if (!model.empty() && model != chosen)
      throw Error(ErrorCode::bad_scenario, given.origin + ": " + given.key + " = " + given.value +
                                               ": expected no such key with codec.model = " + chosen +
                                               ", it belongs to " + scenario.users(given.key));
  }
}

NetworkChoice choose_network(const Scenario& scenario, train::TrainJob& job) {
  job.settings = scenario.train;
  job.seed = static_cast<std::uint64_t>(scenario.run.seed);
  const std::filesystem::path weights = scenario.keys().get("codec.weights");
  if (scenario.codec.name() == "adaptive") return choose_adaptive(scenario, weights, job);
  if (scenario.codec.name() == "deepjscc") return choose_deepjscc(scenario, weights, job);
  throw Error(ErrorCode::bad_scenario, "codec.model = " + scenario.codec.name() +
                                           ": expected adaptive or deepjscc, which have a network to train");
}

std::unique_ptr<const train::Trainee> make_trainee(const NetworkChoice& network, const train::TrainJob& job) {
  if (const auto* config = std::get_if<deepjscc::NetworkConfig>(&network))
    return std::make_unique<train::DeepJsccTrainee>(job.settings, *config, job.train, *job.validation, job.seed);
  return std::make_unique<train::AdaptiveTrainee>(job.settings, std::get<adaptive::NetworkConfig>(network), job.train,
                                                  *job.validation, job.seed);
}

}  // namespace semlink
