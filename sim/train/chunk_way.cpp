#include <semlink/train/chunk_way.h>

#include <algorithm>
#include <numeric>

#include <semlink/codecs/adaptive/selection.h>
#include <semlink/codecs/adaptive/token_choice.h>

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
    const double share = static_cast<double>(image.tokens_kept) / num_tokens;
    // Merged tokens all have a row that stands for them, which is what both ends are told of `merge`.
    conditions.push_back({image.report, image.width, image.selection == Selection::merged ? 1 : share});
  }
  return conditions;
}

/// What `codec.selection = merge` makes of one sample, rows counted in the chunk.
std::vector<adaptive::TokenGroup> merged_groups(const ImagePlan& image, const nn::Grid& grid,
                                                const Tokens<float>& tokens, Index sample,
                                                const nn::AttentionRecord<float>& attention) {
  const Index first = tokens.layout.samples.first(sample), count = tokens.layout.samples.count(sample);
  const RowMatrix<float> keys = attention.keys.middleRows(first, count);
  MacLedger not_counted;
  const adaptive::SelectQuery query{.grid = grid,
                                    .places = {tokens.layout.places.data() + first, static_cast<std::size_t>(count)},
                                    .count = image.tokens_kept,
                                    .keys = keys,
                                    .rng = image.address,
                                    .ledger = not_counted};
  std::vector<adaptive::TokenGroup> groups = adaptive::find_selector("merge").choose(query);
  for (adaptive::TokenGroup& group : groups) {
    group.row += first;
    for (Index& member : group.members) member += first;
  }
  return groups;
}

/// Rows that stay: per image the tokens of highest score, spread over it, a seeded random choice, or merged ones.
std::vector<adaptive::TokenGroup> choose_groups(const ChunkPlan& plan, const std::vector<nn::Grid>& grids,
                                                const Tokens<float>& tokens, const Var<float>& scores,
                                                const nn::AttentionRecord<float>& attention) {
  std::vector<adaptive::TokenGroup> groups;
  for (Index s = 0; s < tokens.layout.samples.size(); ++s) {
    const ImagePlan& image = plan.images[static_cast<std::size_t>(s)];
    const Index first = tokens.layout.samples.first(s), count = tokens.layout.samples.count(s);
    if (image.selection == Selection::merged) {
      const auto merged = merged_groups(image, grids[static_cast<std::size_t>(s)], tokens, s, attention);
      groups.insert(groups.end(), merged.begin(), merged.end());
      continue;
    }
    std::vector<float> ranks(scores.data() + first, scores.data() + first + count);
    if (image.selection == Selection::random) {
      Stream stream = image.address.stream(Purpose::codec);
      for (float& rank : ranks) rank = static_cast<float>(stream.uniform());
    }
    const std::span places(tokens.layout.places.data() + first, static_cast<std::size_t>(count));
    const bool scored = image.selection == Selection::scored;
    for (const Index i : scored ? adaptive::highest_spread(ranks, places, image.tokens_kept)
                                : adaptive::highest(ranks, image.tokens_kept))
      groups.push_back({first + i, {}, {}, 1, false});
  }
  return groups;
}

/// The tokens that are made from the groups' rows, and from which.
void note_sent(const Tokens<float>& tokens, const std::vector<adaptive::TokenGroup>& groups, Halfway& halfway) {
  const auto sent = [&](Index token, std::size_t row) {
    halfway.sent.push_back(tokens.layout.places[static_cast<std::size_t>(token)]);
    halfway.sources.push_back(static_cast<Index>(row));
  };
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (groups[row].members.empty()) sent(groups[row].row, row);
    for (const Index member : groups[row].members) sent(member, row);
  }
  if (halfway.sources.size() == groups.size()) halfway.sources.clear();
}

bool merges_tokens(const ChunkPlan& plan) {
  return std::any_of(plan.images.begin(), plan.images.end(),
                     [](const ImagePlan& image) { return image.selection == Selection::merged; });
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
  nn::AttentionRecord<float> attention;
  for (Index blocks = 0;; ++blocks) {
    if (config.pools() && blocks == config.pool_after) network.pool(context, tokens);
    if (!config.pools() && blocks == config.select_after) {
      halfway.scores = network.token_scores(context, tokens);
      halfway.scored = tokens.layout.places;
      if (classes != nullptr && !config.reconstructs())
        classes->add(network.probe_classes(context, tokens, halfway.scores), 1);
      const auto groups = choose_groups(plan, halfway.grids, tokens, halfway.scores, attention);
      note_sent(tokens, groups, halfway);
      adaptive::merge_tokens(context, network, tokens, groups);
    }
    if (classes != nullptr && blocks >= config.first_encoder_exit())
      classes->add(network.encoder_classes(context, blocks, tokens, condition), inputs.settings.local_class_weight);
    if (blocks == plan.encoder_exit) break;
    context.attention = merges_tokens(plan) && blocks + 1 == config.select_after ? &attention : nullptr;
    network.encoder_block(context, blocks, tokens, condition, adaptive::window_shift(halfway.grids.front(), blocks));
    context.attention = nullptr;
  }
  if (predict && plan.encoder_exit < config.encoder_blocks)
    halfway.encoder_prediction = network.predict_encoder(context, plan.encoder_exit, tokens, condition);
  std::vector<Index> widths;
  for (const ImagePlan& image : plan.images) widths.push_back(image.width);
  const Var<float> symbols = network.symbols(context, plan.encoder_exit, tokens, condition, widths);
  Transmission sent = transmit(context, symbols, tokens.layout.samples, plan, inputs.channels, config.row_width());
  for (std::size_t s = 0; s < conditions.size(); ++s) {
    conditions[s].snr_db = sent.snr_db[s];
    conditions[s].encoder_exit = plan.encoder_exit;
  }
  halfway.decoder_conditions = std::move(conditions);
  if (config.pools()) halfway.sent = adaptive::raster_places(halfway.grids);
  halfway.received = config.pools() ? network.unpool(context, sent.received, halfway.grids) : sent.received;
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
