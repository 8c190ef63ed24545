#include <semlink/train/pass.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <semlink/codecs/adaptive/depth/aggregate.h>
#include <semlink/codecs/adaptive/selection.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/train/class_loss.h>
#include <semlink/train/depth_training.h>

namespace semlink::train {

namespace {

using adaptive::Condition;
using adaptive::Tokens;
using nn::Context;
using nn::Grid;
using nn::Var;

constexpr double kSmallestMse = 1e-6;

/// One chunk after its way through encoder, channel and receiver's embedding: the decoder's blocks come next.
struct Halfway {
  std::vector<Grid> grids;
  std::vector<Condition> decoder_conditions;
  std::vector<adaptive::TokenPlace> sent;
  Var<float> scores;                         ///< of all tokens at the selection; empty when nothing was scored
  std::vector<adaptive::TokenPlace> scored;  ///< places of the rows of `scores`
  Var<float> received;
  Var<float> encoder_prediction;  ///< the gate's view at the encoder's exit; empty unless asked for
  Var<float> rate_prediction;     ///< the rate gate's; empty unless asked for and there is one
};

std::vector<Condition> encoder_conditions(const ChunkPlan& plan, const adaptive::NetworkConfig& config) {
  std::vector<Condition> conditions;
  for (const ImagePlan& image : plan.images) {
    const auto num_tokens =
        static_cast<double>(image.image.num_reals()) / static_cast<double>(3 * config.patch * config.patch);
    conditions.push_back({image.report, image.width, static_cast<double>(image.tokens_kept) / num_tokens});
  }
  return conditions;
}

/// Rows that stay: per image the tokens of highest score, spread over it, or a seeded random choice.
std::vector<Index> choose_rows(const ChunkPlan& plan, const Tokens<float>& tokens, const Var<float>& scores) {
  std::vector<Index> rows;
  for (Index s = 0; s < tokens.layout.samples.size(); ++s) {
    const ImagePlan& image = plan.images[static_cast<std::size_t>(s)];
    const Index first = tokens.layout.samples.first(s), count = tokens.layout.samples.count(s);
    std::vector<float> ranks(scores.data() + first, scores.data() + first + count);
    if (image.selection == Selection::random) {
      Stream stream = image.address.stream(Purpose::codec);
      for (float& rank : ranks) rank = static_cast<float>(stream.uniform());
    }
    const std::span places(tokens.layout.places.data() + first, static_cast<std::size_t>(count));
    const bool scored = image.selection == Selection::scored;
    for (const Index i : scored ? adaptive::highest_spread(ranks, places, image.tokens_kept)
                                : adaptive::highest(ranks, image.tokens_kept))
      rows.push_back(first + i);
  }
  return rows;
}

/// `classes`, where it is not null, receives the scores of the encoder's class heads.
Halfway encode_and_send(Context<float>& context, const PassInputs& inputs, const ChunkPlan& plan, bool predict,
                        ClassLoss* classes = nullptr) {
  const adaptive::Network& network = inputs.network;
  const adaptive::NetworkConfig& config = network.config();
  Halfway halfway;
  std::vector<RowMatrix<float>> patches;
  Index num_tokens = 0;
  for (const ImagePlan& image : plan.images) {
    patches.push_back(adaptive::image_patches(image.image, config.patch, config.margin));
    halfway.grids.push_back({image.image.height / config.patch, image.image.width / config.patch});
    num_tokens += patches.back().rows();
  }
  RowMatrix<float> stacked(num_tokens, config.patch_reals());
  Index at = 0;
  for (const RowMatrix<float>& one : patches) {
    stacked.middleRows(at, one.rows()) = one;
    at += one.rows();
  }

  std::vector<Condition> conditions = encoder_conditions(plan, config);
  const Var<float> condition = network.encoder_condition(context, conditions);
  Tokens<float> tokens = network.embed<float>(context, stacked, halfway.grids);
  if (predict && config.rate_gate) {
    std::vector<Index> samples(plan.images.size());
    std::iota(samples.begin(), samples.end(), Index(0));
    halfway.rate_prediction = network.predict_rate(context, tokens, conditions, samples);
  }
  for (Index blocks = 0;; ++blocks) {
    if (blocks == config.select_after) {
      halfway.scores = network.token_scores(context, tokens);
      halfway.scored = tokens.layout.places;
      if (classes != nullptr && !config.reconstructs())
        classes->add(network.probe_classes(context, tokens, halfway.scores), 1);
      network.keep(context, tokens, choose_rows(plan, tokens, halfway.scores));
    }
    if (classes != nullptr && blocks >= config.first_encoder_exit())
      classes->add(network.encoder_classes(context, blocks, tokens, condition), inputs.settings.local_class_weight);
    if (blocks == plan.encoder_exit) break;
    network.encoder_block(context, blocks, tokens, condition, adaptive::window_shift(halfway.grids.front(), blocks));
  }
  if (predict && plan.encoder_exit < config.encoder_blocks)
    halfway.encoder_prediction = network.predict_encoder(context, plan.encoder_exit, tokens, condition);
  std::vector<Index> widths;
  for (const ImagePlan& image : plan.images) widths.push_back(image.width);
  const Var<float> symbols = network.symbols(context, plan.encoder_exit, tokens, condition, widths);
  Transmission sent = transmit(context, symbols, tokens.layout.samples, plan, inputs.channels, config.max_width);
  for (std::size_t s = 0; s < conditions.size(); ++s) {
    conditions[s].snr_db = sent.snr_db[s];
    conditions[s].encoder_exit = plan.encoder_exit;
  }
  halfway.decoder_conditions = std::move(conditions);
  halfway.sent = tokens.layout.places;
  halfway.received = sent.received;
  return halfway;
}

/// The decoder, exit by exit. Exits must be asked for in rising order.
class Decoder {
 public:
  /// `depth`: how a training draws; null to decide as a receiver does.
  Decoder(Context<float>& context, const adaptive::Network& network, const Halfway& halfway,
          const adaptive::DepthTraining* depth)
      : context_(context),
        network_(network),
        grids_(halfway.grids),
        condition_(network.decoder_condition(context, halfway.decoder_conditions)),
        linear_(network.config().reconstructs()
                    ? network.linear_pixels(context, halfway.received, condition_, halfway.sent, halfway.grids)
                    : Var<float>()),
        way_(adaptive::start_depth<float>({context, network, condition_, grids_, {}, depth},
                                          network.receive(context, halfway.received, halfway.sent, halfway.grids))),
        aggregate_(context, network, condition_, grids_) {}

