#pragma once

#include <vector>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/train/budget_control.h>
#include <semlink/train/loss_balance.h>
#include <semlink/train/plan.h>
#include <semlink/train/transmission.h>

namespace semlink::train {

/// What one chunk measured.
struct ChunkReport {
  double loss = 0;  ///< its share of the batch's loss
  std::size_t num_images = 0;
  std::vector<double> mse;               ///< per image, last exit, values in [0, 1]; empty for a pure classifier
  std::vector<std::size_t> balance_bin;  ///< per image
  double decoder_share = 1;              ///< of the decoder's blocks, as receivers would run them
};

/// How good a network's outputs are, per image; a task that it has not been given leaves its figures empty.
struct ImageScores {
  std::vector<double> mse;            ///< values in [0, 1]
  std::vector<double> correct;        ///< 1 for the right class, else 0
  std::vector<double> cross_entropy;  ///< nats
};

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
