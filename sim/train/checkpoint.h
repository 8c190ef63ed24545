#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <semlink/train/trainee.h>

namespace semlink::train {

/// One line of the training curve.
struct CurvePoint {
  std::int64_t step = 0;
  std::int64_t images = 0;
  double loss = 0;           ///< mean over the steps since the last line
  double decoder_share = 1;  ///< of the decoder's blocks, as receivers would run them; same steps
  /// Of the averaged weights, one per validation condition; NaN without images.
  std::vector<double> validation_psnr_db;
  std::vector<double> validation_accuracy;  ///< the same of classes; NaN without class heads
  double seconds = 0;                       ///< training time so far, all sessions together
};

/// All that a training needs to go on where it stopped, to the bit.
struct TrainState {
  std::int64_t next_step = 0;
  nn::FlatVector<float> parameters;
  nn::FlatVector<float> averaged;
  nn::FlatVector<float> moment1;
  nn::FlatVector<float> moment2;
  LossBalance balance;
  BudgetControl budget;
  std::vector<CurvePoint> curve;
  double loss_sum = 0;   ///< since the last line of the curve
  double share_sum = 0;  ///< of the decoder's shares, as `loss_sum`
  std::int64_t loss_count = 0;
  double seconds = 0;
};

/// Where the weights came from, stored beside them.
struct TrainProvenance {
  std::string scenario;  ///< resolved, as `key = value` lines
  std::string program_version;
};

/// Writes the whole state; `path` is replaced in one step.
void write_checkpoint(const std::filesystem::path& path, const Trainee& trainee, const TrainState& state,
                      const TrainProvenance& provenance);
/// Throws Error(bad_file) when the file is damaged, belongs to another network or was made by another scenario.
TrainState read_checkpoint(const std::filesystem::path& path, const Trainee& trainee,
                           const TrainProvenance& provenance);

/// Writes what is shipped: the averaged weights by name, the network's shape, the curve and the scenario.
void write_weights(const std::filesystem::path& path, const Trainee& trainee, const TrainState& state,
                   const TrainProvenance& provenance);

}  // namespace semlink::train
