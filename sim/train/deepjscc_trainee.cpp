#include <semlink/train/deepjscc_trainee.h>

#include <algorithm>

#include <semlink/channel/awgn.h>
#include <semlink/core/error.h>
#include <semlink/record/weights.h>
#include <semlink/train/chunk_way.h>
#include <semlink/train/validation.h>

namespace semlink::train {

namespace {

/// SNRs of a validation in dB: the training SNRs of the published figure.
constexpr std::array kSnrsDb = {1, 4, 7, 10, 13, 16, 19};

/// The keys it goes by: how many images, how they are drawn and varied, how the optimiser steps. Of the last row only
/// the values that `check` allows.
constexpr std::string_view kHeeded[] = {"num_images",
                                        "batch",
                                        "chunk",
                                        "validate_every",
                                        "validation_images",
                                        "checkpoint_every",
                                        "snr_low_db",
                                        "snr_high_db",
                                        "builtin_share",
                                        "max_shift",
                                        "rate",
                                        "beta1",
                                        "beta2",
                                        "weight_decay",
                                        "warmup",
                                        "clip",
                                        "ema",
                                        "fading_share",
                                        "optimizer",
                                        "fast_fading_share",
                                        "large_share",
                                        "phase",
                                        "weight_bits",
                                        "precision"};

void check(const TrainSettings& settings) {
  const auto require = [](bool holds, const std::string& got, const std::string& expected) {
    if (!holds) throw Error(ErrorCode::bad_scenario, got + ": expected " + expected + " with codec.model = deepjscc");
  };
  require(settings.optimizer == "adamw", "train.optimizer = " + settings.optimizer, "adamw");
  require(settings.precision != "bf16", "train.precision = " + settings.precision, "f32 or auto");
  require(settings.phase == "backbone", "train.phase = " + settings.phase, "backbone");
  require(settings.fading_share == 0 && settings.fast_fading_share == 0,
          "train.fading_share and train.fast_fading_share", "0, for it trains over AWGN,");
  require(settings.large_share == 0, "train.large_share", "0");
  require(!settings.deepens() && !settings.add_depth, "train.add_...", "nothing added");
}

}  // namespace

bool DeepJsccTrainee::heeds(std::string_view key) {
  constexpr std::string_view kSection = "train.";
  return key.starts_with(kSection) &&
         std::find(std::begin(kHeeded), std::end(kHeeded), key.substr(kSection.size())) != std::end(kHeeded);
}

DeepJsccTrainee::DeepJsccTrainee(const TrainSettings& settings, const deepjscc::NetworkConfig& network,
                                 const TrainSources& train, const Source& validation, std::uint64_t seed)
    : settings_(settings),
      network_(network),
      channel_(std::make_unique<AwgnChannel>()),
      train_(train),
      validation_(validation),
      seed_(seed) {
  check(settings);
}

nn::Var<float> DeepJsccTrainee::pixels(nn::Context<float>& context, const std::vector<ImagePlan>& images) const {
  const nn::Grid size{images.front().image.height, images.front().image.width};
  const Index count = size.num_tokens();
  const nn::Var<float> x = context.tape.constant(static_cast<Index>(images.size()) * count, 3);
  float* to = x.data();
  for (const ImagePlan& image : images) {
    constexpr Index kSide = deepjscc::Network::kReduction;
    if (image.image.height != size.height || image.image.width != size.width || size.height % kSide != 0 ||
        size.width % kSide != 0)
      throw Error(ErrorCode::bad_scenario,
                  "image of " + std::to_string(image.image.height) + "x" + std::to_string(image.image.width) +
                      " pixels: expected images of one size, with sides that are multiples of " +
                      std::to_string(kSide) + ", to train codec.model = deepjscc on");
    to = std::copy(image.image.values.begin(), image.image.values.end(), to);
  }
  const nn::Var<float> symbols = network_.encode(context, x, size);
  nn::RowGroups samples;
  for (std::size_t i = 0; i < images.size(); ++i) samples.append(symbols.rows() / static_cast<Index>(images.size()));
  return network_.decode(context, transmit_plain(context, symbols, samples, images, *channel_), size);
}

ChunkReport DeepJsccTrainee::pass(const TrainMoment& now, std::int64_t chunk, const nn::FlatVector<float>& parameters,
                                  nn::FlatVector<float>& gradients, nn::Tape<float>& tape) const {
  tape.clear();
  nn::Context<float> context{tape, layout(), parameters, &gradients};
  const ChunkPlan plan{draw_sent_images(settings_, train_, seed_, now.step, chunk)};
  const nn::Var<float> shown = pixels(context, plan.images);
  const std::vector<float> targets = stack_targets(plan);
  const auto weight = static_cast<float>(
      1 / (static_cast<double>(settings_.batch) * static_cast<double>(plan.images.front().image.num_reals())));
  const nn::Var<float> loss = nn::squared_error<float>(
      context, shown, targets, std::vector<float>(static_cast<std::size_t>(shown.rows()), weight));
  ChunkReport report{.loss = static_cast<double>(loss.value()(0, 0)), .num_images = plan.images.size()};
  report.mse = image_errors(plan, shown, targets);
  tape.backward(loss);
  return report;
}

std::vector<std::string> DeepJsccTrainee::validation_names() const {
  std::vector<std::string> names;
  for (const int snr_db : kSnrsDb) names.push_back(std::to_string(snr_db) + " dB");
  return names;
}

ImageScores DeepJsccTrainee::measure(std::size_t condition, std::int64_t first, std::int64_t last,
                                     const nn::FlatVector<float>& parameters, nn::Tape<float>& tape) const {
  tape.clear();
  nn::Context<float> context{tape, layout(), parameters};
  ChunkPlan plan;
  for (std::int64_t i = first; i < last; ++i) {
    ImagePlan image;
    image.address = validation_address(seed_, i);
    image.image = validation_.sample(image.address).image;
    image.snr_db = kSnrsDb[condition];
    plan.images.push_back(std::move(image));
  }
  ImageScores scores;
  scores.mse = image_errors(plan, pixels(context, plan.images), stack_targets(plan));
  return scores;
}

void DeepJsccTrainee::write_config(H5Group& root) const { write_network_config(root, network_.config()); }

}  // namespace semlink::train
