#include <semlink/codecs/adaptive/network.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <semlink/codecs/adaptive/depth/depth.h>
#include <semlink/codecs/nn/class_operations.h>
#include <semlink/codecs/nn/energies.h>

namespace semlink::adaptive {

namespace {

/// Centres of the bumps that describe an SNR to the network, dB. Outside them the description saturates.
constexpr std::array<double, 10> kSnrCentres_db = {-10, -6, -2, 2, 6, 10, 14, 18, 22, 26};
constexpr double kSnrBump_db = 4;
constexpr Index kMaxEncoderBlocks = 4;
/// Where predictions of ln(mse) start, so that their training does not have to find the order of magnitude: 24 dB.
constexpr double kTypicalLnMse = -5.5;
constexpr Index kFirstExitReal = static_cast<Index>(kSnrCentres_db.size()) + 1 + 2 + 1;
constexpr Index kConditionReals = kFirstExitReal + kMaxEncoderBlocks;

RowMatrix<double> describe(const std::vector<Condition>& conditions, const NetworkConfig& config) {
  RowMatrix<double> out = RowMatrix<double>::Zero(static_cast<Index>(conditions.size()), kConditionReals);
  for (Index s = 0; s < out.rows(); ++s) {
    const Condition& condition = conditions[static_cast<std::size_t>(s)];
    Index c = 0;
    for (const double centre : kSnrCentres_db) {
      if (condition.snr_db) {
        const double snr = std::clamp(*condition.snr_db, kSnrCentres_db.front(), kSnrCentres_db.back());
        out(s, c) = std::exp(-0.5 * std::pow((snr - centre) / kSnrBump_db, 2));
      }
      ++c;
    }
    out(s, c++) = condition.snr_db ? 1 : 0;
    const double per_token = static_cast<double>(condition.width) * config.rows_per_token();
    out(s, c++) = per_token / 12;
    out(s, c++) = std::log2(1 + per_token) / 4;
    out(s, c) = condition.kept_share;
    if (condition.encoder_exit > 0) out(s, encoder_exit_row(condition.encoder_exit)) = 1;
  }
  return out;
}

template <typename T>
Var<T> condition_vector(Context<T>& context, const nn::Mlp& mlp, const std::vector<Condition>& conditions,
                        const NetworkConfig& config) {
  const RowMatrix<T> reals = describe(conditions, config).template cast<T>();
  return mlp(context, nn::input<T>(context, reals));
}

/// Row of each token among all tokens of the grids in raster order.
std::vector<Index> raster_rows(const std::vector<TokenPlace>& places, const std::vector<Grid>& grids) {
  std::vector<Index> base{0};
  for (const Grid& grid : grids) base.push_back(base.back() + grid.num_tokens());
  std::vector<Index> rows;
  rows.reserve(places.size());
  for (const TokenPlace& place : places) {
    const auto s = static_cast<std::size_t>(place.sample);
    rows.push_back(base[s] + place.y * grids[s].width + place.x);
  }
  return rows;
}

/// Which received rows belong to which sample, when these places are made from them.
nn::RowGroups rows_of_samples(const std::vector<TokenPlace>& places, Index num_samples,
                              const std::vector<Index>& sources) {
  std::vector<Index> end(static_cast<std::size_t>(num_samples), 0);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Index row = sources.empty() ? static_cast<Index>(i) : sources[i];
    Index& last = end[static_cast<std::size_t>(places[i].sample)];
    last = std::max(last, row + 1);
  }
  nn::RowGroups samples;
  for (const Index last : end) samples.append(std::max<Index>(0, last - samples.begin.back()));
  return samples;
}

/// Tells who asks that a block has run; `routings` were there before it.
template <typename T>
void note_block(Context<T>& context, Index block, const TokenLayout& layout, std::size_t routings) {
  if (context.blocks == nullptr) return;
  nn::BlockNote note{block, {}, -1};
  for (const TokenPlace& place : layout.places) note.places.push_back({place.y, place.x});
  if (context.routings != nullptr && context.routings->size() > routings) note.routing = static_cast<Index>(routings);
  context.blocks->push_back(std::move(note));
}

}  // namespace

