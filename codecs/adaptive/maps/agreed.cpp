#include <cmath>
#include <numeric>

#include <semlink/codecs/adaptive/maps/token_map.h>
#include <semlink/codecs/adaptive/selection.h>

namespace semlink::adaptive {

namespace {

Index no_bits(const nn::Grid&, Index) { return 0; }
MapPieces write_nothing(const nn::Grid&, const TokenMap&) { return {}; }
Index no_piece(const MapQuery&, std::span<const Bits>) { return 0; }

std::optional<TokenMap> read_uniform(const MapQuery& query, std::span<const Bits>, const TrialRng&) {
  return TokenMap{uniform_tokens(query.grid, query.count), {}, 0};
}
std::optional<TokenMap> read_random(const MapQuery& query, std::span<const Bits>, const TrialRng& rng) {
  return TokenMap{random_tokens(query.grid, query.count, rng), {}, 0};
}

std::optional<TokenMap> read_pooled(const MapQuery& query, std::span<const Bits>, const TrialRng&) {
  TokenMap map;
  map.tokens.resize(static_cast<std::size_t>(query.count));
  std::iota(map.tokens.begin(), map.tokens.end(), Index(0));
  return map;
}

}  // namespace

const MapCode kUniformMap{no_bits, write_nothing, no_piece, read_uniform};
const MapCode kRandomMap{no_bits, write_nothing, no_piece, read_random};
const MapCode kPooledMap{
    .planned_bits = no_bits, .write = write_nothing, .next_bits = no_piece, .read = read_pooled, .covers_grid = true};

std::vector<Index> uniform_tokens(const nn::Grid& grid, Index count) {
  // Thresholding a two-dimensional low-discrepancy lattice spreads any number of tokens evenly (the steps are the
  // inverse powers of the real root of x^3 = x + 1).
  constexpr double kStepY = 0.7548776662466927, kStepX = 0.5698402909980532;
  std::vector<float> ranks;
  for (Index i = 0; i < grid.num_tokens(); ++i) {
    const double position = static_cast<double>(i / grid.width) * kStepY + static_cast<double>(i % grid.width) * kStepX;
    ranks.push_back(static_cast<float>(position - std::floor(position)));
  }
  return highest(ranks, count);
}

std::vector<Index> random_tokens(const nn::Grid& grid, Index count, const TrialRng& rng) {
  Stream stream = rng.stream(Purpose::codec);
  std::vector<float> ranks(static_cast<std::size_t>(grid.num_tokens()));
  for (float& rank : ranks) rank = static_cast<float>(stream.uniform());
  return highest(ranks, count);
}

}  // namespace semlink::adaptive
