#pragma once

#include <semlink/train/pass.h>
#include <semlink/train/trainee.h>

namespace semlink::train {

/// The adaptive transceiver in a training, in any of its phases.
class AdaptiveTrainee final : public Trainee {
 public:
  /// `settings`, `train` and `validation` must outlive this object. Throws Error(bad_scenario) where settings, network
  /// and images do not suit one another.
  AdaptiveTrainee(const TrainSettings& settings, const adaptive::NetworkConfig& network, const TrainSources& train,
                  const Source& validation, std::uint64_t seed);

  const nn::ParameterLayout& layout() const override { return network_.layout(); }
  bool reconstructs() const override { return network_.config().reconstructs(); }
  bool classifies() const override { return network_.config().classifies(); }
  bool shares_decoder() const override { return true; }
  /// The gates' own slots belong to one phase, all others to the other; the rate gate also has one for itself.
  std::vector<bool> trained_slots() const override;
  nn::FlatVector<float> starting_point() const override;
  ChunkReport pass(const TrainMoment& now, std::int64_t chunk, const nn::FlatVector<float>& parameters,
                   nn::FlatVector<float>& gradients, nn::Tape<float>& tape) const override;
  std::vector<std::string> validation_names() const override;
  ImageScores measure(std::size_t condition, std::int64_t first, std::int64_t last,
                      const nn::FlatVector<float>& parameters, nn::Tape<float>& tape) const override;
  void write_config(H5Group& root) const override;

 private:
  const TrainSettings& settings_;
  adaptive::Network network_;
  TrainChannels channels_;
  const TrainSources& train_;
  const Source& validation_;
  std::uint64_t seed_;
};

}  // namespace semlink::train