  /// Image of exit `exit`, whose gradient on what it reads is multiplied by `gradient`.
  Var<float> pixels(Index exit, float gradient = 1) {
    advance(exit);
    const bool whole = gradient == 1;
    return way_->pixels(whole ? linear_ : nn::scale_gradient(context_, linear_, gradient), gradient);
  }
  /// Class scores of exit `exit`.
  Var<float> classes(Index exit, float gradient = 1) {
    advance(exit);
    Tokens<float> seen = way_->output();
    if (gradient != 1) seen.x = nn::scale_gradient(context_, seen.x, gradient);
    return network_.classes(context_, exit, seen, condition_);
  }
  Var<float> predict(Index exit) {
    advance(exit);
    return network_.predict(context_, exit, way_->output(), condition_);
  }

  adaptive::DepthRun<float>& way() { return *way_; }
  /// Asked for before the first exit: images of all exits are made on the way.
  void keep_images() { keeps_images_ = true; }
  /// Images of the exits passed.
  const std::vector<Var<float>>& passed() const { return passed_; }
  /// Mean of the exits passed and of this last image, by the network's own weights.
  Var<float> aggregate(const Var<float>& last) { return aggregate_.finish(last); }

 private:
  void advance(Index exit) {
    for (; way_->blocks() < exit; way_->advance()) {
      if (!keeps_images_) continue;
      passed_.push_back(way_->pixels(linear_));
      if (network_.config().aggregate) aggregate_.pass(*way_, passed_.back());
    }
  }

