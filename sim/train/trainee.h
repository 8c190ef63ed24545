#pragma once

#include <string>
#include <vector>

#include <semlink/codecs/nn/operations.h>
#include <semlink/record/h5_group.h>
#include <semlink/train/budget_control.h>
#include <semlink/train/loss_balance.h>

namespace semlink::train {

/// What one chunk measured.
struct ChunkReport {
  double loss = 0;  ///< its share of the batch's loss
  std::size_t num_images = 0;
  std::vector<double> mse;               ///< per image, last exit, values in [0, 1]; empty for a pure classifier
  std::vector<std::size_t> balance_bin;  ///< per image whose error is to be remembered by `LossBalance`
  double decoder_share = 1;              ///< of the decoder's blocks, as receivers would run them
};

/// How good a network's outputs are, per image; a task that it has not been given leaves its figures empty.
struct ImageScores {
  std::vector<double> mse;            ///< values in [0, 1]
  std::vector<double> correct;        ///< 1 for the right class, else 0
  std::vector<double> cross_entropy;  ///< nats
};

/// Where a training stands when it asks for a pass: what the steps before have taught besides the parameters.
struct TrainMoment {
  std::int64_t step = 0;
  double progress = 0;  ///< share of the training that is done
  const LossBalance& balance;
  BudgetControl budget;
};

/// A network as a training sees it: the trainer owns loop, optimiser, averages and checkpoints, the trainee knows what
/// a pass over images is. One const object serves every thread.
class Trainee {
 public:
  virtual ~Trainee() = default;

  virtual const nn::ParameterLayout& layout() const = 0;
  /// Whether images, or classes, come out: then validation has errors, or shares of right classes.
  virtual bool reconstructs() const = 0;
  virtual bool classifies() const = 0;
  /// Whether receivers may run less than the whole decoder: then `ChunkReport::decoder_share` says something.
  virtual bool shares_decoder() const = 0;
  /// Per slot, whether the training moves it.
  virtual std::vector<bool> trained_slots() const = 0;
  /// Where a training starts that is given no weights; a function of the seed.
  virtual nn::FlatVector<float> starting_point() const = 0;

  /// Forward and backward pass over the images of a chunk of the step's batch: adds dL/dparameters to `gradients`. A
  /// function of its arguments, to the bit.
  virtual ChunkReport pass(const TrainMoment& now, std::int64_t chunk, const nn::FlatVector<float>& parameters,
                           nn::FlatVector<float>& gradients, nn::Tape<float>& tape) const = 0;

  /// Under what a validation looks at the network, such as `width 4 at 7 dB`.
  virtual std::vector<std::string> validation_names() const = 0;
  /// The validation images [first, last) under one of these conditions, without gradients.
  virtual ImageScores measure(std::size_t condition, std::int64_t first, std::int64_t last,
                              const nn::FlatVector<float>& parameters, nn::Tape<float>& tape) const = 0;

  /// Writes the network's shape as attributes, from which the reader of a weights file builds it again.
  virtual void write_config(H5Group& root) const = 0;
};

}  // namespace semlink::train