Index encoder_exit_row(Index encoder_exit) { return kFirstExitReal + std::min(encoder_exit, kMaxEncoderBlocks) - 1; }

Network::Network(const NetworkConfig& config) : config_(config) {
  config_.check();
  nn::Block::Shape encoder_shape{config_.dim, config_.num_heads, config_.mlp_ratio, config_.condition_dim, {}};
  nn::Block::Shape decoder_shape = encoder_shape;
  if (config_.experts_in != "decoder") encoder_shape.experts = config_.experts_shape();
  if (config_.experts_in != "encoder") decoder_shape.experts = config_.experts_shape();
  const Index dim = config_.dim, hidden = config_.condition_dim;
  using nn::Init;
  encoder_condition_ = nn::Mlp(layout_, "encoder.condition", kConditionReals, hidden, hidden, Init::scaled_normal);
  embed_ = nn::Linear(layout_, "encoder.embed", config_.patch_reals(), dim);
  encoder_bypass_ =
      nn::Linear(layout_, "encoder.bypass", config_.patch_reals(), 2 * config_.max_width, Init::small_normal);
  if (config_.stem_channels > 0) stem_ = ConvStem(layout_, "encoder.stem", config_);
  encoder_bypass_film_ = nn::Linear(layout_, "encoder.bypass.film", hidden, 2 * config_.row_width(), Init::zeros);
  for (Index b = 0; b < config_.encoder_blocks; ++b) {
    const std::string name = "encoder." + std::to_string(b);
    encoder_.emplace_back(layout_, name, encoder_shape);
    encoder_heads_.push_back(make_head(name + ".symbols", 2 * config_.row_width(), Init::small_normal));
    if (b + 1 < config_.encoder_blocks && config_.reconstructs()) encoder_gates_.push_back(make_gate(name + ".gate"));
  }
  if (config_.pools()) {
    pool_ = TokenPool(layout_, config_);
  } else {
    score_gain_ = layout_.add("encoder.score.gain", 1, dim, Init::ones);
    score_bias_ = layout_.add("encoder.score.norm_bias", 1, dim, Init::zeros);
    score_ = nn::Linear(layout_, "encoder.score", dim, 1, Init::zeros);
  }

  decoder_condition_ = nn::Mlp(layout_, "decoder.condition", kConditionReals, hidden, hidden, Init::scaled_normal);
  receive_ = nn::Linear(layout_, "decoder.receive", 3 * config_.max_width, dim);
  if (config_.reconstructs()) {
    decoder_bypass_ =
        nn::Linear(layout_, "decoder.bypass", 3 * config_.max_width, config_.patch_reals(), Init::small_normal);
    decoder_bypass_film_ = nn::Linear(layout_, "decoder.bypass.film", hidden, 3 * config_.max_width, Init::zeros);
  }
  if (config_.reconstructs() && !config_.pools()) {
    missing_ = layout_.add("decoder.missing", 1, dim, Init::small_normal);
    missing_pixels_ = layout_.add("decoder.missing_pixels", 1, config_.patch_reals(), Init::zeros);
  }
  for (Index b = 0; b <= config_.decoder_blocks; ++b) {
    const std::string name = "decoder." + std::to_string(b);
    if (b > 0) decoder_.emplace_back(layout_, name, decoder_shape);
    if (!config_.reconstructs()) continue;
    decoder_heads_.push_back(make_head(name + ".pixels", config_.patch_reals(), Init::zeros));
    if (b < config_.decoder_blocks) decoder_gates_.push_back(make_gate(name + ".gate"));
  }
  find_depth_mechanism(config_.depth).add_gates(layout_, config_, depth_gates_);
  for (Index b = 0; config_.aggregate && b < config_.decoder_blocks; ++b)
    depth_gates_.aggregate.emplace_back(layout_, "decoder." + std::to_string(b) + ".aggregate", dim, hidden);
  if (config_.classifies()) add_classes();
  if (config_.rate_gate) add_rate_gate();
}

