#pragma once

#include <bit>
#include <cstdint>

namespace semlink {

/// Trials that are dealt out and added up together. Every block is made of these.
inline constexpr std::int64_t kUnitTrials = 32;

/// Trials whose sums are kept apart: stop rules are asked at their ends, shards begin where they begin. The first 1,024
/// of a point are one unit each; from there on every 512 are twice as long, so that what is kept of a point grows with
/// the logarithm of its trials. Part of the file format.
struct BlockSpan {
  std::int64_t index = 0;
  std::int64_t first = 0;  ///< trial
  std::int64_t count = 0;  ///< trials
  std::int64_t end() const { return first + count; }
};

/// The block that trial `trial` >= 0 of a point belongs to.
inline BlockSpan block_of(std::int64_t trial) {
  constexpr std::int64_t num_single = 1024, num_alike = num_single / 2;
  const std::int64_t unit = trial / kUnitTrials;
  if (unit < num_single) return {unit, unit * kUnitTrials, kUnitTrials};
  const int doublings = std::bit_width(static_cast<std::uint64_t>(unit)) - std::bit_width(std::uint64_t{num_alike});
  const std::int64_t units = std::int64_t{1} << doublings, in_octave = unit / units - num_alike;
  return {num_single + num_alike * (doublings - 1) + in_octave, (unit / units) * units * kUnitTrials,
          units * kUnitTrials};
}

/// Whether a block has begun and is not done after the first `trials` trials of a point.
inline bool is_within_block(std::int64_t trials) { return block_of(trials).first != trials; }

/// Blocks that hold the first `trials` trials of a point, the last perhaps in part.
inline std::int64_t num_blocks(std::int64_t trials) { return trials == 0 ? 0 : block_of(trials - 1).index + 1; }

/// Units that hold so many trials.
inline std::int64_t num_units(std::int64_t trials) { return (trials + kUnitTrials - 1) / kUnitTrials; }

}  // namespace semlink
