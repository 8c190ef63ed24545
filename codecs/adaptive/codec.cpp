#include <semlink/codecs/adaptive/codec.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/adaptive/depth/aggregate.h>
#include <semlink/codecs/adaptive/reception.h>
#include <semlink/core/error.h>
#include <semlink/core/profile.h>

namespace semlink::adaptive {

namespace {

constexpr float kMidGrey = 0.5F;
constexpr Index kMaxTokens = 65535;

nn::Grid grid_of(Index height, Index width, Index patch) {
  if (height % patch != 0 || width % patch != 0 || height * width / (patch * patch) > kMaxTokens)
    throw Error(ErrorCode::bad_argument, "image of " + std::to_string(height) + "x" + std::to_string(width) +
                                             " pixels: expected sides that are multiples of " + std::to_string(patch) +
                                             " and at most " + std::to_string(kMaxTokens) + " tokens");
  return {height / patch, width / patch};
}

Image plain_image(Index height, Index width) {
  return {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width), kMidGrey)};
}

/// Symbols row after row in the order of `places`, the raster indices of the tokens' places. `reals` [rows, 2
/// max_width].
Symbols collect_symbols(const nn::Var<float>& reals, const TokenLayout& layout, const nn::Grid& grid,
                        const std::vector<Index>& places, Index width) {
  std::vector<Index> row_at(static_cast<std::size_t>(grid.num_tokens()), -1);
  for (std::size_t row = 0; row < layout.places.size(); ++row)
    row_at[static_cast<std::size_t>(layout.places[row].y * grid.width + layout.places[row].x)] =
        static_cast<Index>(row);
  Symbols symbols(static_cast<Index>(places.size()) * width, 1);
  Index at = 0;
  for (const Index place : places)
    for (Index i = 0; i < width; ++i) {
      const float* pair = reals.data() + row_at[static_cast<std::size_t>(place)] * reals.cols() + 2 * i;
      symbols(at++, 0) = {pair[0], pair[1]};
    }
  return symbols;
}

/// What a gate reads of a prediction: ln(mse) and ln(mse next / mse).
void fill_prediction(GateQuery& query, const nn::Var<float>& prediction) {
  query.predicted_mse = std::exp(static_cast<double>(prediction.data()[0]));
  query.predicted_mse_next = query.predicted_mse * std::exp(static_cast<double>(prediction.data()[1]));
}

/// The same for a trace, when the policy did not ask for it: `predict(context)` is not charged. `predicts` says whether
/// the network has learned to.
template <typename Predict>
void note_stage(DecisionTrace* decisions, const nn::Context<float>& context, GateQuery query, bool opened,
                bool predicts, const Predict& predict) {
  if (decisions == nullptr) return;
  if (query.predicted_mse < 0 && predicts) {
    nn::Context<float> free_of_charge = context;
    free_of_charge.ledger = nullptr;
    fill_prediction(query, predict(free_of_charge));
  }
  decisions->note_stage(query, opened);
}

/// What ran on which tokens, and by which experts.
void note_blocks(DecisionTrace* decisions, const std::vector<nn::BlockNote>& notes,
                 const std::vector<nn::Routing>& routings, const nn::Grid& grid) {
  if (decisions == nullptr) return;
  const auto num_tokens = static_cast<std::size_t>(grid.num_tokens());
  for (const nn::BlockNote& note : notes) {
    BlockMap map{note.block, std::vector<bool>(num_tokens, false), {}};
    const auto token = [&](Index row) {
      const auto& place = note.places[static_cast<std::size_t>(row)];
      return static_cast<std::size_t>(place[0] * grid.width + place[1]);
    };
    for (std::size_t row = 0; row < note.places.size(); ++row) map.ran[token(static_cast<Index>(row))] = true;
    const bool routed = note.routing >= 0 && !routings[static_cast<std::size_t>(note.routing)].rows.empty();
    if (routed) {
      const auto& rows = routings[static_cast<std::size_t>(note.routing)].rows;
      map.expert.assign(num_tokens, -1);
      for (std::size_t expert = rows.size(); expert-- > 0;)
        for (const Index row : rows[expert]) map.expert[token(row)] = static_cast<Index>(expert);
    }
    decisions->blocks.push_back(std::move(map));
  }
}

