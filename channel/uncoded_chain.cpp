#include <semlink/channel/uncoded_chain.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <semlink/channel/channel.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr int kTile = 1024;  // coordinates at a time

/// Coordinates of the levels of one axis: the sign bit, then bits that fold (3GPP TS 38.211, section 5.1), unscaled.
template <int kAxisBits>
inline float fold(std::uint32_t label) {
  float amplitude = 1;
  for (int bit = kAxisBits - 1; bit >= 1; --bit) {
    const float sign = 1.0f - 2.0f * static_cast<float>((label >> (kAxisBits - 1 - bit)) & 1);
    amplitude = static_cast<float>(1 << (kAxisBits - bit)) - sign * amplitude;
  }
  return amplitude * (1.0f - 2.0f * static_cast<float>((label >> (kAxisBits - 1)) & 1));
}

/// Max-log LLR of bit `bit` of one axis over noise variance 1 on the unscaled levels, by folding: |y| against the
/// middle of each half again and again gives the nearest level's distance, here by the levels themselves.
template <int kAxisBits>
inline float axis_llr(float y, int bit) {
  float zero = 1e30f, one = 1e30f;
  for (std::uint32_t label = 0; label < (1u << kAxisBits); ++label) {
    const float distance = y - fold<kAxisBits>(label);
    float& nearest = (label >> (kAxisBits - 1 - bit)) & 1 ? one : zero;
    nearest = std::min(nearest, distance * distance);
  }
  return one - zero;
}

/// Coordinates i of a tile, bits b0 b2 ... of a symbol on its real axis, b1 b3 ... on its imaginary one: bit j of
/// coordinate i is bit 2 kAxisBits (i / 2) + 2 j + i % 2 of the frame, words from the lowest bit up.
template <int kAxisBits>
struct Tile {
  std::array<std::uint32_t, kTile * kAxisBits / 32> words;
  alignas(64) std::array<float, kTile> noise;

  UncodedFrame count(int num_coordinates, float noise_per_unit, float llr_per_unit) const {
    constexpr int kPerWord = 32 / kAxisBits;
    std::int32_t errors = 0;
    float llr_sum = 0;
    for (int word = 0; word < num_coordinates / kPerWord; ++word) {
      const std::uint32_t bits = words[static_cast<std::size_t>(word)];
      const float* z = noise.data() + word * kPerWord;
      for (int i = 0; i < kPerWord; ++i) {
        std::uint32_t label = 0;
        for (int j = 0; j < kAxisBits; ++j)
          label = 2 * label + ((bits >> (2 * kAxisBits * (i / 2) + 2 * j + i % 2)) & 1);
        const float y = fold<kAxisBits>(label) + noise_per_unit * z[i];
        for (int j = 0; j < kAxisBits; ++j) {
          const float sign = 1.0f - 2.0f * static_cast<float>((label >> (kAxisBits - 1 - j)) & 1);
          const float llr = sign * axis_llr<kAxisBits>(y, j);
          errors += llr < 0;
          llr_sum += llr;
        }
      }
    }
    return {num_coordinates * kAxisBits, errors, static_cast<double>(llr_sum) * llr_per_unit};
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