void Network::add_rate_gate() {
  const Index dim = config_.dim, hidden = config_.condition_dim;
  using nn::Init;
  const std::string name = "encoder.rate.gate";
  rate_gate_.tokens = nn::Mlp(layout_, name + ".tokens", dim, dim, hidden, Init::scaled_normal);
  rate_gate_.condition = nn::Mlp(layout_, name + ".condition", kConditionReals, hidden, hidden, Init::scaled_normal);
  rate_gate_.scale = nn::Linear(layout_, name + ".scale", hidden, hidden, Init::zeros);
  rate_gate_.shift = nn::Linear(layout_, name + ".shift", hidden, hidden, Init::scaled_normal);
  rate_gate_.out = nn::Mlp(layout_, name, hidden, hidden, 1, Init::zeros);
}

void Network::add_classes() {
  const auto head = [&](const std::string& side, Index number) {
    return ClassHead(layout_, side + std::to_string(number) + ".classes", config_.dim, config_.condition_dim,
                     config_.num_classes);
  };
  for (Index b = 0; b < config_.encoder_blocks; ++b) encoder_classes_.push_back(head("encoder.", b));
  for (Index b = 0; b <= config_.decoder_blocks; ++b) decoder_classes_.push_back(head("decoder.", b));
  if (!config_.reconstructs())
    probe_ = nn::Linear(layout_, "encoder.probe", config_.dim, config_.num_classes, nn::Init::small_normal);
}

Network::Head Network::make_head(const std::string& name, Index out, nn::Init init) {
  return {nn::Linear(layout_, name + ".film", config_.condition_dim, 2 * config_.dim, nn::Init::zeros),
          nn::Linear(layout_, name, config_.dim, out, init)};
}

Network::Gate Network::make_gate(const std::string& name) {
  return {nn::Linear(layout_, name + ".film", config_.condition_dim, 2 * config_.dim, nn::Init::zeros),
          nn::Mlp(layout_, name, config_.dim, config_.condition_dim, 2, nn::Init::zeros)};
}

template <typename T>
Var<T> Network::encoder_condition(Context<T>& context, const std::vector<Condition>& conditions) const {
  return condition_vector(context, encoder_condition_, conditions, config_);
}

template <typename T>
Var<T> Network::decoder_condition(Context<T>& context, const std::vector<Condition>& conditions) const {
  return condition_vector(context, decoder_condition_, conditions, config_);
}

template <typename T>
Tokens<T> Network::embed(Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& patches,
                         const std::vector<Grid>& grids) const {
  Tokens<T> tokens;
  tokens.layout.places = raster_places(grids);
  for (const Grid& grid : grids) tokens.layout.samples.append(grid.num_tokens());
  const Var<T> reals = nn::input<T>(context, patches);
  tokens.x = embed_(context, reals);
  if (config_.stem_channels > 0) tokens.x = stem_(context, patches, grids, tokens.x);
  tokens.bypass = encoder_bypass_(context, reals);
  return tokens;
}

template <typename T>
void Network::reorder(Context<T>& context, Tokens<T>& tokens, Index shift) const {
  if (tokens.layout.windows != nullptr && tokens.layout.windows->pooled) return;
  WindowOrder sorted =
      sort_into_windows(tokens.layout.places, tokens.layout.samples.size(), shift, tokens.layout.sizes);
  tokens.layout = std::move(sorted.layout);
  if (sorted.identity) return;
  if (!tokens.bypass.empty()) tokens.bypass = nn::gather_rows(context, tokens.bypass, sorted.order);
  tokens.x = nn::gather_rows(context, tokens.x, std::move(sorted.order));
}

template <typename T>
void Network::keep(Context<T>& context, Tokens<T>& tokens, const std::vector<Index>& rows) const {
  std::vector<TokenPlace> places;
  std::vector<Index> per_sample(static_cast<std::size_t>(tokens.layout.samples.size()), 0);
  for (const Index row : rows) {
    places.push_back(tokens.layout.places[static_cast<std::size_t>(row)]);
    ++per_sample[static_cast<std::size_t>(places.back().sample)];
  }
  tokens.x = nn::gather_rows(context, tokens.x, rows);
  tokens.bypass = nn::gather_rows(context, tokens.bypass, rows);
  if (!tokens.layout.sizes.empty()) {
    std::vector<float> sizes;
    for (const Index row : rows) sizes.push_back(tokens.layout.sizes[static_cast<std::size_t>(row)]);
    tokens.layout.sizes = std::move(sizes);
  }
  tokens.layout.places = std::move(places);
  tokens.layout.samples = {};
  for (const Index count : per_sample) tokens.layout.samples.append(count);
  tokens.layout.windows = nullptr;  // the next block sorts the rows into windows anew
}