/// The row that each token went to mostly. A block on rows, which has noted what happened at their places, is then told
/// of all tokens; `rows` are the places' raster indices.
void note_pooling(DecisionTrace* decisions, const std::vector<nn::PoolNote>& notes, const nn::Grid& grid,
                  Index first_block, const std::vector<Index>& rows) {
  if (decisions == nullptr || notes.empty()) return;
  decisions->pooled.resize(static_cast<std::size_t>(grid.num_tokens()));
  for (const nn::PoolNote& note : notes)
    decisions->pooled[static_cast<std::size_t>(note.place[0] * grid.width + note.place[1])] = note.row;
  for (BlockMap& map : decisions->blocks) {
    if (map.block < first_block) continue;
    const BlockMap at_places = map;
    for (std::size_t token = 0; token < map.ran.size(); ++token) {
      const auto place = static_cast<std::size_t>(rows[static_cast<std::size_t>(decisions->pooled[token])]);
      map.ran[token] = at_places.ran[place];
      if (!map.expert.empty()) map.expert[token] = at_places.expert[place];
    }
  }
}

/// How the tokens spread over the experts of all blocks that ran.
void describe_experts(const std::vector<nn::Routing>& routings, Output& output) {
  if (routings.empty()) return;
  double visits = 0, overflowed = 0;
  output.expert_load.assign(routings.front().load().size(), 0);
  for (const nn::Routing& routing : routings) {
    overflowed += static_cast<double>(routing.overflowed);
    const std::vector<double> by_expert = routing.visits();
    for (std::size_t e = 0; e < by_expert.size(); ++e) {
      output.expert_load[e] += by_expert[e];
      visits += by_expert[e];
    }
  }
  for (double& load : output.expert_load) load /= std::max(1.0, visits);
  output.expert_overflow = overflowed / std::max(1.0, visits + overflowed);
}

/// Mean of the squared differences of two images.
double mean_squared_change(const nn::Var<float>& a, const nn::Var<float>& b) {
  double sum = 0;
  const Index count = a.rows() * a.cols();
  for (Index i = 0; i < count; ++i) {
    const double difference = static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]);
    sum += difference * difference;
  }
  return sum / static_cast<double>(count);
}

/// Rows' description for the decoder, [rows, 3 max_width].
RowMatrix<float> describe(const Received& received, const Header& header, Index max_width) {
  const Index count = header.map.num_rows();
  const auto width = static_cast<std::size_t>(header.width);
  RowMatrix<float> out(count, 3 * max_width);
  for (Index t = 0; t < count; ++t)
    describe_token({received.symbols.data() + t * header.width, width},
                   {received.noise_var.data() + t * header.width, width}, max_width, out.row(t).data());
  return out;
}

/// Tokens that are made from rows of the payload, and from which; `sources` empty where every row makes its own.
struct Restored {
  std::vector<TokenPlace> places;
  std::vector<Index> sources;
};

/// The tokens that rows below `num_rows` restore.
Restored restored_from(const TokenMap& map, const nn::Grid& grid, Index num_rows) {
  Restored restored;
  const auto place = [&](Index token) {
    return TokenPlace{0, static_cast<std::int32_t>(token / grid.width), static_cast<std::int32_t>(token % grid.width)};
  };
  if (map.source.empty()) {
    for (const Index token : map.tokens) restored.places.push_back(place(token));
    return restored;
  }
  for (std::size_t token = 0; token < map.source.size(); ++token) {
    if (map.source[token] < 0 || map.source[token] >= num_rows) continue;
    restored.places.push_back(place(static_cast<Index>(token)));
    restored.sources.push_back(map.source[token]);
  }
  return restored;
}

}  // namespace

AdaptiveCodec::AdaptiveCodec(Model model, const Rate& rate, const DepthOptions& depth, bool local_decision)
    : model_(std::move(model)),
      rate_(rate),
      selector_(find_selector(rate.selection)),
      format_(selector_, model_.config),
      rate_rule_(find_rate_rule(rate.rule)),
      depth_(depth),
      local_decision_(local_decision),
      network_(model_.config),
      packed_(network_.layout(), model_.values) {
  const NetworkConfig& config = model_.config;
  depth_.check(config);
  if (config.pools() && (rate.selection != "learned" || rate.keep_ratio < 1))
    throw Error(ErrorCode::bad_scenario,
                rate.keep_ratio < 1
                    ? "codec.keep_ratio is below 1: expected 1, for these codec.weights pool tokens and send all rows "
                      "(network.pooled_tokens)"
                    : "codec.selection = " + rate.selection +
                          ": expected learned, the default, for these codec.weights pool tokens and select none "
                          "(network.pooled_tokens)");
  if (selector_.reads_attention && config.select_after == 0)
    throw Error(ErrorCode::bad_scenario,
                "codec.selection = " + rate.selection + ": expected a network with network.select_after of at least 1");
  if (selector_.count_varies && !config.reconstructs())
    throw Error(ErrorCode::bad_scenario, "codec.selection = " + rate.selection +
                                             ": expected weights that give images, whose errors it compares");
  if (rate_rule_.width != nullptr && !config.rate_gate)
    throw Error(ErrorCode::bad_scenario, "codec.rate = " + rate.rule +
                                             ": expected codec.weights that predict the receiver's error "
                                             "(network.rate_gate = true)");
  if (local_decision && (!config.classifies() || config.num_classes > kMaxHeaderClasses))
    throw Error(ErrorCode::bad_scenario, "transmitter.local_decision = yes: expected codec.weights of at most " +
                                             std::to_string(kMaxHeaderClasses) +
                                             " classes (network.task = classification or both)");
}

