#include <semlink/codecs/adaptive/codec.h>

#include <algorithm>

#include <semlink/codecs/adaptive/depth/aggregate.h>
#include <semlink/codecs/adaptive/notes.h>
#include <semlink/codecs/adaptive/reception.h>
#include <semlink/core/profile.h>

namespace semlink::adaptive {

namespace {

constexpr float kMidGrey = 0.5F;

Image plain_image(Index height, Index width) {
  return {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width), kMidGrey)};
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

Output AdaptiveCodec::blank_output(const DecodeWork& work) const {
  Output output;
  if (model_.config.reconstructs()) output.image = plain_image(work.image_height, work.image_width);
  if (model_.config.classifies()) output.logits = Eigen::VectorXf::Zero(model_.config.num_classes);
  return output;
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
    query.macs_spent = work.ledger.macs - macs_before;
    if (work.gate.needs_prediction() && work.gate.may_open(query)) {
      fill_prediction(query, network_.predict(context, exit, way->output(), condition));
      output.predicted_mse = query.predicted_mse;
      query.macs_spent = work.ledger.macs - macs_before;
    }
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

}  // namespace semlink::adaptive
