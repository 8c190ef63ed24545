#include <semlink/train/pass.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/train/chunk_way.h>
#include <semlink/train/depth_training.h>

namespace semlink::train {

namespace {

using adaptive::Condition;
using nn::Context;
using nn::Var;

/// Per-pixel weights: `per_image[i]` / (reals of image i) on every pixel of image i.
std::vector<float> pixel_weights(const ChunkPlan& plan, const std::vector<double>& per_image) {
  std::vector<float> weights;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const Image& image = plan.images[i].image;
    weights.insert(weights.end(), static_cast<std::size_t>(image.height * image.width),
                   static_cast<float>(per_image[i] / static_cast<double>(image.num_reals())));
  }
  return weights;
}

/// ln of the mean squared error of each scored token's own patch in `pixels`.
std::vector<float> token_errors(const ChunkPlan& plan, const Halfway& halfway, Index patch, const Var<float>& pixels,
                                const std::vector<float>& targets) {
  std::vector<Index> base;
  Index pixel = 0;
  for (const ImagePlan& image : plan.images) {
    base.push_back(pixel);
    pixel += image.image.height * image.image.width;
  }
  std::vector<float> errors;
  for (const adaptive::TokenPlace& place : halfway.scored) {
    const auto s = static_cast<std::size_t>(place.sample);
    const Index width = plan.images[s].image.width;
    double sum = 0;
    for (Index y = 0; y < patch; ++y) {
      const Index first = 3 * (base[s] + (place.y * patch + y) * width + place.x * patch);
      for (Index i = first; i < first + 3 * patch; ++i) {
        const double difference =
            static_cast<double>(pixels.data()[i]) - static_cast<double>(targets[static_cast<std::size_t>(i)]);
        sum += difference * difference;
      }
    }
    errors.push_back(
        static_cast<float>(std::log(std::max(kSmallestMse, sum / static_cast<double>(3 * patch * patch)))));
  }
  return errors;
}

/// The scorer's loss: only tokens that a random choice dropped teach it, because what a learned choice drops is not a
/// fair sample.
Var<float> score_loss(Context<float>& context, const ChunkPlan& plan, const Halfway& halfway,
                      const std::vector<float>& errors, double scale) {
  std::vector<float> weights(halfway.scored.size(), 0.0F);
  const auto is_sent = [&](const adaptive::TokenPlace& place) {
    return std::any_of(halfway.sent.begin(), halfway.sent.end(), [&](const adaptive::TokenPlace& other) {
      return other.sample == place.sample && other.y == place.y && other.x == place.x;
    });
  };
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const adaptive::TokenPlace& place = halfway.scored[i];
    if (plan.images[static_cast<std::size_t>(place.sample)].selection == Selection::random && !is_sent(place))
      weights[i] = static_cast<float>(scale);
  }
  return nn::squared_error<float>(context, halfway.scores, errors, std::move(weights));
}

/// Losses and noise of the routers for one chunk; `stream` must outlive the pass. The weights are relative to a typical
/// loss of an image, and a chunk carries its share of the batch.
nn::RouterTraining<float> router_training(const TrainSettings& settings, const ChunkPlan& plan, Stream& stream) {
  constexpr double kTypicalLoss = 0.004;
  constexpr double kBiasScale = 1e-3;  // small beside the network's gradient, so that clipping does not see it
  const double share = static_cast<double>(plan.images.size()) / static_cast<double>(settings.batch);
  nn::RouterTraining<float> training;
  if (settings.router_balance == "loss") training.balance_weight = kTypicalLoss * share * settings.balance_weight;
  training.z_weight = kTypicalLoss * share * settings.router_z_weight;
  training.noise = settings.router_noise;
  training.stream = &stream;
  training.balances_by_bias = settings.router_balance == "bias";
  training.bias_scale = kBiasScale * share;
  return training;
}

/// Weight of an earlier exit's loss: changes with the SNR from 5 to 9 dB, and rises with the depth of the exit
/// (Scardapane et al. 2024, section 5: linear weights), so that the first ones do not bend the code towards what they
/// can decode.
double exit_weight(const TrainSettings& settings, double snr_db, Index exit, Index num_blocks) {
  constexpr double kLeast = 0.05;
  const double rise = std::clamp((snr_db - 5) / 4, 0.0, 1.0);
  const double depth = std::max(kLeast, static_cast<double>(exit) / static_cast<double>(num_blocks));
  return depth * (settings.exit_weight + rise * (settings.exit_weight_high_snr - settings.exit_weight));
}