void AdaptiveCodec::check_policies(const GatePolicy& encoder_gate, const GatePolicy& gate) const {
  const auto require = [](bool holds, const std::string& section, const std::string& expected) {
    if (!holds) throw Error(ErrorCode::bad_scenario, section + ".policy: expected " + expected);
  };
  const NetworkConfig& config = model_.config;
  for (const auto& [section, policy] : {std::pair<std::string, const GatePolicy&>("encoder_gate", encoder_gate),
                                        std::pair<std::string, const GatePolicy&>("gate", gate)}) {
    require(!policy.needs_classes() || config.classifies(), section,
            "one that needs no classes, for these codec.weights have none (network.task = reconstruction)");
    require((!policy.needs_prediction() && !policy.needs_output_changes()) || config.reconstructs(), section,
            "one that looks at no image, for these codec.weights give none (network.task = classification)");
  }
  require(!local_decision_ || encoder_gate.needs_classes(), "encoder_gate",
          "one that decides on classes, such as confidence, with transmitter.local_decision");
}

Output AdaptiveCodec::blank_output(const DecodeWork& work) const {
  Output output;
  if (model_.config.reconstructs()) output.image = plain_image(work.image_height, work.image_width);
  if (model_.config.classifies()) output.logits = Eigen::VectorXf::Zero(model_.config.num_classes);
  return output;
}

nn::Context<float> AdaptiveCodec::context(nn::Tape<float>& tape, MacLedger& ledger) const {
  nn::Context<float> context{tape, network_.layout(), model_.values, nullptr, &ledger};
  context.packed = &packed_;
  return context;
}

Index AdaptiveCodec::num_rows(const nn::Grid& grid, Index tokens) const {
  if (model_.config.pools()) return num_pooled_rows(grid, model_.config.pooled_tokens);
  return tokens + (tokens < grid.num_tokens() ? selector_.map.rest_rows(grid) : 0);
}

Condition AdaptiveCodec::condition(const EncodeWork& work, const nn::Grid& grid, const RatePlan& plan) const {
  const double share = static_cast<double>(plan.tokens) / static_cast<double>(grid.num_tokens());
  return {work.snr_report, plan.width, selector_.map.covers_grid ? 1 : share};
}

Index AdaptiveCodec::worth(nn::Context<float>& context, const EncodeWork& work, const nn::Grid& grid,
                           const RatePlan& plan, const Tokens<float>& tokens) const {
  std::vector<Condition> conditions;
  for (Index width = 1; width <= plan.width; ++width) conditions.push_back(condition(work, grid, {plan.tokens, width}));
  const Var<float> ln_mse =
      network_.predict_rate(context, tokens, conditions, std::vector<Index>(conditions.size(), 0));
  std::vector<double> mse;
  for (Index i = 0; i < plan.width; ++i) mse.push_back(std::exp(static_cast<double>(ln_mse.data()[i])));
  const Index patch = model_.config.patch;
  const auto num_reals = static_cast<double>(3 * patch * patch * grid.num_tokens());
  const Index width = rate_rule_.width({.mse = mse,
                                        .ratio_per_width = static_cast<double>(num_rows(grid, plan.tokens)) / num_reals,
                                        .least_gain = rate_.least_gain,
                                        .target_psnr_db = rate_.target_psnr_db});
  if (work.decisions != nullptr) {
    work.decisions->rate_mse = mse;
    work.decisions->width = width;
  }
  return width;
}

