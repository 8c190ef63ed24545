#include <semlink/train/chunk_way.h>

#include <numeric>

#include <semlink/codecs/adaptive/selection.h>

namespace semlink::train {

using adaptive::Condition;
using adaptive::Tokens;
using nn::Context;
using nn::Var;

namespace {

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

kernels::Precision precision_of(const TrainSettings& settings) {
  const bool wants_bf16 = settings.precision == "bf16" || (settings.precision == "auto" && kernels::has_bf16());
  return wants_bf16 ? kernels::Precision::bf16 : kernels::Precision::f32;
}

}  // namespace

Halfway encode_and_send(Context<float>& context, const PassInputs& inputs, const ChunkPlan& plan, bool predict,
                        ClassLoss* classes) {
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

Context<float> training_context(const PassInputs& inputs, const nn::FlatVector<float>& parameters,
                                nn::FlatVector<float>* gradients, nn::Tape<float>& tape) {
  tape.clear();
  return {tape, inputs.network.layout(), parameters, gradients, nullptr, precision_of(inputs.settings)};
}

}  // namespace semlink::train
