#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/train/checkpoint.h>
#include <semlink/train/plan.h>
#include <semlink/train/trainee.h>

namespace semlink::train {

/// What any training needs.
struct TrainJob {
  TrainSettings settings;
  std::uint64_t seed = 1;
  int num_threads = 1;
  std::filesystem::path output;  ///< weights; the checkpoint stands beside it as `<output>.checkpoint`
  bool resume = false;
  std::string scenario;  ///< resolved keys, for provenance
  std::string program_version;
  TrainSources train;                          ///< images to learn from
  const Source* validation = nullptr;          ///< images the program only looks at
  std::optional<nn::FlatVector<float>> start;  ///< weights to start from; else the trainee's own starting point
};

/// What the training of an adaptive transceiver needs.
struct TrainRequest : TrainJob {
  adaptive::NetworkConfig network;
};

/// What a training tells while it runs.
struct TrainProgress {
  std::int64_t step = 0;
  std::int64_t num_steps = 0;
  double loss = 0;  ///< of this step
  double gradient_norm = 0;
  double images_per_second = 0;
  double seconds_left = 0;
  const CurvePoint* validation = nullptr;  ///< not null in steps that validated
};

using TellProgress = std::function<void(const TrainProgress&)>;

/// Trains until the last step or until `stop` becomes true; both leave a checkpoint, the former also the weights.
/// Gradients are added in the order of the chunks, so that the weights do not depend on `num_threads`. Throws
/// Error(non_finite) naming the step when the loss is no longer a number. Returns true when the training is complete.
bool train(const Trainee& trainee, const TrainJob& job, const TellProgress& tell, const std::atomic<bool>& stop);

/// The same for an adaptive transceiver. Throws Error(bad_scenario) where settings, network and images do not suit one
/// another.
bool train(const TrainRequest& request, const TellProgress& tell, const std::atomic<bool>& stop);

/// Where the checkpoint of a training stands.
std::filesystem::path checkpoint_path(const std::filesystem::path& output);

}  // namespace semlink::train