RatePlan AdaptiveCodec::plan(const nn::Grid& grid, Index tokens, const EncodeWork& work) const {
  const NetworkConfig& config = model_.config;
  const Index patch = config.patch;
  const Index budget = std::llround(rate_.bandwidth_ratio * static_cast<double>(3 * patch * patch * grid.num_tokens()));
  const Index rows = num_rows(grid, tokens);
  const Index positions = map_bits(grid, tokens, selector_);
  const Index left = budget - (positions > 0 ? work.side_info_uses(positions) : 0);
  if (left < rows) return {};
  return {tokens, std::min({left / rows, config.row_width(), config.row_width_for(rate_.max_width)})};
}

RatePlan AdaptiveCodec::plan_at_most(const nn::Grid& grid, Index most, const EncodeWork& work) const {
  RatePlan found;
  for (Index tokens = most; found.tokens == 0 && tokens >= selector_.map.fewest(grid); --tokens)
    found = plan(grid, tokens, work);
  return found;
}

RatePlan AdaptiveCodec::plan_nearest(const nn::Grid& grid, const EncodeWork& work) const {
  const Index wanted = std::clamp<Index>(std::llround(rate_.keep_ratio * static_cast<double>(grid.num_tokens())),
                                         selector_.map.fewest(grid), grid.num_tokens());
  if (model_.config.pools()) return plan(grid, wanted, work);
  RatePlan found = plan_at_most(grid, wanted, work);
  for (Index more = wanted + 1; found.tokens == 0 && more <= grid.num_tokens(); ++more) found = plan(grid, more, work);
  return found;
}

Payload AdaptiveCodec::encode(const Sample& sample, EncodeWork& work) const {
  const NetworkConfig& config = model_.config;
  const nn::Grid grid = grid_of(sample.image.height, sample.image.width, config.patch);
  RatePlan plan = plan_nearest(grid, work);
  Payload payload;
  payload.num_tokens = grid.num_tokens();
  payload.symbols.resize(0, 1);
  if (plan.tokens == 0) {
    payload.side_info = write_header({grid, 1, 1, {}}, format_);
    return payload;
  }

  const nn::TapePool::Loan tape = tapes_.borrow();
  nn::Context<float> context = this->context(*tape, work.ledger);
  const std::int64_t macs_before = work.ledger.macs;
  nn::AttentionRecord<float> attention;
  std::vector<nn::Routing> routings;
  std::vector<nn::BlockNote> notes;
  std::vector<nn::PoolNote> pooled;
  if (work.decisions != nullptr) {
    context.routings = &routings;
    context.blocks = &notes;
    context.pooled = &pooled;
  }
  const auto condition_of = [&](const RatePlan& rate) {
    return network_.encoder_condition(context, {this->condition(work, grid, rate)});
  };
  ProfileSequence part(work.ledger.profile);
  part.next("embed", work.ledger);
  Tokens<float> tokens =
      network_.embed<float>(context, image_patches(sample.image, config.patch, config.margin), {grid});
  Index max_width = config.row_width();
  if (rate_rule_.width != nullptr) {
    part.next("gates", work.ledger);
    max_width = plan.width = worth(context, work, grid, plan, tokens);
  }
  ChosenTokens chosen = all_tokens(grid, plan);
  part.next("embed", work.ledger);
  Var<float> condition = condition_of(plan);
  double token_blocks = 0;
  ClassView classes;
  Index exit = 0;
  for (;; ++exit) {
    if (config.pools() && exit == config.pool_after) {
      part.next("select", work.ledger);
      network_.pool(context, tokens);
      chosen = pooled_rows(grid, plan, tokens.layout);
    }
    if (!config.pools() && exit == config.select_after && (plan.tokens < grid.num_tokens() || selector_.count_varies)) {
      part.next("select", work.ledger);
      chosen = choose(context, work, grid, plan, max_width, tokens, attention);
      if (!chosen.groups.empty()) merge_tokens(context, network_, tokens, chosen.groups);
      if (chosen.plan.tokens != plan.tokens || chosen.plan.width != plan.width) condition = condition_of(chosen.plan);
    }
    const bool last = exit == config.encoder_blocks;
    if (work.gate.needs_classes() && exit >= config.first_encoder_exit() && (!last || local_decision_)) {
      part.next("classes", work.ledger);
      classes.add(exit, network_.encoder_classes(context, exit, tokens, condition));
      GateQuery query{.stage = exit, .num_stages = config.encoder_blocks, .snr_db = work.snr_report};
      classes.describe(query);
      if (local_decision_ && work.gate.decides(query)) {
        payload.label = classes.decision();
        break;
      }
    }
    if (last) break;
    if (exit >= config.first_encoder_exit()) {
      part.next("gates", work.ledger);
      GateQuery query{.stage = exit, .num_stages = config.encoder_blocks, .snr_db = work.snr_report};
      classes.describe(query);
      query.macs_next = network_.encoder_block_macs(exit, tokens, window_shift(grid, exit));
      if (work.gate.needs_prediction())
        fill_prediction(query, network_.predict_encoder(context, exit, tokens, condition));
      query.macs_spent = work.ledger.macs - macs_before;
      const bool opened = work.gate.open(query);
      note_stage(work.decisions, context, query, opened, config.reconstructs(),
                 [&](nn::Context<float>& free_of_charge) {
                   return network_.predict_encoder(free_of_charge, exit, tokens, condition);
                 });
      if (!opened) break;
    }
    part.next("block", work.ledger, exit + 1);
    const bool watched = selector_.reads_attention && exit + 1 == config.select_after;
    context.attention = watched ? &attention : nullptr;
    network_.encoder_block(context, exit, tokens, condition, window_shift(grid, exit));
    token_blocks += static_cast<double>(tokens.x.rows());
  }
  note_blocks(work.decisions, notes, routings, grid);
  note_pooling(work.decisions, pooled, grid, config.pool_after, chosen.places);
  payload.encoder_depth = token_blocks / static_cast<double>(grid.num_tokens());
  if (payload.label >= 0) {
    Header decided;
    decided.label = payload.label;
    payload.side_info = write_header(decided, format_);
    return payload;
  }
  part.next("symbols", work.ledger);
  const Index width = chosen.plan.width;
  std::vector<double> energies;
  const Var<float> reals = network_.symbols(context, exit, tokens, condition, {width}, &energies);
  payload.symbols = collect_symbols(reals, tokens.layout, grid, chosen.places, width);
  work.unscaled_power = energies.front() / static_cast<double>(payload.symbols.rows());
  payload.tokens_kept = static_cast<Index>(chosen.places.size());
  payload.side_info = write_header({grid, exit, width, std::move(chosen.map)}, format_);
  return payload;
}