/// What an earlier exit's gradient counts in the blocks before it: everything, its share of the depth (after Li et al.
/// 2019, gradient equilibrium), or nothing.
float exit_gradient(const TrainSettings& settings, Index exit, Index num_blocks) {
  if (settings.exit_gradient == "stop") return 0;
  return settings.exit_gradient == "full" ? 1 : static_cast<float>(exit) / static_cast<float>(num_blocks);
}

/// A pixel's weight times the probability that its token's value is that of an exit; `shares` [tokens, 1].
Var<float> shared_weights(Context<float>& context, const ChunkPlan& plan, Index patch, const Var<float>& shares,
                          const std::vector<float>& weights) {
  std::vector<Index> token_of_pixel;
  Index first = 0;
  for (const ImagePlan& image : plan.images) {
    const Index across = image.image.width / patch;
    for (Index y = 0; y < image.image.height; ++y)
      for (Index x = 0; x < image.image.width; ++x) token_of_pixel.push_back(first + y / patch * across + x / patch);
    first += image.image.height / patch * across;
  }
  const Var<float> of_pixels = nn::gather_rows(context, shares, std::move(token_of_pixel));
  const Var<float> constant = context.tape.constant(of_pixels.rows(), 1);
  std::copy(weights.begin(), weights.end(), constant.data());
  return nn::multiply(context, of_pixels, constant);
}

/// The loss of the last image, or what stands in its place: the loss expected over the exits where tokens halt, and
/// that of the exits' mean.
Var<float> last_loss(Context<float>& context, const PassInputs& inputs, const ChunkPlan& plan, Decoder& decoder,
                     const DepthLosses& depth, const Var<float>& last, const std::vector<float>& targets,
                     const std::vector<float>& weights) {
  const adaptive::NetworkConfig& config = inputs.network.config();
  const std::vector<Var<float>> shares = decoder.way().exit_shares();
  Var<float> loss;
  if (shares.empty()) {
    loss = nn::squared_error<float>(context, last, targets, weights);
  } else {
    loss = depth.halting_prior(context, shares, config.decoder_blocks + 1);
    for (std::size_t exit = 0; exit < shares.size(); ++exit) {
      const Var<float>& image = exit < decoder.passed().size() ? decoder.passed()[exit] : last;
      loss = nn::add(context, loss,
                     nn::expected_error<float>(context, image, targets,
                                               shared_weights(context, plan, config.patch, shares[exit], weights)));
    }
  }
  if (config.aggregate)
    loss = nn::add(context, loss, nn::squared_error<float>(context, decoder.aggregate(last), targets, weights));
  return loss;
}

/// What the decoder's exits show of one chunk: the earlier exit of the plan and the last one.
struct TwoExits {
  Var<float> early;
  Var<float> last;
};

/// What each image lost at the last exit, weighted, and what it would typically have lost.
struct ImageLosses {
  std::vector<double> now;
  std::vector<double> typical;
};

/// The images' loss at both exits; notes the errors of the last one, and their bins, in the report.
Var<float> image_loss(Context<float>& context, const PassInputs& inputs, const ChunkPlan& plan, const Halfway& halfway,
                      Decoder& decoder, const DepthLosses& depth, const TwoExits& images,
                      const std::vector<float>& targets, ChunkReport& report, ImageLosses& losses) {
  const TrainSettings& settings = inputs.settings;
  const Index num_blocks = inputs.network.config().decoder_blocks;
  const double rows_per_token = inputs.network.config().rows_per_token();
  report.mse = image_errors(plan, images.last, targets);
  std::vector<double> last_weights, early_weights;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const Condition& condition = halfway.decoder_conditions[i];
    report.balance_bin.push_back(
        LossBalance::bin(*condition.snr_db, condition.width, condition.kept_share * rows_per_token));
    last_weights.push_back(inputs.balance.weight(report.balance_bin.back(), settings.loss_balance) /
                           static_cast<double>(settings.batch));
    early_weights.push_back(last_weights.back() *
                            exit_weight(settings, *condition.snr_db, plan.decoder_exit, num_blocks));
    losses.now.push_back(last_weights.back() * report.mse[i]);
    losses.typical.push_back(last_weights.back() * inputs.balance.typical()[report.balance_bin.back()]);
  }
  std::vector<float> early_targets = targets;
  const auto share = static_cast<float>(settings.distill);
  for (std::size_t i = 0; i < targets.size(); ++i) early_targets[i] += share * (images.last.data()[i] - targets[i]);

  const Var<float> last =
      last_loss(context, inputs, plan, decoder, depth, images.last, targets, pixel_weights(plan, last_weights));
  return nn::add(context, last,
                 nn::squared_error<float>(context, images.early, early_targets, pixel_weights(plan, early_weights)));
}

