#pragma once

#include <semlink/data/source.h>

namespace semlink {

/// Independent fair bits without end: what a link-level simulation sends. The bits are a function of (seed, trial,
/// salt).
class RandomBits final : public Source {
 public:
  /// Throws Error(bad_scenario) unless 1 <= num_bits <= 2^24.
  explicit RandomBits(Index num_bits);

  Sample sample(const TrialRng& rng) const override;
  Index size() const override { return 0; }
  Index bits_per_sample() const override { return num_bits_; }

 private:
  Index num_bits_;
};

}  // namespace semlink
