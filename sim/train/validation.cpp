#include <semlink/train/validation.h>

#include <algorithm>

namespace semlink::train {

namespace {

constexpr ValidationCondition kImages[] = {
    {"width 4 at 1 dB", 4, 1}, {"width 4 at 7 dB", 4, 7},   {"width 4 at 13 dB", 4, 13}, {"width 4 at 19 dB", 4, 19},
    {"width 8 at 4 dB", 8, 4}, {"width 8 at 10 dB", 8, 10}, {"width 8 at 16 dB", 8, 16}};

constexpr ValidationCondition kClasses[] = {
    {"8 uses at 0 dB", 1, 0, 8},   {"8 uses at 10 dB", 1, 10, 8},   {"8 uses at 20 dB", 1, 20, 8},
    {"32 uses at 0 dB", 2, 0, 16}, {"32 uses at 10 dB", 2, 10, 16}, {"32 uses at 20 dB", 2, 20, 16},
    {"all tokens at 0 dB", 4, 0},  {"all tokens at 10 dB", 4, 10},  {"all tokens at 20 dB", 4, 20}};

constexpr std::uint64_t kValidationSalt = 0x76616c69;

}  // namespace

TrialRng validation_address(std::uint64_t seed, std::int64_t image) {
  return {seed, static_cast<std::uint64_t>(image), kValidationSalt};
}

std::vector<ValidationCondition> validation_conditions(const adaptive::NetworkConfig& config) {
  if (config.reconstructs()) return {std::begin(kImages), std::end(kImages)};
  return {std::begin(kClasses), std::end(kClasses)};
}

std::vector<std::string> validation_names(const adaptive::NetworkConfig& config) {
  std::vector<std::string> names;
  for (const ValidationCondition& condition : validation_conditions(config)) names.emplace_back(condition.name);
  return names;
}

ChunkPlan validation_chunk(const adaptive::NetworkConfig& config, const ValidationCondition& condition,
                           const Source& source, std::uint64_t seed, std::int64_t first, std::int64_t last) {
  ChunkPlan plan;
  plan.encoder_exit = config.encoder_blocks;
  for (std::int64_t i = first; i < last; ++i) {
    ImagePlan image;
    image.address = validation_address(seed, i);
    Sample sample = source.sample(image.address);
    image.image = std::move(sample.image);
    if (config.classifies()) image.label = sample.label;
    image.snr_db = condition.snr_db;
    image.report = condition.snr_db;
    image.width = std::min<Index>(config.row_width_for(condition.width), config.row_width());
    image.tokens_kept = image.image.num_reals() / (3 * config.patch * config.patch);
    if (condition.tokens_kept > 0) image.tokens_kept = std::min(image.tokens_kept, condition.tokens_kept);
    plan.images.push_back(std::move(image));
  }
  return plan;
}

}  // namespace semlink::train
