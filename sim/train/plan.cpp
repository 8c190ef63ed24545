#include <semlink/train/plan.h>

#include <algorithm>
#include <cmath>

#include <semlink/codecs/adaptive/selectors/selector.h>
#include <semlink/train/augment.h>

namespace semlink::train {

namespace {

/// A large image takes the place of so many others, so that a chunk costs about the same.
constexpr std::int64_t kLargeCost = 4;

void flip_left_right(Image& image) {
  for (Index y = 0; y < image.height; ++y) {
    float* row = image.values.data() + y * image.width * 3;
    for (Index x = 0; x < image.width / 2; ++x)
      std::swap_ranges(row + 3 * x, row + 3 * x + 3, row + 3 * (image.width - 1 - x));
  }
}

/// Share of the tokens that is kept, from a uniform number.
double draw_share(const TrainSettings& settings, double u) {
  if (settings.kept_shares == "logarithmic") return std::pow(std::max(settings.least_kept, 1e-3), 1 - u);
  return settings.least_kept + (1 - settings.least_kept) * u;
}

/// Classifiers draw evenly; `usual_width_share` of the images get 4 or 8 symbols per token, 9 to 5, where a network has
/// so many. Pooled rows get what comes to the same.
Index draw_width(const TrainSettings& settings, Stream& stream, const adaptive::NetworkConfig& config) {
  const Index max_width = config.row_width(), narrow = config.row_width_for(4), wide = config.row_width_for(8);
  if (!config.reconstructs()) return 1 + static_cast<Index>(stream.below(static_cast<std::uint64_t>(max_width)));
  const double u = stream.uniform();
  if (u < settings.usual_width_share * (0.45 / 0.7) && max_width >= narrow) return narrow;
  if (u < settings.usual_width_share && max_width >= wide) return wide;
  return 1 + static_cast<Index>(stream.below(static_cast<std::uint64_t>(max_width)));
}

/// What every network's images have in common: where they come from, how they are varied, over which SNR they go.
ImagePlan draw_sent_image(const TrainSettings& settings, const TrainSources& sources, const TrialRng& address,
                          bool large, Stream& stream) {
  ImagePlan plan;
  plan.address = address;
  const bool builtin = sources.stored == nullptr || stream.uniform() < settings.builtin_share;
  Sample sample = (large ? sources.large : builtin ? sources.builtin : sources.stored)->sample(plan.address);
  plan.image = std::move(sample.image);
  // One source gives the classes; those of the images mixed in are others.
  if (sources.stored == nullptr || !(large || builtin)) plan.label = sample.label;
  if (stream.uniform() < 0.5) flip_left_right(plan.image);
  if (settings.max_shift > 0) plan.image = shifted_at_random(plan.image, settings.max_shift, plan.address);
  if (settings.erased_side > 0) erase_square(plan.image, settings.erased_side, plan.address);
  plan.snr_db = settings.snr_low_db + (settings.snr_high_db - settings.snr_low_db) * stream.uniform();
  return plan;
}

/// A number of its own, so that the others are what they are without it.
bool merges(const TrainSettings& settings, const TrialRng& image) {
  constexpr std::uint64_t kMergeSalt = 0x6d65726765;
  return settings.merge_share > 0 &&
         Stream(image.seed, Purpose::train, image.trial, kMergeSalt).uniform() < settings.merge_share;
}

ImagePlan draw_image(const TrainSettings& settings, const adaptive::NetworkConfig& config, const TrainSources& sources,
                     std::uint64_t seed, std::uint64_t address, bool large) {
  const TrialRng rng{seed, address, 0};
  Stream stream = rng.stream(Purpose::train);
  ImagePlan plan = draw_sent_image(settings, sources, rng, large, stream);
  if (!config.classifies()) plan.label = -1;
  const double kind = stream.uniform();
  if (kind < settings.fading_share)
    plan.channel = ChannelKind::block_rayleigh;
  else if (kind < settings.fading_share + settings.fast_fading_share)
    plan.channel = ChannelKind::symbol_rayleigh;

  const double report = stream.uniform();
  const double error_db = 3 * static_cast<double>(stream.normal());
  if (report >= 0.05) plan.report = plan.snr_db + (report < 0.15 ? error_db : 0);
  if (stream.uniform() < 0.2) plan.report_error_db = static_cast<double>(stream.normal());

  const Index num_tokens = (plan.image.height / config.patch) * (plan.image.width / config.patch);
  plan.width = draw_width(settings, stream, config);
  plan.tokens_kept = num_tokens;
  if (stream.uniform() < settings.drop_share) {
    const double share = draw_share(settings, stream.uniform());
    plan.tokens_kept = std::clamp<Index>(static_cast<Index>(share * static_cast<double>(num_tokens)), 1, num_tokens);
    if (stream.uniform() < 0.6) plan.selection = Selection::scored;
    if (merges(settings, rng)) {
      plan.selection = Selection::merged;
      const nn::Grid grid{plan.image.height / config.patch, plan.image.width / config.patch};
      plan.tokens_kept = std::max(plan.tokens_kept, adaptive::find_selector("merge").map.fewest(grid));
    }
  }
  return plan;
}

}  // namespace

std::vector<ImagePlan> draw_sent_images(const TrainSettings& settings, const TrainSources& sources, std::uint64_t seed,
                                        std::int64_t step, std::int64_t chunk) {
  std::vector<ImagePlan> images;
  const std::int64_t first = chunk * settings.chunk, last = std::min(settings.batch, first + settings.chunk);
  for (std::int64_t i = first; i < last; ++i) {
    const TrialRng address{seed, static_cast<std::uint64_t>(step * settings.batch + i), 0};
    Stream stream = address.stream(Purpose::train);
    images.push_back(draw_sent_image(settings, sources, address, false, stream));
  }
  return images;
}

ChunkPlan draw_chunk(const TrainSettings& settings, const adaptive::NetworkConfig& config, const TrainSources& sources,
                     std::uint64_t seed, std::int64_t step, std::int64_t chunk) {
  ChunkPlan plan;
  const std::int64_t first = chunk * settings.chunk;
  std::int64_t last = std::min(settings.batch, first + settings.chunk);
  Stream stream(seed, Purpose::train, static_cast<std::uint64_t>(step * settings.batch + first), 1);
  const bool large = sources.large != nullptr && stream.uniform() < settings.large_share;
  if (large) last = first + std::max<std::int64_t>(1, (last - first) / kLargeCost);
  for (std::int64_t i = first; i < last; ++i)
    plan.images.push_back(
        draw_image(settings, config, sources, seed, static_cast<std::uint64_t>(step * settings.batch + i), large));

  plan.encoder_exit = config.encoder_blocks;
  const Index first_exit = config.first_encoder_exit();
  if (stream.uniform() < settings.early_encoder_share && config.encoder_blocks > first_exit)
    plan.encoder_exit =
        first_exit + static_cast<Index>(stream.below(static_cast<std::uint64_t>(config.encoder_blocks - first_exit)));
  plan.decoder_exit = stream.uniform() < settings.middle_exit_share
                          ? config.decoder_blocks / 2
                          : static_cast<Index>(stream.below(static_cast<std::uint64_t>(config.decoder_blocks)));
  return plan;
}

}  // namespace semlink::train