template <typename T>
void Network::pool(Context<T>& context, Tokens<T>& tokens) const {
  reorder(context, tokens, 0);
  TokenPool::Rows<T> rows = pool_.pool(context, tokens.x, tokens.bypass, tokens.layout);
  tokens = {std::move(rows.x), std::move(rows.bypass), std::move(rows.layout)};
}

template <typename T>
void Network::encoder_block(Context<T>& context, Index block, Tokens<T>& tokens, const Var<T>& condition,
                            Index shift) const {
  reorder(context, tokens, shift);
  const std::size_t routings = context.routings == nullptr ? 0 : context.routings->size();
  tokens.x = encoder_[static_cast<std::size_t>(block)](context, tokens.x, condition, tokens.layout.samples,
                                                       tokens.layout.windows);
  note_block(context, block, tokens.layout, routings);
}

template <typename T>
void Network::decoder_block(Context<T>& context, Index block, Tokens<T>& tokens, const Var<T>& condition,
                            Index shift) const {
  reorder(context, tokens, shift);
  const std::size_t routings = context.routings == nullptr ? 0 : context.routings->size();
  tokens.x = decoder_[static_cast<std::size_t>(block)](context, tokens.x, condition, tokens.layout.samples,
                                                       tokens.layout.windows);
  note_block(context, block, tokens.layout, routings);
}

std::int64_t Network::block_macs(const nn::Block& block, const TokenLayout& layout, Index shift) {
  if (layout.windows != nullptr && layout.windows->pooled) return block.macs(*layout.windows, layout.samples);
  const WindowOrder sorted = sort_into_windows(layout.places, layout.samples.size(), shift);
  return block.macs(*sorted.layout.windows, layout.samples);
}

template <typename T>
Var<T> Network::token_scores(Context<T>& context, const Tokens<T>& tokens) const {
  // The scorer watches: its error must not bend the features that serve the image.
  return score_(context, nn::layer_norm(context, nn::detach(context, tokens.x), score_gain_, score_bias_));
}

template <typename T>
Var<T> Network::predict_rate(Context<T>& context, const Tokens<T>& tokens, const std::vector<Condition>& conditions,
                             const std::vector<Index>& samples) const {
  const Var<T> content =
      nn::group_mean(context, rate_gate_.tokens(context, nn::detach(context, tokens.x)), tokens.layout.samples);
  const Var<T> condition = condition_vector(context, rate_gate_.condition, conditions, config_);
  nn::RowGroups each;
  for (std::size_t i = 0; i < conditions.size(); ++i) each.append(1);
  const Var<T> scaled =
      nn::scale_groups(context, nn::gather_rows(context, content, samples), rate_gate_.scale(context, condition), each);
  const Var<T> met = nn::add(context, scaled, rate_gate_.shift(context, condition));
  return nn::shifted(context, rate_gate_.out(context, met), T(kTypicalLnMse));
}

template <typename T>
Var<T> Network::probe_classes(Context<T>& context, const Tokens<T>& tokens, const Var<T>& scores) const {
  const Var<T> normal = nn::layer_norm(context, nn::detach(context, tokens.x), score_gain_, score_bias_);
  return probe_(context, nn::softmax_pool(context, normal, scores, tokens.layout.samples));
}

template <typename T>
Var<T> Network::encoder_classes(Context<T>& context, Index exit, const Tokens<T>& tokens,
                                const Var<T>& condition) const {
  return encoder_classes_[static_cast<std::size_t>(exit - 1)](context, tokens.x, condition, tokens.layout.samples);
}