  Context<float>& context_;
  const adaptive::Network& network_;
  const std::vector<Grid>& grids_;
  Var<float> condition_;
  Var<float> linear_;
  std::unique_ptr<adaptive::DepthRun<float>> way_;
  adaptive::Aggregate<float> aggregate_;
  bool keeps_images_ = false;
  std::vector<Var<float>> passed_;
};

std::vector<float> stack_targets(const ChunkPlan& plan) {
  std::vector<float> targets;
  for (const ImagePlan& image : plan.images)
    targets.insert(targets.end(), image.image.values.begin(), image.image.values.end());
  return targets;
}

std::vector<double> image_errors(const ChunkPlan& plan, const Var<float>& pixels, const std::vector<float>& targets) {
  std::vector<double> errors;
  std::size_t at = 0;
  for (const ImagePlan& image : plan.images) {
    double sum = 0;
    for (std::size_t i = 0; i < image.image.values.size(); ++i, ++at) {
      const double difference = static_cast<double>(pixels.data()[at]) - static_cast<double>(targets[at]);
      sum += difference * difference;
    }
    errors.push_back(sum / static_cast<double>(image.image.values.size()));
  }
  return errors;
}

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

Context<float> training_context(const PassInputs& inputs, const nn::FlatVector<float>& parameters,
                                nn::FlatVector<float>* gradients, nn::Tape<float>& tape) {
  tape.clear();
  return {tape,       inputs.network.layout(),
          parameters, gradients,
          nullptr,    inputs.settings.precision == "bf16" ? kernels::Precision::bf16 : kernels::Precision::f32};
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

float ln_error(double mse) { return static_cast<float>(std::log(std::max(kSmallestMse, mse))); }

/// How far the rate gate is off; `errors` are those of the last exit.
Var<float> rate_loss(Context<float>& context, const TrainSettings& settings, const Halfway& halfway,
                     const std::vector<double>& errors) {
  std::vector<float> wanted;
  for (const double mse : errors) wanted.push_back(ln_error(mse));
  return nn::squared_error<float>(context, halfway.rate_prediction, wanted,
                                  std::vector<float>(errors.size(), 1.0F / static_cast<float>(settings.batch)));
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
  report.mse = image_errors(plan, images.last, targets);
  std::vector<double> last_weights, early_weights;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const Condition& condition = halfway.decoder_conditions[i];
    report.balance_bin.push_back(LossBalance::bin(*condition.snr_db, condition.width, condition.kept_share));
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
                                depth.score_function(context, decoder.way(), of_images.now, of_images.typical)})
    if (!one.empty()) loss = nn::add(context, loss, one);
  for (const Var<float>& one : routers.losses) loss = nn::add(context, loss, one);
  if (config.reconstructs()) {
    const std::vector<float> errors = token_errors(plan, halfway, config.patch, images.last, targets);
    constexpr double kScoreWeight = 1e-4;  // small beside the image's loss; the scorer's slots see no other gradient
    loss = nn::add(context, loss,
                   score_loss(context, plan, halfway, errors, kScoreWeight / static_cast<double>(settings.batch)));
  }
  tape.backward(loss);
  return report;
}

ChunkReport gates_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                       nn::FlatVector<float>& gradients, nn::Tape<float>& tape) {
  Context<float> context = training_context(inputs, parameters, &gradients, tape);
  const adaptive::NetworkConfig& config = inputs.network.config();
  const Halfway halfway = encode_and_send(context, inputs, plan, true);
  Decoder decoder(context, inputs.network, halfway, nullptr);
  const std::vector<float> targets = stack_targets(plan);

  std::vector<Var<float>> predictions;
  std::vector<std::vector<double>> errors;
  for (Index exit = 0; exit <= config.decoder_blocks; ++exit) {
    errors.push_back(image_errors(plan, decoder.pixels(exit), targets));
    if (exit < config.decoder_blocks) predictions.push_back(decoder.predict(exit));
  }
  ChunkReport report{.num_images = plan.images.size()};
  report.mse = errors.back();

  const float weight = 1.0F / static_cast<float>(inputs.settings.batch);
  const auto num_images = plan.images.size();
  Var<float> loss;
  const auto add_loss = [&](const Var<float>& prediction, const std::vector<double>& now,
                            const std::vector<double>& next) {
    std::vector<float> wanted;
    for (std::size_t i = 0; i < num_images; ++i) {
      wanted.push_back(ln_error(now[i]));
      wanted.push_back(ln_error(next[i]) - ln_error(now[i]));
    }
    const Var<float> one =
        nn::squared_error<float>(context, prediction, wanted, std::vector<float>(num_images, weight));
    loss = loss.empty() ? one : nn::add(context, loss, one);
  };
  for (std::size_t exit = 0; exit < predictions.size(); ++exit)
    add_loss(predictions[exit], errors[exit], errors[exit + 1]);
  if (!halfway.encoder_prediction.empty()) {
    ChunkPlan deeper = plan;
    ++deeper.encoder_exit;
    nn::Tape<float> other(false);
    add_loss(halfway.encoder_prediction, report.mse, measure(inputs, deeper, parameters, other).mse);
  }
  if (!halfway.rate_prediction.empty())
    loss = nn::add(context, loss, rate_loss(context, inputs.settings, halfway, report.mse));
  report.loss = static_cast<double>(loss.value()(0, 0));
  report.balance_bin.assign(num_images, 0);
  tape.backward(loss);
  return report;
}

ChunkReport rate_gate_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                           nn::FlatVector<float>& gradients, nn::Tape<float>& tape) {
  Context<float> context = training_context(inputs, parameters, &gradients, tape);
  const Halfway halfway = encode_and_send(context, inputs, plan, true);
  Decoder decoder(context, inputs.network, halfway, nullptr);
  ChunkReport report{.num_images = plan.images.size()};
  report.mse = image_errors(plan, decoder.pixels(inputs.network.config().decoder_blocks), stack_targets(plan));
  report.balance_bin.assign(report.num_images, 0);
  const Var<float> loss = rate_loss(context, inputs.settings, halfway, report.mse);
  report.loss = static_cast<double>(loss.value()(0, 0));
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
