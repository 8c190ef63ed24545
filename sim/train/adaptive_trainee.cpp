#include <semlink/train/adaptive_trainee.h>

#include <semlink/core/error.h>
#include <semlink/record/weights.h>
#include <semlink/train/class_loss.h>
#include <semlink/train/depth_training.h>
#include <semlink/train/linear_code.h>
#include <semlink/train/validation.h>

namespace semlink::train {

AdaptiveTrainee::AdaptiveTrainee(const TrainSettings& settings, const adaptive::NetworkConfig& network,
                                 const TrainSources& train, const Source& validation, std::uint64_t seed)
    : settings_(settings),
      network_(network),
      channels_(make_train_channels()),
      train_(train),
      validation_(validation),
      seed_(seed) {
  check_sampler(settings, network);
  check_halting_depth(settings, network);
  if (settings.merge_share > 0 && network.select_after == 0)
    throw Error(ErrorCode::bad_scenario,
                "train.merge_share is not 0: expected a network with network.select_after of at least 1, whose tokens "
                "are merged by what a block sees in them");
  check_labels(network, settings, train, validation);
  if (network.pools() && settings.drop_share > 0)
    throw Error(ErrorCode::bad_scenario,
                "train.drop_share is above 0: expected 0 with network.pooled_tokens, whose rows are all sent");
}

std::vector<bool> AdaptiveTrainee::trained_slots() const {
  std::vector<bool> trained;
  for (const nn::Slot& slot : layout().slots()) {
    const bool is_gate = slot.name.find(".gate") != std::string::npos;
    const bool is_rate_gate = slot.name.find(".rate.gate") != std::string::npos;
    trained.push_back(settings_.phase == "rate_gate" ? is_rate_gate : is_gate == (settings_.phase == "gates"));
  }
  return trained;
}

nn::FlatVector<float> AdaptiveTrainee::starting_point() const {
  nn::FlatVector<float> parameters = nn::initial_parameters(layout(), seed_);
  if (reconstructs()) set_linear_code(network_, train_, seed_, parameters);
  if (network_.config().pools()) network_.token_pool().set_start(layout(), parameters);
  return parameters;
}

ChunkReport AdaptiveTrainee::pass(const TrainMoment& now, std::int64_t chunk, const nn::FlatVector<float>& parameters,
                                  nn::FlatVector<float>& gradients, nn::Tape<float>& tape) const {
  const auto of_phase = settings_.phase == "gates"       ? gates_pass
                        : settings_.phase == "rate_gate" ? rate_gate_pass
                                                         : backbone_pass;
  const ChunkPlan plan = draw_chunk(settings_, network_.config(), train_, seed_, now.step, chunk);
  const PassInputs inputs{network_, settings_, channels_, now.balance, now.budget, now.progress};
  return of_phase(inputs, plan, parameters, gradients, tape);
}

std::vector<std::string> AdaptiveTrainee::validation_names() const {
  return train::validation_names(network_.config());
}

ImageScores AdaptiveTrainee::measure(std::size_t condition, std::int64_t first, std::int64_t last,
                                     const nn::FlatVector<float>& parameters, nn::Tape<float>& tape) const {
  const ValidationCondition chosen = validation_conditions(network_.config())[condition];
  const ChunkPlan plan = validation_chunk(network_.config(), chosen, validation_, seed_, first, last);
  const LossBalance no_loss;
  return train::measure({network_, settings_, channels_, no_loss}, plan, parameters, tape);
}

void AdaptiveTrainee::write_config(H5Group& root) const { write_network_config(root, network_.config()); }

}  // namespace semlink::train
