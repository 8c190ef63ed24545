#include <semlink/codecs/adaptive/codec.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <semlink/codecs/adaptive/notes.h>
#include <semlink/core/profile.h>

namespace semlink::adaptive {

namespace {

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

}  // namespace

Condition AdaptiveCodec::condition(const EncodeWork& work, const nn::Grid& grid, const RatePlan& plan) const {
  const double share = static_cast<double>(plan.tokens) / static_cast<double>(grid.num_tokens());
  return {work.snr_report, plan.width, selector_.map.covers_grid ? 1 : share};
}

Index AdaptiveCodec::worth(nn::Context<float>& context, const EncodeWork& work, const nn::Grid& grid,
                           const RatePlan& plan, const Tokens<float>& tokens, Index num_reals) const {
  std::vector<Condition> conditions;
  for (Index width = 1; width <= plan.width; ++width) conditions.push_back(condition(work, grid, {plan.tokens, width}));
  const Var<float> ln_mse =
      network_.predict_rate(context, tokens, conditions, std::vector<Index>(conditions.size(), 0));
  std::vector<double> mse;
  for (Index i = 0; i < plan.width; ++i) mse.push_back(std::exp(static_cast<double>(ln_mse.data()[i])));
  const double ratio_per_width = static_cast<double>(num_rows(grid, plan.tokens)) / static_cast<double>(num_reals);
  const Index width = rate_rule_.width({.mse = mse,
                                        .ratio_per_width = ratio_per_width,
                                        .least_gain = rate_.least_gain,
                                        .target_psnr_db = rate_.target_psnr_db});
  if (work.decisions != nullptr) {
    work.decisions->rate_mse = mse;
    work.decisions->width = width;
  }
  return width;
}

RatePlan AdaptiveCodec::plan(const nn::Grid& grid, Index tokens, Index budget, const EncodeWork& work) const {
  const NetworkConfig& config = model_.config;
  const Index rows = num_rows(grid, tokens);
  const Index positions = map_bits(grid, tokens, selector_);
  const Index left = budget - (positions > 0 ? work.side_info_uses(positions) : 0);
  if (left < rows) return {};
  return {tokens, std::min({left / rows, config.row_width(), config.row_width_for(rate_.max_width)})};
}

RatePlan AdaptiveCodec::plan_at_most(const nn::Grid& grid, Index most, Index budget, const EncodeWork& work) const {
  RatePlan found;
  for (Index tokens = most; found.tokens == 0 && tokens >= selector_.map.fewest(grid); --tokens)
    found = plan(grid, tokens, budget, work);
  return found;
}

RatePlan AdaptiveCodec::plan_nearest(const nn::Grid& grid, Index budget, const EncodeWork& work) const {
  const Index wanted = std::clamp<Index>(std::llround(rate_.keep_ratio * static_cast<double>(grid.num_tokens())),
                                         selector_.map.fewest(grid), grid.num_tokens());
  if (model_.config.pools()) return plan(grid, wanted, budget, work);
  RatePlan found = plan_at_most(grid, wanted, budget, work);
  for (Index more = wanted + 1; found.tokens == 0 && more <= grid.num_tokens(); ++more)
    found = plan(grid, more, budget, work);
  return found;
}

Payload AdaptiveCodec::encode(const Sample& sample, EncodeWork& work) const {
  const NetworkConfig& config = model_.config;
  const nn::Grid grid = grid_of(sample.image.height, sample.image.width, config.patch);
  const Index num_reals = sample.num_reals();
  Index budget = std::llround(rate_.bandwidth_ratio * static_cast<double>(num_reals));
  RatePlan plan = plan_nearest(grid, budget, work);
  Payload payload;
  payload.num_tokens = grid.num_tokens();
  payload.symbols.resize(0, 1);
  const bool sends_symbols = plan.tokens > 0;
  if (!sends_symbols) {
    payload.side_info = write_header({grid, 1, 1, {}}, format_);
    if (!local_decision_) return payload;
    // The class still fits the header: the encoder works towards it as if its tokens had a symbol each.
    budget = std::numeric_limits<Index>::max();
    plan = plan_nearest(grid, budget, work);
    plan.width = 1;
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
  Index max_width = sends_symbols ? config.row_width() : 1;
  if (sends_symbols && rate_rule_.width != nullptr) {
    part.next("gates", work.ledger);
    max_width = plan.width = worth(context, work, grid, plan, tokens, num_reals);
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
      chosen = choose(context, work, grid, plan, budget, max_width, tokens, attention);
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
      query.macs_spent = work.ledger.macs - macs_before;
      if (work.gate.needs_prediction() && work.gate.may_open(query)) {
        fill_prediction(query, network_.predict_encoder(context, exit, tokens, condition));
        query.macs_spent = work.ledger.macs - macs_before;
      }
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
  if (!sends_symbols) return payload;
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
                                   const RatePlan& plan, Index budget, Index max_width, const Tokens<float>& tokens,
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
    RatePlan smaller = plan_at_most(grid, most, budget, work);
    smaller.width = std::min(smaller.width, max_width);
    return smaller;
  });
}

}  // namespace semlink::adaptive