ChosenTokens AdaptiveCodec::choose(nn::Context<float>& context, EncodeWork& work, const nn::Grid& grid,
                                   const RatePlan& plan, Index max_width, const Tokens<float>& tokens,
                                   const nn::AttentionRecord<float>& attention) const {
  Var<float> scores;
  if (selector_.reads_scores) scores = network_.token_scores(context, tokens);
  SelectQuery query{.grid = grid,
                    .places = tokens.layout.places,
                    .attention = attention.received,
                    .keys = attention.keys,
                    .keep_threshold = rate_.keep_threshold,
                    .rng = work.rng,
                    .ledger = work.ledger};
  if (selector_.reads_scores) query.scores = {scores.data(), static_cast<std::size_t>(scores.rows())};
  return choose_tokens(selector_, query, plan, [&](Index most) {
    RatePlan smaller = plan_at_most(grid, most, work);
    smaller.width = std::min(smaller.width, max_width);
    return smaller;
  });
}

std::optional<Header> AdaptiveCodec::fitting_header(const Received& received, const nn::Grid& grid,
                                                    const DecodeWork& work) const {
  if (!received.header_ok) return std::nullopt;
  std::optional<Header> header = read_header(received.side_info, format_, work.rng);
  if (!header) return std::nullopt;
  const NetworkConfig& config = model_.config;
  const bool all_rows = !config.pools() || header->label || header->map.num_rows() == num_rows(grid, grid.num_tokens());
  const bool fits = header->label ? config.classifies() && *header->label < config.num_classes
                                  : !header->map.tokens.empty() && header->grid.height == grid.height &&
                                        header->grid.width == grid.width && header->width <= config.row_width() &&
                                        all_rows && header->encoder_exit <= config.encoder_blocks &&
                                        header->map.num_rows() * header->width <= received.symbols.rows();
  return fits ? header : std::nullopt;
}

