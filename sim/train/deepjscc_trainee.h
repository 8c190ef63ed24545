#pragma once

#include <string_view>

#include <semlink/channel/channel.h>
#include <semlink/codecs/deepjscc/network.h>
#include <semlink/train/plan.h>
#include <semlink/train/trainee.h>

namespace semlink::train {

/// The convolutional autoencoder in a training: mean squared error over AWGN, at one SNR (train.snr_low_db =
/// train.snr_high_db, as published) or at SNRs drawn from a range.
class DeepJsccTrainee final : public Trainee {
 public:
  /// `settings`, `train` and `validation` must outlive this object. Throws Error(bad_scenario) for settings that only
  /// other networks can follow.
  DeepJsccTrainee(const TrainSettings& settings, const deepjscc::NetworkConfig& network, const TrainSources& train,
                  const Source& validation, std::uint64_t seed);

  /// Whether this training goes by the key, `train.*`; those that it goes by may have one allowed value only.
  static bool heeds(std::string_view key);

  const nn::ParameterLayout& layout() const override { return network_.layout(); }
  bool reconstructs() const override { return true; }
  bool classifies() const override { return false; }
  bool shares_decoder() const override { return false; }
  std::vector<bool> trained_slots() const override { return std::vector<bool>(layout().slots().size(), true); }
  nn::FlatVector<float> starting_point() const override { return network_.starting_point(seed_); }
  ChunkReport pass(const TrainMoment& now, std::int64_t chunk, const nn::FlatVector<float>& parameters,
                   nn::FlatVector<float>& gradients, nn::Tape<float>& tape) const override;
  std::vector<std::string> validation_names() const override;
  ImageScores measure(std::size_t condition, std::int64_t first, std::int64_t last,
                      const nn::FlatVector<float>& parameters, nn::Tape<float>& tape) const override;
  void write_config(H5Group& root) const override;

 private:
  /// Stacked images as the receiver shows them, [pixels of all images, 3]; the images are of one size.
  nn::Var<float> pixels(nn::Context<float>& context, const std::vector<ImagePlan>& images) const;

  const TrainSettings& settings_;
  deepjscc::Network network_;
  std::unique_ptr<const Channel> channel_;
  const TrainSources& train_;
  const Source& validation_;
  std::uint64_t seed_;
};

}  // namespace semlink::train