template <typename T>
Var<T> Network::classes(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const {
  return decoder_classes_[static_cast<std::size_t>(exit)](context, tokens.x, condition, tokens.layout.samples);
}

template <typename T>
Var<T> Network::head_input(Context<T>& context, const nn::Linear& film, const Tokens<T>& tokens,
                           const Var<T>& condition) const {
  return nn::modulated_norm(context, tokens.x, film(context, condition), 0, config_.dim, tokens.layout.samples);
}

template <typename T>
Var<T> Network::symbols(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition,
                        const std::vector<Index>& widths, std::vector<double>* energies) const {
  const Head& head = encoder_heads_[static_cast<std::size_t>(exit - 1)];
  const Var<T> linear_part =
      nn::scale_groups(context, tokens.bypass, encoder_bypass_film_(context, condition), tokens.layout.samples);
  const Var<T> all = head.out(context, head_input(context, head.film, tokens, condition), &linear_part);
  std::vector<Index> prefix;
  std::vector<Index> num_symbols;
  const nn::RowGroups& samples = tokens.layout.samples;
  for (Index s = 0; s < samples.size(); ++s) {
    prefix.insert(prefix.end(), static_cast<std::size_t>(samples.count(s)), 2 * widths[static_cast<std::size_t>(s)]);
    num_symbols.push_back(samples.count(s) * widths[static_cast<std::size_t>(s)]);
  }
  const Var<T> unscaled = nn::keep_prefix(context, all, std::move(prefix));
  if (energies != nullptr) *energies = nn::energies(unscaled, samples);
  return nn::unit_power(context, unscaled, samples, num_symbols);
}

template <typename T>
Var<T> Network::unpool(Context<T>& context, const Var<T>& received, const std::vector<Grid>& grids) const {
  return pool_.unpool(context, received, grids);
}

template <typename T>
Tokens<T> Network::receive(Context<T>& context, const Var<T>& received, const std::vector<TokenPlace>& places,
                           const std::vector<Grid>& grids, const std::vector<Index>& sources) const {
  Tokens<T> tokens;
  Var<T> rows = receive_(context, received);
  if (config_.pools()) rows = pool_.add_queries(context, rows, grids);
  if (!sources.empty()) rows = nn::gather_rows(context, rows, sources);
  if (!config_.reconstructs()) {
    tokens.layout.places = places;
    tokens.layout.samples = rows_of_samples(places, static_cast<Index>(grids.size()), {});
    tokens.x = rows;
    return tokens;
  }
  tokens.layout.places = raster_places(grids);
  for (const Grid& grid : grids) tokens.layout.samples.append(grid.num_tokens());
  tokens.x = nn::scatter_rows(context, rows, raster_rows(places, grids), tokens.layout.samples.begin.back(), missing_);
  return tokens;
}

template <typename T>
Var<T> Network::linear_pixels(Context<T>& context, const Var<T>& received, const Var<T>& condition,
                              const std::vector<TokenPlace>& places, const std::vector<Grid>& grids,
                              const std::vector<Index>& sources) const {
  Index num_tokens = 0;
  for (const Grid& grid : grids) num_tokens += grid.num_tokens();
  const nn::RowGroups samples = rows_of_samples(places, static_cast<Index>(grids.size()), sources);
  const Var<T> filtered = nn::scale_groups(context, received, decoder_bypass_film_(context, condition), samples);
  Var<T> rows = decoder_bypass_(context, filtered);
  if (!sources.empty()) rows = nn::gather_rows(context, rows, sources);
  const Var<T> squares = nn::scatter_rows(context, rows, raster_rows(places, grids), num_tokens, missing_pixels_);
  return nn::overlap_add(context, squares, grids, config_.patch, config_.margin);
}

template <typename T>
Var<T> Network::pixels(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition,
                       const Var<T>& linear_part, const std::vector<Grid>& grids) const {
  const Head& head = decoder_heads_[static_cast<std::size_t>(exit)];
  Var<T> squares = head.out(context, head_input(context, head.film, tokens, condition));
  const std::vector<Index> raster = raster_rows(tokens.layout.places, grids);
  if (!std::is_sorted(raster.begin(), raster.end())) {
    std::vector<Index> order(raster.size());
    for (std::size_t row = 0; row < raster.size(); ++row)
      order[static_cast<std::size_t>(raster[row])] = static_cast<Index>(row);
    squares = nn::gather_rows(context, squares, std::move(order));
  }
  const Var<T> image = nn::overlap_add(context, squares, grids, config_.patch, config_.margin);
  return nn::shifted(context, nn::add(context, image, linear_part), T(0.5));
}

template <typename T>
Var<T> Network::gate_output(Context<T>& context, const Gate& gate, const Tokens<T>& tokens,
                            const Var<T>& condition) const {
  // Gates watch: what they learn must not bend the features they look at.
  const Tokens<T> seen{nn::detach(context, tokens.x), {}, tokens.layout};
  const Var<T> normal = head_input(context, gate.film, seen, nn::detach(context, condition));
  return gate.mlp(context, nn::group_mean(context, normal, tokens.layout.samples));
}

template <typename T>
Var<T> Network::predict(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const {
  return gate_output(context, decoder_gates_[static_cast<std::size_t>(exit)], tokens, condition);
}

template <typename T>
Var<T> Network::predict_encoder(Context<T>& context, Index exit, const Tokens<T>& tokens,
                                const Var<T>& condition) const {
  return gate_output(context, encoder_gates_[static_cast<std::size_t>(exit - 1)], tokens, condition);
}

#define SEMLINK_INSTANTIATE(T)                                                                                      \
  template Var<T> Network::encoder_condition(Context<T>&, const std::vector<Condition>&) const;                     \
  template Var<T> Network::decoder_condition(Context<T>&, const std::vector<Condition>&) const;                     \
  template Tokens<T> Network::embed(Context<T>&, const Eigen::Ref<const RowMatrix<T>>&, const std::vector<Grid>&)   \
      const;                                                                                                        \
  template void Network::pool(Context<T>&, Tokens<T>&) const;                                                       \
  template void Network::encoder_block(Context<T>&, Index, Tokens<T>&, const Var<T>&, Index) const;                 \
  template void Network::decoder_block(Context<T>&, Index, Tokens<T>&, const Var<T>&, Index) const;                 \
  template Var<T> Network::token_scores(Context<T>&, const Tokens<T>&) const;                                       \
  template Var<T> Network::probe_classes(Context<T>&, const Tokens<T>&, const Var<T>&) const;                       \
  template Var<T> Network::encoder_classes(Context<T>&, Index, const Tokens<T>&, const Var<T>&) const;              \
  template Var<T> Network::predict_rate(Context<T>&, const Tokens<T>&, const std::vector<Condition>&,               \
                                        const std::vector<Index>&) const;                                           \
  template Var<T> Network::classes(Context<T>&, Index, const Tokens<T>&, const Var<T>&) const;                      \
  template Var<T> Network::symbols(Context<T>&, Index, const Tokens<T>&, const Var<T>&, const std::vector<Index>&,  \
                                   std::vector<double>*) const;                                                     \
  template Var<T> Network::unpool(Context<T>&, const Var<T>&, const std::vector<Grid>&) const;                      \
  template Tokens<T> Network::receive(Context<T>&, const Var<T>&, const std::vector<TokenPlace>&,                   \
                                      const std::vector<Grid>&, const std::vector<Index>&) const;                   \
  template void Network::keep(Context<T>&, Tokens<T>&, const std::vector<Index>&) const;                            \
  template Var<T> Network::linear_pixels(Context<T>&, const Var<T>&, const Var<T>&, const std::vector<TokenPlace>&, \
                                         const std::vector<Grid>&, const std::vector<Index>&) const;                \
  template Var<T> Network::pixels(Context<T>&, Index, const Tokens<T>&, const Var<T>&, const Var<T>&,               \
                                  const std::vector<Grid>&) const;                                                  \
  template Var<T> Network::predict(Context<T>&, Index, const Tokens<T>&, const Var<T>&) const;                      \
  template Var<T> Network::head_input(Context<T>&, const nn::Linear&, const Tokens<T>&, const Var<T>&) const;       \
  template Var<T> Network::predict_encoder(Context<T>&, Index, const Tokens<T>&, const Var<T>&) const;

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::adaptive