/// Adds the classes' loss at both exits.
void add_class_exits(const PassInputs& inputs, const ChunkPlan& plan, const Halfway& halfway, const TwoExits& classes,
                     ClassLoss& loss) {
  std::vector<double> weights;
  for (const Condition& condition : halfway.decoder_conditions)
    weights.push_back(
        exit_weight(inputs.settings, *condition.snr_db, plan.decoder_exit, inputs.network.config().decoder_blocks));
  loss.add(classes.early, weights, &classes.last);
  loss.add(classes.last, 1);
}

}  // namespace

ChunkReport backbone_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                          nn::FlatVector<float>& gradients, nn::Tape<float>& tape) {
  const TrainSettings& settings = inputs.settings;
  const adaptive::NetworkConfig& config = inputs.network.config();
  Context<float> context = training_context(inputs, parameters, &gradients, tape);
  Stream router_noise = plan.images.front().address.stream(Purpose::augment);
  nn::RouterTraining<float> routers = router_training(settings, plan, router_noise);
  context.router_training = &routers;
  ClassLoss class_loss(context, settings, plan);
  const Halfway halfway = encode_and_send(context, inputs, plan, false, config.classifies() ? &class_loss : nullptr);
  const DepthLosses depth(settings, config, plan, inputs.progress);
  Decoder decoder(context, inputs.network, halfway, &depth.training());
  if (config.aggregate || config.depth == "pondering") decoder.keep_images();
  const float early_gradient = exit_gradient(settings, plan.decoder_exit, config.decoder_blocks);
  TwoExits images, classes;
  if (config.reconstructs()) images.early = decoder.pixels(plan.decoder_exit, early_gradient);
  if (config.classifies()) classes.early = decoder.classes(plan.decoder_exit, early_gradient);
  if (config.reconstructs()) images.last = decoder.pixels(config.decoder_blocks);
  if (config.classifies()) classes.last = decoder.classes(config.decoder_blocks);

  ChunkReport report{.num_images = plan.images.size()};
  const std::vector<float> targets = stack_targets(plan);
  Var<float> loss;
  ImageLosses of_images;
  if (config.reconstructs())
    loss = image_loss(context, inputs, plan, halfway, decoder, depth, images, targets, report, of_images);
  if (config.classifies()) {
    add_class_exits(inputs, plan, halfway, classes, class_loss);
    loss = loss.empty() ? class_loss.sum() : nn::add(context, loss, class_loss.sum());
  }
  report.loss = static_cast<double>(loss.value()(0, 0));
  report.decoder_share = decoder.way().share();
  for (const Var<float>& one : {depth.budget(context, decoder.way(), inputs.budget),
                                depth.depth_prior(context, decoder.way(), config.decoder_blocks + 1),
                                depth.score_function(context, decoder.way(), of_images.now, of_images.typical)})
    if (!one.empty()) loss = nn::add(context, loss, one);
  for (const Var<float>& one : routers.losses) loss = nn::add(context, loss, one);
  if (!halfway.scores.empty() && config.reconstructs()) {
    const std::vector<float> errors = token_errors(plan, halfway, config.patch, images.last, targets);
    constexpr double kScoreWeight = 1e-4;  // small beside the image's loss; the scorer's slots see no other gradient
    loss = nn::add(context, loss,
                   score_loss(context, plan, halfway, errors, kScoreWeight / static_cast<double>(settings.batch)));
  }
  tape.backward(loss);
  return report;
}

ImageScores measure(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                    nn::Tape<float>& tape) {
  const adaptive::NetworkConfig& config = inputs.network.config();
  Context<float> context = training_context(inputs, parameters, nullptr, tape);
  const Halfway halfway = encode_and_send(context, inputs, plan, false);
  Decoder decoder(context, inputs.network, halfway, nullptr);
  ImageScores scores;
  if (config.reconstructs())
    scores.mse = image_errors(plan, decoder.pixels(config.decoder_blocks), stack_targets(plan));
  if (config.classifies()) score_classes(plan, decoder.classes(config.decoder_blocks), scores);
  return scores;
}

}  // namespace semlink::train