Output AdaptiveCodec::decode(const Received& received, DecodeWork& work) const {
  const NetworkConfig& config = model_.config;
  const nn::Grid grid = grid_of(work.image_height, work.image_width, config.patch);
  Output output = blank_output(work);
  const std::optional<Header> header = fitting_header(received, grid, work);
  if (!header) return output;
  if (header->label) {
    output.label = *header->label;
    output.logits.resize(0);
    return output;
  }

  const nn::TapePool::Loan tape = tapes_.borrow();
  nn::Context<float> context = this->context(*tape, work.ledger);
  const std::int64_t macs_before = work.ledger.macs;
  ProfileSequence part(work.ledger.profile);
  part.next("receive", work.ledger);
  // A rest fills in colours only: to the blocks its tokens are missing, which is what they know how to mend.
  const bool pools = config.pools();
  const Restored own = pools ? Restored{raster_places({grid}), {}}
                             : restored_from(header->map, grid, static_cast<Index>(header->map.tokens.size()));
  const Restored all = pools ? own : restored_from(header->map, grid, header->map.num_rows());
  const double kept_share = pools ? 1 : header->map.share(grid.num_tokens());
  const Var<float> condition =
      network_.decoder_condition(context, {{received.quality.snr_db, header->width, kept_share, header->encoder_exit}});
  std::vector<nn::Routing> routings;
  context.routings = &routings;
  std::vector<nn::BlockNote> notes;
  if (work.decisions != nullptr) context.blocks = &notes;
  Var<float> description = nn::input<float>(context, describe(received, *header, config.row_width()));
  if (pools) description = network_.unpool(context, description, {grid});
  Var<float> linear_part;
  if (config.reconstructs())
    linear_part = network_.linear_pixels(context, description, condition, all.places, {grid}, all.sources);
  const std::vector<nn::Grid> grids{grid};
  const std::unique_ptr<DepthRun<float>> way =
      start_depth<float>({context, network_, condition, grids, depth_},
                         network_.receive(context, description, own.places, grids, own.sources));
  Aggregate<float> aggregate(context, network_, condition, grids);

  Var<float> pixels;  // of exit `pixels_exit`
  Index pixels_exit = -1;
  std::vector<double> changes;
  ClassView classes;
  while (!way->finished()) {
    const Index exit = way->blocks();
    part.next("gates", work.ledger);
    GateQuery query{.stage = exit, .num_stages = config.decoder_blocks, .snr_db = received.quality.snr_db};
    if (work.gate.needs_output_changes() || depth_.aggregate) {
      const Var<float> now = way->pixels(linear_part);
      if (exit > 0) changes.push_back(mean_squared_change(pixels, now));
      pixels = now;
      pixels_exit = exit;
      query.output_changes = changes;
    }
    if (work.gate.needs_classes()) {
      classes.add(exit, network_.classes(context, exit, way->output(), condition));
      classes.describe(query);
    }
    query.macs_next = way->macs_next();
    if (work.gate.needs_prediction()) {
      fill_prediction(query, network_.predict(context, exit, way->output(), condition));
      output.predicted_mse = query.predicted_mse;
    }
    query.macs_spent = work.ledger.macs - macs_before;
    const bool opened = work.gate.open(query);
    note_stage(work.decisions, context, query, opened, config.reconstructs(), [&](nn::Context<float>& free_of_charge) {
      return network_.predict(free_of_charge, exit, way->output(), condition);
    });
    if (!opened) break;
    if (query.predicted_mse_next >= 0) output.predicted_mse = query.predicted_mse_next;
    if (depth_.aggregate) aggregate.pass(*way, pixels);
    part.next("block", work.ledger, exit + 1);
    way->advance();
  }
  if (config.reconstructs()) {
    part.next("pixels", work.ledger);
    if (pixels_exit != way->blocks()) pixels = way->pixels(linear_part);
    if (depth_.aggregate) pixels = aggregate.finish(pixels);
    output.image = {work.image_height, work.image_width,
                    std::vector<float>(pixels.data(), pixels.data() + pixels.rows() * pixels.cols())};
  }
  if (config.classifies()) {
    part.next("classes", work.ledger);
    if (classes.exit() != way->blocks())
      classes.add(way->blocks(), network_.classes(context, way->exit(), way->output(), condition));
    output.logits = classes.logits();
  }
  output.exit_index = way->exit();
  describe_experts(routings, output);
  note_blocks(work.decisions, notes, routings, grid);
  output.decoder_depth = way->depth(0);
  return output;
}

Index AdaptiveCodec::next_side_info_bits(std::span<const Bits> pieces) const {
  return next_header_bits(pieces, format_);
}

bool AdaptiveCodec::next_is_positions(std::span<const Bits> pieces) const {
  return adaptive::next_is_positions(pieces, format_);
}

}  // namespace semlink::adaptive
