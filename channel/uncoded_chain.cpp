#include <semlink/channel/uncoded_chain.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include <semlink/channel/channel.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr int kTile = 1024;  // coordinates at a time

/// Coordinates of the levels of one axis: the sign bit, then bits that fold (3GPP TS 38.211, section 5.1), unscaled.
template <int kAxisBits>
constexpr float fold(std::uint32_t label) {
  float amplitude = 1;
  for (int bit = kAxisBits - 1; bit >= 1; --bit) {
    const float sign = 1.0f - 2.0f * static_cast<float>((label >> (kAxisBits - 1 - bit)) & 1);
    amplitude = static_cast<float>(1 << (kAxisBits - bit)) - sign * amplitude;
  }
  return amplitude * (1.0f - 2.0f * static_cast<float>((label >> (kAxisBits - 1)) & 1));
}

/// Squared distance from y to the nearest level whose bit `kBit` (0 outermost) is kValue. Written out level by level:
/// a loop here would keep the one over coordinates from becoming vector code.
template <int kAxisBits, int kBit, std::uint32_t kValue, std::uint32_t... kLabels>
inline float nearest(float y, std::integer_sequence<std::uint32_t, kLabels...>) {
  float smallest = 1e30f;
  const auto visit = [&]<std::uint32_t kLabel>() {
    if constexpr (((kLabel >> (kAxisBits - 1 - kBit)) & 1) == kValue) {
      constexpr float kLevel = fold<kAxisBits>(kLabel);
      smallest = std::min(smallest, (y - kLevel) * (y - kLevel));
    }
  };
  (visit.template operator()<kLabels>(), ...);
  return smallest;
}

/// What the bits of coordinates side by side have shown.
template <int kLanes>
struct LaneCounts {
  alignas(64) std::array<std::int32_t, kLanes> errors{};
  alignas(64) std::array<float, kLanes> llr_sums{};
};

/// Adds the max-log LLRs of all bits of one axis over noise variance 1 on the unscaled levels, each with the sign of
/// the bit that was sent.
template <int kAxisBits, int kLanes, int... kBits>
inline void add_llrs(LaneCounts<kLanes>& counts, int lane, float y, std::uint32_t sent,
                     std::integer_sequence<int, kBits...>) {
  constexpr std::make_integer_sequence<std::uint32_t, (1u << kAxisBits)> kLabels{};
  std::int32_t errors = 0;
  float sum = 0;
  const auto add = [&]<int kBit>() {
    const float sign = 1.0f - 2.0f * static_cast<float>((sent >> (kAxisBits - 1 - kBit)) & 1);
    const float llr = sign * (nearest<kAxisBits, kBit, 1>(y, kLabels) - nearest<kAxisBits, kBit, 0>(y, kLabels));
    errors += llr < 0;
    sum += llr;
  };
  (add.template operator()<kBits>(), ...);
  counts.errors[static_cast<std::size_t>(lane)] += errors;
  counts.llr_sums[static_cast<std::size_t>(lane)] += sum;
}

/// Coordinates i of a tile, bits b0 b2 ... of a symbol on its real axis, b1 b3 ... on its imaginary one: bit j of
/// coordinate i is bit 2 kAxisBits (i / 2) + 2 j + i % 2 of the frame, words from the lowest bit up.
template <int kAxisBits>
struct Tile {
  std::array<std::uint32_t, kTile * kAxisBits / 32> words;
  alignas(64) std::array<float, kTile> noise;

  UncodedFrame count(int num_coordinates, float noise_per_unit, float llr_per_unit) const {
    // The coordinates of a word lie side by side in vectors; their sums meet at the end, in order.
    constexpr int kPerWord = 32 / kAxisBits;
    LaneCounts<kPerWord> counts;
    for (int word = 0; word < num_coordinates / kPerWord; ++word) {
      const std::uint32_t bits = words[static_cast<std::size_t>(word)];
      const float* z = noise.data() + word * kPerWord;
      std::array<std::uint32_t, kPerWord> labels{};
      for (int j = 0; j < kAxisBits; ++j)
        for (int i = 0; i < kPerWord; ++i)
          labels[static_cast<std::size_t>(i)] =
              2 * labels[static_cast<std::size_t>(i)] + ((bits >> (2 * kAxisBits * (i / 2) + 2 * j + i % 2)) & 1);
      for (int i = 0; i < kPerWord; ++i) {
        const std::uint32_t label = labels[static_cast<std::size_t>(i)];
        const float y = fold<kAxisBits>(label) + noise_per_unit * z[i];
        add_llrs<kAxisBits>(counts, i, y, label, std::make_integer_sequence<int, kAxisBits>{});
      }
    }
    const auto errors = std::accumulate(counts.errors.begin(), counts.errors.end(), std::int64_t{0});
    const auto llr_sum = std::accumulate(counts.llr_sums.begin(), counts.llr_sums.end(), 0.0);
    return {num_coordinates * kAxisBits, errors, llr_sum * llr_per_unit};
  }
};

template <int kAxisBits>
UncodedFrame run_frame(Index num_symbols, double snr_db, const TrialRng& rng) {
  constexpr int kLevels = 1 << kAxisBits;
  if (num_symbols % (16 / kAxisBits) != 0)
    throw Error(ErrorCode::bad_argument,
                std::to_string(num_symbols) + " symbols: expected a multiple of " + std::to_string(16 / kAxisBits));
  // Everything in units of half the distance between levels, which is 1 / sqrt(mean square) of a symbol of power 1.
  const double unit = std::sqrt(3.0 / (2.0 * (kLevels * kLevels - 1)));
  const double noise_var = ChannelPoint{.snr_db = snr_db}.noise_var();
  const auto noise_per_unit = static_cast<float>(std::sqrt(noise_var / 2) / unit);
  const auto llr_per_unit = static_cast<float>(unit * unit / noise_var);

  Stream bits = rng.stream(Purpose::sample);
  Stream noise = rng.stream(Purpose::noise);
  Tile<kAxisBits> tile;
  UncodedFrame frame;
  for (Index left = 2 * num_symbols; left > 0;) {
    const int count = static_cast<int>(std::min<Index>(left, kTile));
    for (int word = 0; word < count * kAxisBits / 32; ++word)
      tile.words[static_cast<std::size_t>(word)] = bits.next_u32();
    noise.normals(std::span(tile.noise).first(static_cast<std::size_t>(count)));
    const UncodedFrame part = tile.count(count, noise_per_unit, llr_per_unit);
    frame.num_bits += part.num_bits;
    frame.bit_errors += part.bit_errors;
    frame.llr_sum += part.llr_sum;
    left -= count;
  }
  return frame;
}

}  // namespace

UncodedFrame run_uncoded_frame(const std::string& constellation, Index num_symbols, double snr_db,
                               const TrialRng& rng) {
  if (constellation == "qpsk") return run_frame<1>(num_symbols, snr_db, rng);
  if (constellation == "16qam") return run_frame<2>(num_symbols, snr_db, rng);
  if (constellation == "256qam") return run_frame<4>(num_symbols, snr_db, rng);
  throw Error(ErrorCode::bad_argument, "constellation = " + constellation + ": expected one of qpsk 16qam 256qam");
}

}  // namespace semlink
