#pragma once

#include <semlink/codecs/adaptive/network.h>
#include <semlink/train/plan.h>
#include <semlink/train/trainee.h>
#include <semlink/train/transmission.h>

namespace semlink::train {

/// Everything a pass over a chunk reads.
struct PassInputs {
  const adaptive::Network& network;
  const TrainSettings& settings;
  const TrainChannels& channels;
  const LossBalance& balance;
  BudgetControl budget = {};
  double progress = 1;  ///< share of the training that is done
};

/// Forward and backward pass of the backbone over one chunk: adds dL/dparameters to `gradients`.
ChunkReport backbone_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                          nn::FlatVector<float>& gradients, nn::Tape<float>& tape);

/// The same for the gates alone: they learn to predict ln(mse) of every exit and what one more stage changes; nothing
/// else receives a gradient.
ChunkReport gates_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                       nn::FlatVector<float>& gradients, nn::Tape<float>& tape);

/// The same for the rate gate alone, which learns to predict ln(mse) of the last exit.
ChunkReport rate_gate_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                           nn::FlatVector<float>& gradients, nn::Tape<float>& tape);

/// What the last exit makes of the images, without gradients.
ImageScores measure(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                    nn::Tape<float>& tape);

}  // namespace semlink::train
