#pragma once

#include <string>

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink {

/// Where samples come from.
class Source {
 public:
  virtual ~Source() = default;
  /// The sample of a trial; a function of the address alone. `rng` supplies seed, trial and salt.
  virtual Sample sample(const TrialRng& rng) const = 0;
  /// Distinct samples there are; 0 when there is no end to them (generators).
  virtual Index size() const = 0;
  /// Whether `source.split` picks samples that no other split has; false where every split has all samples.
  virtual bool is_split() const { return true; }
  /// Bits in every sample of a source of bits; 0 where samples are images.
  virtual Index bits_per_sample() const { return 0; }
  /// Label of class i; empty where there are no classes.
  virtual std::vector<std::string> class_names() const { return {}; }
  /// CRC-32 or the like over the data, as hex; part of a result's identity. Empty for generators.
  virtual std::string checksum() const { return ""; }
};

}  // namespace semlink
