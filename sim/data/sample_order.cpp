#include <semlink/data/sample_order.h>

#include <bit>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

/// Finaliser of SplitMix64 (Steele, Lea and Flood 2014): a 64-bit bijection whose output bits all depend on all input
/// bits.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// Each round pairs every position with its mirror image about a random point and swaps the pair on a random bit; a
/// pair takes its bit from its larger member, so both members decide alike and the round is a bijection.
std::uint64_t swap_or_not(std::uint64_t position, std::uint64_t size, Stream keys) {
  const int num_rounds = 6 * std::bit_width(size) + 8;
  for (int round = 0; round < num_rounds; ++round) {
    const std::uint64_t pivot = keys.below(size);
    const std::uint64_t bit_key = (std::uint64_t{keys.next_u32()} << 32) | keys.next_u32();
    const std::uint64_t partner = (pivot + size - position) % size;
    if (mix(bit_key ^ std::max(position, partner)) & 1) position = partner;
  }
  return position;
}

}  // namespace

SampleOrder parse_sample_order(std::string_view text) {
  if (text == "file") return SampleOrder::file;
  if (text == "shuffled") return SampleOrder::shuffled;
  throw Error(ErrorCode::bad_scenario, "source.order = " + std::string(text) + ": expected one of file shuffled");
}

Index sample_index(SampleOrder order, Index num_samples, const TrialRng& rng) {
  const auto size = static_cast<std::uint64_t>(num_samples);
  const std::uint64_t position = rng.trial % size;
  if (order == SampleOrder::file) return static_cast<Index>(position);
  const std::uint64_t epoch = rng.trial / size;
  return static_cast<Index>(swap_or_not(position, size, Stream(rng.seed, Purpose::sample, epoch, rng.salt)));
}

}  // namespace semlink
