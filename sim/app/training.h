#pragma once

#include <string>
#include <variant>

#include <semlink/app/scenario.h>
#include <semlink/train/trainer.h>

namespace semlink {

/// The shape of the network that a training is about, by `codec.model`.
using NetworkChoice = std::variant<adaptive::NetworkConfig, deepjscc::NetworkConfig>;

/// The one codec.model whose training goes by the key, `train.*` or `network.*`; empty when all do.
std::string model_of_training_key(const std::string& key);

/// Throws Error(bad_scenario) for a key of `text` that the training of this scenario's codec.model does not go by.
void refuse_unheeded(const Scenario& scenario, const ScenarioText& text);

/// The network of a scenario: that of codec.weights where it names some, which the training then goes on from, else the
/// one of `network.*`. Sets the settings, the start and the scenario's text of the job. Throws Error(bad_scenario)
/// where the keys contradict one another or codec.model has no network, Error(bad_file) for weights that cannot be
/// read.
NetworkChoice choose_network(const Scenario& scenario, train::TrainJob& job);

/// The network as the trainer sees it. `job` must outlive it; its sources are set.
std::unique_ptr<const train::Trainee> make_trainee(const NetworkChoice& network, const train::TrainJob& job);

}  // namespace semlink
