#pragma once

#include <variant>

#include <semlink/app/scenario.h>
#include <semlink/train/trainer.h>

namespace semlink {

/// The shape of the network that a training is about, by `codec.model`.
using NetworkChoice = std::variant<adaptive::NetworkConfig, deepjscc::NetworkConfig>;

/// The network of a scenario: that of codec.weights where it names some, which the training then goes on from, else the
/// one of `network.*`. Sets the settings, the start and the scenario's text of the job. Throws Error(bad_scenario)
/// where the keys contradict one another or codec.model has no network, Error(bad_file) for weights that cannot be
/// read.
NetworkChoice choose_network(const Scenario& scenario, train::TrainJob& job);

/// The network as the trainer sees it. `job` must outlive it; its sources are set.
std::unique_ptr<const train::Trainee> make_trainee(const NetworkChoice& network, const train::TrainJob& job);

}  // namespace semlink
